"""The rows of the promises, for a terminal and for the page."""

from collections.abc import Iterable

from bench.markdown import table
from bench.rows import Row
from bench.wrk import Refused


def for_the_page(rows: Iterable[Row]) -> str:
    """The table of docs/performance.md."""
    return table(
        ["measure", ">target", ">measured", ">lowest to highest", "verdict", "behind it"],
        [[row.promise.what, row.promise.target, *_cells(row)] for row in rows],
    )


def for_a_terminal(rows: Iterable[Row]) -> str:
    """A line for each row."""
    lines = []
    for row in rows:
        measured, lowest_to_highest, verdict, detail = _cells(row)
        lines.append(
            f"{verdict.strip('*'):8} {measured:>10}  ({lowest_to_highest}; target "
            f"{row.promise.target})  {row.promise.what}: {detail}"
        )
    return "\n".join(lines)


def _cells(row: Row) -> tuple[str, str, str, str]:
    if isinstance(row.figure, Refused):
        return "-", "-", row.verdict, str(row.figure)
    spread, unit = row.figure.spread, row.promise.unit
    return (
        f"{_number(spread.median)}{unit}",
        f"{_number(spread.lowest)} to {_number(spread.highest)}",
        row.verdict,
        row.figure.detail,
    )


def _number(value: float) -> str:
    """Three digits that count."""
    return f"{value:.0f}" if value >= 100 else f"{value:.1f}" if value >= 10 else f"{value:.2f}"
