"""How reads grow with the number of items, all of one owner."""

from uuid import UUID

from bench.bulk import copy_row, id_of
from bench.measures.growth import findings, point
from bench.rows import Findings
from bench.session import Measure, Session
from bench.subjects import reads_of
from bench.wrk import Request
from items_service.tables import items
from testing.stack import Stack

SIZES = (100, 1_000, 10_000, 100_000, 1_000_000)
# How many different ones are read in turn.
_READ = 10_000


def _measure(session: Session) -> Findings:
    stack = session.subjects.new_gatehouse("gatehouse-with-many-items")
    one, page = reads_of(stack, items=1)
    template = UUID(one.url.rpartition("/")[2])
    ones, pages, there = [], [], 1
    for size in SIZES:
        session.say(f"{size:,} items")
        copy_row(
            stack.environment["ITEMS_DATABASE_URL"],
            items,
            template,
            range(there, size),
            {"title": "'Item ' || i"},
        )
        there = size
        ones.append(point(session, _spread_over(stack, size, one.token)))
        pages.append(point(session, page))
    return findings("items", "items", SIZES, {"one item": ones, "page of 20": pages})


def _spread_over(stack: Stack, size: int, token: str) -> Request:
    """Reads of items that lie all over the table."""
    numbers = range(1, size, max(1, size // _READ))
    file = stack.folder / "reads.txt"
    file.write_text("".join(f"/items/{id_of(number)} {token}\n" for number in numbers))
    return Request(stack.url, cycle=file)


MEASURE = Measure(
    "items", "reads with 100 to 1,000,000 items", _measure, block="items", quick=False
)
