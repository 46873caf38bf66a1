"""Two runs side by side: what became slower, and whether the figures may be compared at all."""

import json
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from loadtests.report_markdown import as_text, revision_of, table, warnings

SUMMARY = "summary.json"
FIGURES = ("rate", "p50", "p95", "p99")
# What makes other figures without any change of the code under load.
CIRCUMSTANCES = ("target", "settings", "machine", "versions")
NOT_COMPARABLE = 2


class ReportError(Exception):
    """A folder holds no readable report; the message says which, why and how to fix it."""


def main(before: Path | None, after: Path | None, reports: Path) -> int:
    """Print the comparison, by default with the newest of the `reports`; 2 when it cannot be made."""
    try:
        if before is None:
            before, after = newest(reports, 2)
        elif after is None:
            (after,) = newest(reports, 1)
        print(compare(read(before), read(after), (before.name, after.name)))
    except ReportError as problem:
        print(problem, file=sys.stderr)
        return NOT_COMPARABLE
    return 0


def newest(reports: Path, count: int) -> list[Path]:
    """The last runs, the newest at the end. Raises ReportError."""
    # They are named by their time, so their names sort by it.
    found = sorted(file.parent for file in reports.glob(f"*/{SUMMARY}"))
    if len(found) < count:
        raise ReportError(
            f"{_there_are(len(found))} in {reports.name}/, and it takes {count} to compare: run `make load` "
            "again, or name two: make load-compare A=var/load/... B=var/load/..."
        )
    return found[-count:]


def _there_are(count: int) -> str:
    return {0: "There is no report", 1: "There is one report"}.get(
        count, f"There are {count} reports"
    )


def read(folder: Path) -> Mapping[str, Any]:
    """The summary of a run. Raises ReportError."""
    file = folder / SUMMARY
    try:
        summary = json.loads(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise ReportError(
            f"{file} cannot be read ({error.strerror}): is {folder} what `make load` printed as the "
            "folder of its report?"
        ) from error
    except ValueError as error:
        raise ReportError(
            f"{file} is damaged ({error}): was it cut off while it was written?"
        ) from error
    if not _is_summary(summary):
        raise ReportError(
            f"{file} is no summary of this version of `make load`: run it anew to compare."
        )
    return dict(summary)


def compare(before: Mapping[str, Any], after: Mapping[str, Any], names: tuple[str, str]) -> str:
    """The page: what differs around the runs, and each row's figures with their ratio."""
    sections = [f"# {names[0]} (A) and {names[1]} (B)"]
    differences = list(_differences(before, after))
    if differences:
        sections += [
            "**Not comparable as they stand**, because these differ:",
            table(["what", "A", "B"], differences),
        ]
    for letter, summary in (("A", before), ("B", after)):
        sections += [f"**{letter}: {sentence}**" for sentence in warnings(summary)]
    sections += [
        table(["", "A", "B"], _identities(before, after)),
        table(["row", "req/s", "p50", "p95", "p99"], _rows(before, after)),
        "Each cell is A -> B (B / A); percentiles are in milliseconds. Two runs of the same thing differ "
        "by some percent too.",
    ]
    return "\n\n".join(sections)


def _is_summary(summary: object) -> bool:
    if not isinstance(summary, dict):
        return False
    rows = summary.get("rows")
    return (
        isinstance(rows, list)
        and all(
            isinstance(row, dict) and {"row", "requests", "rate"} <= row.keys()
            for row in [*rows, summary.get("total")]
        )
        and all(isinstance(summary.get(name), dict) for name in CIRCUMSTANCES[1:])
        and {"target", "started", "seconds", "exit_code", "revision", "generator", "load_before"}
        <= summary.keys()
    )


def _differences(before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[list[str]]:
    for circumstance in CIRCUMSTANCES:
        a, b = _flat(before, circumstance), _flat(after, circumstance)
        for name in sorted(a.keys() | b.keys()):
            if a.get(name) != b.get(name):
                yield [name, as_text(a.get(name)), as_text(b.get(name))]


def _flat(summary: Mapping[str, Any], circumstance: str) -> dict[str, Any]:
    value = summary[circumstance]
    if not isinstance(value, dict):
        return {circumstance: value}
    return {f"{circumstance}: {name}": one for name, one in value.items()}


def _identities(before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[list[str]]:
    yield ["revision", *(revision_of(one) for one in (before, after))]
    for name in ("started", "seconds", "exit_code"):
        yield [name.replace("_", " "), str(before[name]), str(after[name])]


def _rows(before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[list[str]]:
    a, b = ({row["row"]: row for row in one["rows"]} for one in (before, after))
    for name in {**a, **b}:
        yield [name, *_cells(a.get(name, {}), b.get(name, {}))]
    yield ["all", *_cells(before["total"], after["total"])]


def _cells(a: Mapping[str, Any], b: Mapping[str, Any]) -> Iterator[str]:
    for name in FIGURES:
        sides = " -> ".join(f"{row[name]:g}" if name in row else "-" for row in (a, b))
        yield f"{sides} ({b[name] / a[name]:.2f})" if a.get(name) and name in b else sides
