"""Arithmetic of a shared machine: rounds in which the subjects take turns, and medians of what they give."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from statistics import median
from typing import TypeVar

Figure = TypeVar("Figure")


@dataclass(frozen=True, slots=True)
class Spread:
    """A figure that was measured several times: the median, and how far it went both ways."""

    median: float
    lowest: float
    highest: float


def spread(figures: Sequence[float]) -> Spread:
    """The spread of some figures, of which there is one at least."""
    return Spread(median(figures), min(figures), max(figures))


def ratio(ours: Sequence[float], theirs: Sequence[float]) -> Spread:
    """Ours by theirs, round by round: what slows the machine in a round slows both."""
    return spread([mine / other for mine, other in zip(ours, theirs, strict=True)])


def take_turns(
    subjects: Mapping[str, Callable[[], Figure]],
    rounds: int,
    on_round: Callable[[int], None] = lambda _round: None,
) -> dict[str, list[Figure]]:
    """What each subject gave in each round.

    The order turns round each time, so that no subject is always measured after the same neighbour.

    Args:
        on_round: is called with the number of each round before it begins, from 1.
    """
    figures: dict[str, list[Figure]] = {name: [] for name in subjects}
    for number in range(1, rounds + 1):
        on_round(number)
        order = list(subjects) if number % 2 else list(subjects)[::-1]
        for name in order:
            figures[name].append(subjects[name]())
    return figures
