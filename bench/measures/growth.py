"""What measures of growth have in common: a rate and a p99 for each size, as a table and as a plot."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import median

from bench.markdown import table
from bench.plots import growth
from bench.rows import Findings
from bench.session import Session
from bench.wrk import Request


@dataclass(frozen=True, slots=True)
class Point:
    """Medians of a few runs: requests per second, and milliseconds."""

    rate: float
    p99: float


def point(session: Session, request: Request) -> Point:
    """The medians of a run in each round."""
    plan = session.plan
    runs = [session.wrk.run(request, plan.seconds) for _ in range(plan.growth_rounds)]
    return Point(median(run.rate for run in runs), median(run.p99 for run in runs))


def findings(
    block: str, axis: str, sizes: Sequence[int], lines: Mapping[str, Sequence[Point]]
) -> Findings:
    """A table and a plot with a line for each kind of request; `block` names both."""
    columns = [f">{axis}"]
    for name in lines:
        columns += [f">{name}: requests/s", ">p99, ms"]
    rows = [
        [
            f"{size:,}",
            *(cell for points in lines.values() for cell in _cells(points[place])),
        ]
        for place, size in enumerate(sizes)
    ]
    draw = growth(
        axis,
        sizes,
        {name: ([p.rate for p in ps], [p.p99 for p in ps]) for name, ps in lines.items()},
    )
    return Findings(blocks={block: table(columns, rows)}, plots={f"performance-{block}.svg": draw})


def _cells(measured: Point) -> tuple[str, str]:
    return f"{measured.rate:,.0f}", f"{measured.p99:.1f}"
