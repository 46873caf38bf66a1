"""The verdict as a person reads it: a table, and below it what failed and why."""

from collections.abc import Sequence

from loadtests.verdict import PERCENTILES, RowVerdict, Verdict, shown

HEADER = ("row", "requests", "failed", *PERCENTILES, "")
GREEN, RED, YELLOW, FAINT, PLAIN = "\033[32m", "\033[31m", "\033[33m", "\033[2m", "\033[0m"
COLOURS = {
    "ok": GREEN,
    "broken": RED,
    "cannot tell": YELLOW,
    "too few": YELLOW,
    "no budget": FAINT,
    "not measured": FAINT,
}
SENTENCES_SHOWN = 20


def table(verdict: Verdict, *, colour: bool) -> str:
    """A line for each row; a time is followed by its budget, both in milliseconds."""
    lines = [HEADER, *(_cells(row) for row in verdict.rows)]
    widths = [max(len(line[column]) for line in lines) for column in range(len(HEADER))]
    printed = [_line(HEADER, widths)]
    for row, cells in zip(verdict.rows, lines[1:], strict=True):
        text = _line(cells, widths)
        if colour:
            state = cells[-1]
            text = f"{text.removesuffix(state)}{COLOURS[row.state]}{state}{PLAIN}"
        printed.append(text)
    return "\n".join(printed)


def failures(verdict: Verdict) -> str:
    """What failed, most often first; empty when nothing did."""
    most_first = sorted(verdict.failures, key=lambda failure: -failure.count)
    lines = [f"  {one.count} x {one.row}: {one.sentence}" for one in most_first]
    if not lines:
        return ""
    more = len(lines) - SENTENCES_SHOWN
    rest = [f"  and {more} more kinds: see the report"] if more > 0 else []
    return "\n".join(["failed requests:", *lines[:SENTENCES_SHOWN], *rest])


def _cells(row: RowVerdict) -> tuple[str, ...]:
    return (
        row.row,
        str(row.requests),
        str(row.failures),
        *(_time(row, name) for name in PERCENTILES),
        row.state,
    )


def _time(row: RowVerdict, name: str) -> str:
    measured, most = row.percentiles.get(name), getattr(row.budget, name, None)
    text = shown(measured.milliseconds) if measured else "-"
    return text if most is None else f"{text} / {most:g}"


def _line(cells: Sequence[str], widths: Sequence[int]) -> str:
    first, *numbers, state = cells
    aligned = [first.ljust(widths[0])]
    aligned += [cell.rjust(width) for cell, width in zip(numbers, widths[1:-1], strict=True)]
    return "  ".join([*aligned, state]).rstrip()
