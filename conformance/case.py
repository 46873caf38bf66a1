"""What a case is: a promise, looked at from a view."""

from collections.abc import Callable
from dataclasses import dataclass

from conformance.view import View

Check = Callable[[View], None]
Condition = Callable[[View], bool]


@dataclass(frozen=True)
class Case:
    """One promise.

    Attributes:
        id: its name in tables, such as C2; the letters are its group.
        promise: the sentence that holds.
        check: raises AssertionError where it does not.
        concerns: whether a view has what the promise is about.
    """

    id: str
    promise: str
    check: Check
    concerns: Condition

    @property
    def group(self) -> str:
        return self.id.rstrip("0123456789")


CASES: dict[str, Case] = {}
"""Every case by its id, in the order in which they run."""


def case(
    identifier: str, promise: str, *, concerns: Condition = lambda view: True
) -> Callable[[Check], Check]:
    """Adds the decorated check to CASES."""

    def add(check: Check) -> Check:
        assert identifier not in CASES, f"there are two cases {identifier}"
        CASES[identifier] = Case(identifier, promise, check, concerns)
        return check

    return add
