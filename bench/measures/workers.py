"""How reads grow with the number of worker processes."""

from bench.measures.growth import findings, point
from bench.rows import Findings
from bench.session import Measure, Session
from bench.subjects import WORKERS, reads_of

COUNTS = (1, 2, 4)


def _measure(session: Session) -> Findings:
    stack = session.subjects.gatehouse
    one, page = reads_of(stack)
    points = []
    try:
        for count in COUNTS:
            session.say(f"{count} workers")
            stack.environment["ITEMS_WORKERS"] = str(count)
            stack.restart("items")
            points.append((point(session, one), point(session, page)))
    finally:
        stack.environment["ITEMS_WORKERS"] = str(WORKERS)
        stack.restart("items")
    ones, pages = zip(*points, strict=True)
    return findings("workers", "workers of items", COUNTS, {"one item": ones, "page of 20": pages})


MEASURE = Measure(
    "workers", "reads with 1, 2 and 4 workers", _measure, block="workers", quick=False
)
