"""What every measure works with: the load generator, the subjects, and how long to measure."""

from collections.abc import Callable
from dataclasses import dataclass

from bench.rows import Findings, Promise
from bench.subjects import Subjects
from bench.wrk import Wrk


@dataclass(frozen=True, slots=True)
class Plan:
    """How long to measure.

    Args:
        rounds: how often the subjects take turns.
        seconds: how long a turn is.
        hashing_seconds: how long one is that hashes passwords, which has fewer answers.
        growth_rounds: how often each size is measured where something grows.
        starts: how often a checkout is started.
        tries: how often it is tried whether an answer's time shows who has an account.
    """

    rounds: int
    seconds: int
    hashing_seconds: int
    growth_rounds: int
    starts: int
    tries: int


WHOLE = Plan(rounds=5, seconds=2, hashing_seconds=3, growth_rounds=3, starts=3, tries=200)
QUICK = Plan(rounds=3, seconds=1, hashing_seconds=2, growth_rounds=1, starts=1, tries=40)


@dataclass(frozen=True, slots=True)
class Session:
    """One run of the bench; `say` prints for the person who waits."""

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
        block: the place of its table on the page, where it has one.
        quick: whether a quick run has time for it.
    """

    name: str
    what: str
    run: Callable[[Session], Findings]
    promises: tuple[Promise, ...] = ()
    block: str = ""
    quick: bool = True
