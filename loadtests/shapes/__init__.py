"""How many users there are, or how many requests, at which moment of a run; one file for each shape."""

from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:  # Locust patches the standard library in every process that imports it.
    from loadtests.shapes.shape import Shape

FOLDER = Path(__file__).parent

DEFAULT_TIMES = {"steady": "30s", "steps": "1m", "spike": "1m", "soak": "20m"}
"""The shapes, and how long a run of each takes by default."""


def shape_class(name: str) -> "type[Shape]":
    """The class of a shape."""
    found: type[Shape] = getattr(import_module(f"loadtests.shapes.{name}"), name.capitalize())
    return found
