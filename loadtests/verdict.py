"""Whether a run kept its budgets, row by row, and the exit code that says so."""

import ast
import math
import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from loadtests.budgets import Budget
from loadtests.confidence import bounds, more_seconds
from loadtests.latency import Samples

if TYPE_CHECKING:  # Locust patches the standard library in every process that imports it.
    from locust.stats import RequestStats, StatsEntry

KEPT, RUN_FAILED, NOTHING_MEASURED, BROKEN, CANNOT_TELL = 0, 1, 2, 3, 4

PERCENTILES = {"p50": 0.5, "p95": 0.95, "p99": 0.99, "p99.9": 0.999}
FEWEST_SAMPLES = {"p50": 10, "p95": 20, "p99": 100, "p99.9": 1000}
"""Of fewer samples the percentile is the slowest one, which says nothing about the others."""
BOUNDS_TAKE = 5
"""So many times as many samples it takes until the upper bound is more than the slowest sample."""

TOO_SHORT = "cannot tell ("
"""How the sentence of a run begins that lacks nothing but time."""

State = Literal["ok", "broken", "cannot tell", "too few", "no budget", "not measured"]


@dataclass(frozen=True)
class Percentile:
    """A percentile in milliseconds, between which times it lies for sure enough, and how many took so long."""

    milliseconds: float
    low: float
    high: float
    slower: int


@dataclass(frozen=True)
class RowVerdict:
    """A row with its percentiles, as many as it has samples for, and sentences about its budget.

    `broken` says what is broken for sure, `unsure` what the bounds of a figure leave open and `too_few` how many
    requests it should have had, where it had fewer: then it has shown nothing. `more_seconds` is how much longer the
    run should have been for it; None where no time would help.
    """

    row: str
    requests: int
    failures: int
    percentiles: Mapping[str, Percentile]
    budget: Budget | None
    broken: tuple[str, ...] = ()
    unsure: tuple[str, ...] = ()
    too_few: str = ""
    more_seconds: float | None = 0.0

    @property
    def state(self) -> State:
        """In a word or two what the table says of it."""
        if self.broken:
            return "broken"
        if self.too_few:
            return "too few"
        if self.unsure:
            return "cannot tell"
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
    samples: Mapping[str, Samples],
    budgets: Mapping[str, Budget],
    *,
    seconds: float,
    left_out: Collection[str] = (),
    errors_of_users: Collection[str] = (),
    incomplete: Sequence[str] = (),
) -> Verdict:
    """The verdict on what was measured in so many seconds: requests and failures by Locust, times as `samples`.

    `left_out` are rows whose users could not take part, so that none of their requests is missed.
    `errors_of_users` are exceptions that users did not expect: errors of the load tests. `incomplete` are clauses that
    say what of the run did not take place.
    """
    measured = {f"{entry.method} {entry.name}": entry for entry in stats.entries.values()}
    rows = tuple(
        _judge_row(
            row,
            measured.get(row),
            samples.get(row),
            budgets.get(row),
            seconds,
            may_be_missing=row in left_out,
        )
        for row in sorted({*measured, *budgets}, key=_by_path)
    )
    failures = tuple(
        Failure(f"{error.method} {error.name}", _sentence_of(error.error), error.occurrences)
        for error in stats.errors.values()
    )
    exit_code, sentence = KEPT, "every budget was kept."
    if stats.total.num_requests == 0:
        exit_code, sentence = NOTHING_MEASURED, "nothing was measured: no request was made."
    elif errors_of_users:
        exit_code, sentence = RUN_FAILED, f"the load test itself failed: {min(errors_of_users)}."
    elif broken := [f"{row.row} ({', '.join(row.broken)})" for row in rows if row.broken]:
        exit_code, sentence = BROKEN, f"broken: {'; '.join(broken)}."
    elif incomplete:
        exit_code = CANNOT_TELL
        sentence = f"cannot tell: {'; '.join(incomplete)}, so part of the load is missing."
    elif open_ := [row for row in rows if row.too_few or row.unsure]:
        exit_code, sentence = CANNOT_TELL, _cannot_tell(open_)
    return Verdict(rows, failures, exit_code, sentence)


def _judge_row(
    name: str,
    entry: "StatsEntry | None",
    samples: Samples | None,
    budget: Budget | None,
    seconds: float,
    *,
    may_be_missing: bool,
) -> RowVerdict:
    requests = entry.num_requests if entry else 0
    failures = entry.num_failures if entry else 0
    percentiles = percentiles_of(samples)
    # A row without a budget has no times to keep, but no request of a run may fail unasked.
    kept = budget or Budget(minimum=0)
    broken, unsure, too_few, more = [], [], "", [0.0]
    if requests < kept.minimum and not may_be_missing:
        too_few = f"{requests} requests, at least {kept.minimum}"
        more.append(seconds * (kept.minimum / requests - 1 if requests else 1))
    if requests and failures / requests > kept.failures:
        allowed = f"{kept.failures:.2%} may" if kept.failures else "none may"
        broken.append(f"{failures} of {requests} failed, {allowed}")
    for percentile, one in percentiles.items():
        most = getattr(kept, percentile, None)
        if most is None:
            continue
        surely = samples is not None and samples.total >= FEWEST_SAMPLES[percentile] * BOUNDS_TAKE
        if (one.high if surely else one.milliseconds) <= most:
            continue
        if one.low > most:
            broken.append(f"{percentile} of {shown(one.milliseconds)} ms, at most {most:g}")
        else:
            between = f"{shown(one.low)} and {shown(one.high)} ms"
            unsure.append(f"{percentile} between {between}, at most {most:g}")
            longer = more_seconds(seconds, one.milliseconds, one.low, one.high, most)
            more.append(math.inf if longer is None else longer)
    longest = None if math.inf in more else max(more)
    return RowVerdict(
        name,
        requests,
        failures,
        percentiles,
        budget,
        tuple(broken),
        tuple(unsure),
        too_few,
        longest,
    )


def percentiles_of(samples: Samples | None) -> dict[str, Percentile]:
    """Those percentiles of a row for which there are enough samples, with their bounds."""
    total = samples.total if samples else 0
    found = {}
    for name, ratio in PERCENTILES.items():
        if samples and total >= FEWEST_SAMPLES[name]:
            measured = samples.percentile(ratio)
            found[name] = Percentile(
                measured, *bounds(samples, ratio), slower=samples.slower(measured)
            )
    return found


def shown(milliseconds: float) -> str:
    """A time to three digits at most."""
    return f"{milliseconds:.0f}" if milliseconds >= 10 else f"{milliseconds:.1f}".removesuffix(".0")


def _cannot_tell(rows: Sequence[RowVerdict]) -> str:
    what = "; ".join(
        f"{row.row} ({', '.join([row.too_few, *row.unsure]).strip(', ')})" for row in rows
    )
    longest = [row.more_seconds for row in rows]
    if None in longest:
        return f"cannot tell, because a figure is as large as its budget: {what}. Run it again, or change the budget."
    seconds = math.ceil(max(one or 0.0 for one in longest) / 10) * 10
    return f"{TOO_SHORT}{seconds} more seconds are needed): {what}. Give it more TIME=."


def _sentence_of(error: Exception | str | None) -> str:
    """The sentence of a failure, which a worker sends to its master as Python would write it."""
    text = str(error)
    sent = re.fullmatch(r"CatchResponseError\((.*)\)", text, re.DOTALL)
    return str(ast.literal_eval(sent[1])) if sent else text


def _by_path(row: str) -> tuple[str, str]:
    method, _, path = row.partition(" ")
    return path, method
