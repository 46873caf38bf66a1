"""The summary of a run as a page to read, or to paste into a pull request."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from loadtests.verdict import FEWEST_SAMPLES, PERCENTILES, shown


def render(summary: Mapping[str, Any], plot: str, page: str) -> str:
    """The page; `plot` and `page` are the names of the files beside it."""
    sections = [
        # What follows the colon stands in the tables below.
        f"# Load test: {summary['verdict'].partition(':')[0].rstrip('.')}",
        _what(summary),
        *(f"**{sentence}**" for sentence in warnings(summary)),
        table(
            ["row", "requests", "failed", "req/s", *PERCENTILES, "verdict"],
            [_row(row) for row in [*summary["rows"], summary["total"]]],
        ),
        _how_measured(summary),
        "## How sure the percentiles are",
        table(["row", *PERCENTILES], [_bounds(row) for row in summary["rows"]]),
        "Between which milliseconds a percentile lies with 95 % confidence (bootstrap), and how many requests took so "
        "long. There is none of too few requests: "
        f"{', '.join(f'{name} takes {count}' for name, count in FEWEST_SAMPLES.items())}.",
        "## As Locust alone would measure",
        table(
            ["row", *PERCENTILES], [_as_sent(row) for row in [*summary["rows"], summary["total"]]]
        ),
        "From the sending of each request, so without those that a stalled target was not asked.",
        *_broken(summary["rows"]),
        *_failures(summary["failures"]),
        f"![Rate, percentiles and users over time]({plot})",
        *_generator(summary["generator"]),
        *_memory(summary["memory"]),
        "## What ran where",
        table(["what", "value"], _provenance(summary)),
        f"Locust's own page is [{page}]({page}).",
    ]
    return "\n\n".join(sections) + "\n"


def table(headings: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A Markdown table whose columns stand in line in a terminal too; numbers to the right."""
    cells = [list(headings), *(list(row) for row in rows)]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    right = [
        len(cells) > 1 and all(_is_number(cell) for cell in column[1:])
        for column in zip(*cells, strict=True)
    ]
    lines = [
        [
            cell.rjust(width) if to_the_right else cell.ljust(width)
            for cell, width, to_the_right in zip(row, widths, right, strict=True)
        ]
        for row in cells
    ]
    rule = [
        "-" * (width - 1) + ":" if to_the_right else "-" * width
        for width, to_the_right in zip(widths, right, strict=True)
    ]
    return "\n".join(f"| {' | '.join(line)} |" for line in [lines[0], rule, *lines[1:]])


def as_text(value: object) -> str:
    """A setting as a reader wants it."""
    if isinstance(value, Mapping):
        return ", ".join(f"{name} {one}" for name, one in value.items())
    return "-" if value is None else str(value)


def warnings(summary: Mapping[str, Any]) -> Iterator[str]:
    """What makes the figures of a run say less of the stack than they seem to."""
    cores, load = summary["machine"]["cores"], summary["load_before"]
    if load > cores:
        yield (
            f"The machine was busy before the run began (load average {load:g} on {cores} cores), so "
            "times are longer than the stack alone would make them."
        )
    generator = summary["generator"]
    if generator["near_limit"]:
        yield (
            f"The load generator was at its limit ({generator['limit']:.0f} % of a core or more), so times "
            "are partly its own: use PROCESSES=, WORKERS= or fewer users."
        )


def revision_of(summary: Mapping[str, Any]) -> str:
    """The git revision that a run was made with."""
    revision = summary["revision"]
    if revision is None:
        return "unknown"
    return f"{revision['commit'][:12]}{', with changes' if revision['dirty'] else ''}"


def _is_number(cell: str) -> bool:
    return cell == "-" or cell.lstrip("+-")[:1].isdigit()


def _what(summary: Mapping[str, Any]) -> str:
    settings = summary["settings"]
    rate = f"{settings['rate']:g} requests per second, " if settings.get("rate") else ""
    return (
        f"{summary['target']}, shape {settings['shape']}, {settings['users']} users, "
        f"{rate}"
        f"{summary['seconds']:.0f} s from {summary['started']} on; exit code {summary['exit_code']}."
    )


def _how_measured(summary: Mapping[str, Any]) -> str:
    warm_up = summary["warm_up"]
    cut = (
        f" The first {warm_up['seconds']:g} s were warm-up (MSER) and are in no percentile; their slowest answer took "
        f"{shown(warm_up['slowest'])} ms."
        if warm_up["seconds"]
        else ""
    )
    return (
        f"{summary['measured']}{cut} Percentiles are in milliseconds, with the budget behind the /."
    )


def _bounds(row: Mapping[str, Any]) -> list[str]:
    def cell(name: str) -> str:
        if name not in row.get("bounds", {}):
            return "-"
        low, high = row["bounds"][name]
        return f"{shown(low)} to {shown(high)} ({row['slower'][name]})"

    return [row["row"], *(cell(name) for name in PERCENTILES)]


def _as_sent(row: Mapping[str, Any]) -> list[str]:
    return [row["row"], *(_percentile(row["as_sent"].get(name), None) for name in PERCENTILES)]


def _row(row: Mapping[str, Any]) -> list[str]:
    budget = row.get("budget") or {}
    return [
        row["row"],
        str(row["requests"]),
        str(row["failures"]),
        f"{row['rate']:.1f}",
        *(_percentile(row.get(name), budget.get(name)) for name in PERCENTILES),
        row.get("state", "-"),
    ]


def _percentile(measured: float | None, most: float | None) -> str:
    figure = "-" if measured is None else shown(measured)
    return figure if most is None else f"{figure} / {most:g}"


def _broken(rows: Sequence[Mapping[str, Any]]) -> list[str]:
    found = []
    for heading, key in (("Broken budgets", "broken"), ("What cannot be told", "unsure")):
        lines = [f"- {row['row']}: {sentence}" for row in rows for sentence in row[key]]
        found += [f"## {heading}", "\n".join(lines)] if lines else []
    return found


def _failures(failures: Iterable[Mapping[str, Any]]) -> list[str]:
    rows = [
        [str(one["count"]), one["row"], one["sentence"].replace("|", "\\|")] for one in failures
    ]
    return ["## Failures", table(["count", "row", "what"], rows)] if rows else []


def _generator(generator: Mapping[str, Any]) -> list[str]:
    rows = [
        [one["process"], f"{one['mean']:.0f}", f"{one['peak']:.0f}"]
        for one in generator["processes"]
    ]
    return ["## The load generator", table(["process", "% of a core", "at most"], rows)]


def _memory(memory: Mapping[str, Any] | None) -> list[str]:
    if memory is None:
        return [
            "## Memory",
            "Not measured: it was not the stack of this checkout that was loaded, or it was out of sight.",
        ]
    verdicts = {True: "flat", False: "grows", None: "-"}
    rows = [
        [
            one["process"],
            *(f"{one[name]:.1f}" for name in ("first", "last", "most")),
            "-" if one["slope"] is None else f"{one['slope']:+.1f}",
            verdicts[one["flat"]],
        ]
        for one in memory["processes"]
    ]
    headings = ["process", "first MB", "last MB", "most MB", "MB per hour", "verdict"]
    return ["## Memory", table(headings, rows), memory["definition"]]


def _provenance(summary: Mapping[str, Any]) -> list[list[str]]:
    machine = summary["machine"]
    return [
        ["revision", revision_of(summary)],
        ["versions", as_text(summary["versions"])],
        ["machine", f"{machine['cores']} cores, {machine['processor']}, {machine['memory_gb']} GB"],
        ["system", machine["system"]],
        ["load average before", f"{summary['load_before']:g}"],
        *([name, as_text(value)] for name, value in summary["settings"].items()),
    ]
