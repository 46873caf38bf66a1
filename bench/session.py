"""What every measure works with: the load generator, the subjects, and how long to measure."""

from collections.abc import Callable
from dataclasses import dataclass

from bench.rows import Findings, Promise
from bench.subjects import Subjects
from bench.wrk import Wrk


@dataclass(frozen=True, slots=True)
class Plan:
    """How often the subjects take turns, and the seconds of each turn; hashing needs longer ones."""

    rounds: int
    seconds: int
    hashing_seconds: int


WHOLE = Plan(rounds=5, seconds=2, hashing_seconds=3)
QUICK = Plan(rounds=3, seconds=1, hashing_seconds=2)


@dataclass(frozen=True, slots=True)
class Session:
    """One run of the bench; `say` tells the person who waits for it."""

    wrk: Wrk
    subjects: Subjects
    plan: Plan
    say: Callable[[str], None]

    def tell_round(self, number: int) -> None:
        """Say which round begins."""
        self.say(f"round {number} of {self.plan.rounds}")


@dataclass(frozen=True, slots=True)
class Measure:
    """Something that is measured by itself.

    Args:
        name: what `--only` calls it.
        what: what it finds out, for the progress line.
        run: measures.
        promises: the targets that its figures answer.
        quick: whether a quick run has time for it.
    """

    name: str
    what: str
    run: Callable[[Session], Findings]
    promises: tuple[Promise, ...] = ()
    quick: bool = True
