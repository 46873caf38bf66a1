"""Rates of requests that take turns."""

from collections.abc import Mapping, Sequence
from statistics import median

from bench.figures import ratio, take_turns
from bench.rows import Figure
from bench.session import Session
from bench.wrk import Request

_WARM_UP_S = 1


def rates_of(session: Session, requests: Mapping[str, Request]) -> dict[str, list[float]]:
    """Requests per second of each, in each round, after a round that does not count."""

    def measure(request: Request, seconds: int) -> float:
        return session.wrk.run(request, seconds).rate

    for request in requests.values():
        measure(request, _WARM_UP_S)
    subjects = {
        name: lambda request=request: measure(request, session.plan.seconds)
        for name, request in requests.items()
    }
    return take_turns(subjects, session.plan.rounds, session.tell_round)


def compare(ours: Sequence[float], theirs: Sequence[float], unit: str = "requests/s") -> Figure:
    """Ours by theirs."""
    return Figure(ratio(ours, theirs), f"{median(ours):,.0f} of {median(theirs):,.0f} {unit}")
