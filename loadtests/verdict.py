"""Whether a run kept its budgets, row by row, and the exit code that says so."""

import ast
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from loadtests.budgets import Budget

if TYPE_CHECKING:  # Locust patches the standard library in every process that imports it.
    from locust.stats import RequestStats, StatsEntry

KEPT, RUN_FAILED, NOTHING_MEASURED, BROKEN, CANNOT_TELL = 0, 1, 2, 3, 4

FEWEST_REQUESTS = {"p50": 2, "p95": 20, "p99": 100}
"""Of fewer requests the percentile is the slowest one, which says nothing about the others."""

State = Literal["ok", "broken", "too few", "no budget", "not measured"]


@dataclass(frozen=True)
class RowVerdict:
    """A row with its figures (times in milliseconds), and the sentences that say what is broken.

    `too_few` says how many requests it should have had, where it had fewer: then it has shown nothing.
    """

    row: str
    requests: int
    failures: int
    p50: float
    p95: float
    p99: float
    budget: Budget | None
    broken: tuple[str, ...]
    too_few: str = ""

    @property
    def state(self) -> State:
        """In one word what the table says of it."""
        if self.broken:
            return "broken"
        if self.too_few:
            return "too few"
        if self.requests == 0:
            return "not measured"
        return "ok" if self.budget else "no budget"


@dataclass(frozen=True)
class Failure:
    """How many requests of a row failed for the same reason."""

    row: str
    sentence: str
    count: int


@dataclass(frozen=True)
class Verdict:
    """All rows that were measured or should have been, by path, what failed, and what it comes to."""

    rows: tuple[RowVerdict, ...]
    failures: tuple[Failure, ...]
    exit_code: int
    sentence: str


def judge(
    stats: "RequestStats",
    budgets: Mapping[str, Budget],
    *,
    left_out: Collection[str] = (),
    errors_of_users: Collection[str] = (),
    lost_workers: str = "",
) -> Verdict:
    """The verdict on what was measured.

    `left_out` are rows whose users could not take part, so that none of their requests is missed.
    `errors_of_users` are exceptions that users did not expect: errors of the load tests. `lost_workers` says which
    part of the load generator ended before the run did; empty when none.
    """
    measured = {f"{entry.method} {entry.name}": entry for entry in stats.entries.values()}
    rows = tuple(
        _judge_row(row, measured.get(row), budgets.get(row), may_be_missing=row in left_out)
        for row in sorted({*measured, *budgets}, key=_by_path)
    )
    failures = tuple(
        Failure(f"{error.method} {error.name}", _sentence_of(error.error), error.occurrences)
        for error in stats.errors.values()
    )
    if stats.total.num_requests == 0:
        exit_code, sentence = NOTHING_MEASURED, "nothing was measured: no request was made."
    elif errors_of_users:
        exit_code, sentence = RUN_FAILED, f"the load test itself failed: {min(errors_of_users)}."
    elif broken := [f"{row.row} ({', '.join(row.broken)})" for row in rows if row.broken]:
        exit_code, sentence = BROKEN, f"broken: {'; '.join(broken)}."
    elif lost_workers:
        exit_code, sentence = (
            CANNOT_TELL,
            f"cannot tell: {lost_workers}, so part of the load is missing.",
        )
    elif too_few := [f"{row.row} ({row.too_few})" for row in rows if row.too_few]:
        exit_code = CANNOT_TELL
        sentence = f"cannot tell, because the run was too short: {'; '.join(too_few)}. Give it more TIME= or USERS=."
    else:
        exit_code, sentence = KEPT, "every budget was kept."
    return Verdict(rows, failures, exit_code, sentence)


def _judge_row(
    name: str, entry: "StatsEntry | None", budget: Budget | None, *, may_be_missing: bool
) -> RowVerdict:
    requests = entry.num_requests if entry else 0
    failures = entry.num_failures if entry else 0
    p50, p95, p99 = (
        entry.get_response_time_percentile(ratio) if entry and requests else 0.0
        for ratio in (0.50, 0.95, 0.99)
    )
    # A row without a budget has no times to keep, but no request of a run may fail unasked.
    kept = budget or Budget(minimum=0)
    broken, too_few = [], ""
    if requests < kept.minimum and not may_be_missing:
        too_few = f"{requests} requests, at least {kept.minimum}"
    if requests and failures / requests > kept.failures:
        allowed = f"{kept.failures:.2%} may" if kept.failures else "none may"
        broken.append(f"{failures} of {requests} failed, {allowed}")
    for percentile, time, most in (
        ("p50", p50, kept.p50),
        ("p95", p95, kept.p95),
        ("p99", p99, kept.p99),
    ):
        if most is not None and time > most and requests >= FEWEST_REQUESTS[percentile]:
            broken.append(f"{percentile} of {time:.0f} ms, at most {most:g}")
    return RowVerdict(name, requests, failures, p50, p95, p99, budget, tuple(broken), too_few)


def _sentence_of(error: Exception | str | None) -> str:
    """The sentence of a failure, which a worker sends to its master as Python would write it."""
    text = str(error)
    sent = re.fullmatch(r"CatchResponseError\((.*)\)", text, re.DOTALL)
    return str(ast.literal_eval(sent[1])) if sent else text


def _by_path(row: str) -> tuple[str, str]:
    method, _, path = row.partition(" ")
    return path, method
