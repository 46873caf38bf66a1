"""Promises about speed, and what was measured of them."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

from bench.figures import Spread
from bench.wrk import Refused


class Bound(StrEnum):
    """Which side of its target a figure must be on."""

    AT_LEAST = "≥"
    AT_MOST = "≤"


@dataclass(frozen=True, slots=True)
class Promise:
    """What is measured, and the bound that its median must keep, in the unit of both."""

    what: str
    bound: Bound
    value: float
    unit: str = ""

    @property
    def target(self) -> str:
        """The bound in words."""
        return f"{self.bound} {self.value:g}{self.unit}"

    def is_kept_by(self, figure: float) -> bool:
        """Whether the figure is on the right side."""
        if self.bound is Bound.AT_LEAST:
            return figure >= self.value
        return figure <= self.value


def at_least(what: str, value: float, unit: str = "") -> Promise:
    """A promise about what shall be high."""
    return Promise(what, Bound.AT_LEAST, value, unit)


def at_most(what: str, value: float, unit: str = "") -> Promise:
    """A promise about what shall be low."""
    return Promise(what, Bound.AT_MOST, value, unit)


@dataclass(frozen=True, slots=True)
class Figure:
    """What was measured of a promise; `detail` are the absolute figures behind a ratio."""

    spread: Spread
    detail: str


@dataclass(frozen=True, slots=True)
class Row:
    """A promise and its figure, or why there is none."""

    promise: Promise
    figure: Figure | Refused

    @property
    def verdict(self) -> str:
        """Whether the promise is kept."""
        if isinstance(self.figure, Refused):
            return "refused"
        return "met" if self.promise.is_kept_by(self.figure.spread.median) else "**not met**"


@dataclass(frozen=True, slots=True)
class Findings:
    """What a measure found.

    Args:
        figures: of its promises, in their order, or why there is none.
        blocks: Markdown by the name of the markers in docs/performance.md between which it goes.
        plots: what draws a plot into a file, by the file's name.
    """

    figures: tuple[Figure | Refused, ...] = ()
    blocks: Mapping[str, str] = field(default_factory=dict)
    plots: Mapping[str, Callable[[Path], None]] = field(default_factory=dict)
