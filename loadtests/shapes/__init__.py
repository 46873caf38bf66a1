"""How many users there are at which moment of a run; one file for each shape, chosen by its name."""

from pathlib import Path

FOLDER = Path(__file__).parent

DEFAULT_TIMES = {"steady": "30s", "steps": "1m", "spike": "1m", "soak": "20m"}
"""The shapes, and how long a run of each takes by default."""
