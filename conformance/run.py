"""Runs the cases over the views of one cell."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum

from conformance import cases
from conformance.case import CASES, Case
from conformance.impossible import cause_of
from conformance.view import View

assert cases  # importing it fills CASES


@dataclass(frozen=True, order=True)
class Cell:
    """One combination of the matrix: the names of a proxy, a way and a server."""

    proxy: str
    way: str
    server: str

    def __str__(self) -> str:
        return f"{self.proxy} / {self.way} / {self.server}"


class Verdict(Enum):
    """What became of a case."""

    PASSED = "passed"
    FAILED = "failed"
    IMPOSSIBLE = "impossible"
    POSSIBLE_AFTER_ALL = "passed, although the table of impossible cases names it"


@dataclass(frozen=True)
class Outcome:
    """A case in a cell; `why` is the failure, or the cause of the impossibility."""

    cell: Cell
    case: Case
    verdict: Verdict
    why: str = ""

    @property
    def is_bad(self) -> bool:
        return self.verdict in (Verdict.FAILED, Verdict.POSSIBLE_AFTER_ALL)

    def __str__(self) -> str:
        return f"{self.cell}: {self.case.id} {self.verdict.value}: {self.why}"


def run_cell(cell: Cell, views: Sequence[View]) -> list[Outcome]:
    """Runs every case that concerns the views; with several views each case visits them in turn."""
    return [
        _run(cell, case, concerned)
        for case in CASES.values()
        if (concerned := [view for view in views if case.concerns(view)])
    ]


def _run(cell: Cell, case: Case, views: Sequence[View]) -> Outcome:
    cause = cause_of(case.id, cell.proxy, views[0].way, cell.server)
    try:
        for view in views:
            case.check(view)
    except Exception as error:  # a proxy that closes the connection fails the case, not the run
        if cause:
            return Outcome(cell, case, Verdict.IMPOSSIBLE, cause)
        return Outcome(cell, case, Verdict.FAILED, f"{type(error).__name__}: {error}"[:2000])
    if cause:
        return Outcome(cell, case, Verdict.POSSIBLE_AFTER_ALL, cause)
    return Outcome(cell, case, Verdict.PASSED)
