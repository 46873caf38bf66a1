"""All runs on one page, revision by revision, for a screen of any width: var/load/index.html."""

import json
from collections.abc import Iterator, Mapping, Sequence
from html import escape
from pathlib import Path
from typing import Any

from loadtests.report_markdown import revision_of
from loadtests.verdict import BROKEN, KEPT, shown

NAME = "index.html"
RUNS_SHOWN = 40
LINES = {"p50": "#2a9d4a", "p95": "#e07b00", "p99": "#d33"}
WIDTH, HEIGHT, MARGIN = 340, 110, 8
_PAGE = """\
<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Load tests</title>
<style>
:root {{ color-scheme: light dark; font: 1rem/1.4 system-ui, sans-serif; }}
body {{ margin: 1rem auto; max-width: 72rem; padding: 0 .75rem; overflow-wrap: anywhere; }}
ul, section {{ padding: 0; }}
li {{ list-style: none; border-left: .4rem solid; padding: .3rem .6rem; margin: .5rem 0; }}
.passed {{ border-color: #2a9d4a; }} .broken {{ border-color: #d33; }} .open {{ border-color: #e0a800; }}
section {{ display: grid; grid-template-columns: repeat(auto-fill, minmax(min(20rem, 100%), 1fr)); gap: 1rem; }}
figure {{ margin: 0; }} svg {{ width: 100%; height: auto; }} small {{ opacity: .75; }}
</style>
<h1>Load tests</h1>
<p>Each plot has a point for every run below, the newest on the right.
{legend} Milliseconds.</p>
<section>{plots}</section>
<h2>Runs, the newest first</h2>
<ul>{runs}</ul>
</html>
"""


def write(reports: Path) -> Path:
    """The page of all runs in a folder. Raises OSError."""
    page = reports / NAME
    page.write_text(render(list(_summaries(reports))), encoding="utf-8")
    return page


def render(runs: Sequence[tuple[str, Mapping[str, Any]]]) -> str:
    """The page of these runs: the name of each folder, and its summary, the oldest first."""
    rows = sorted({row["row"] for _, one in runs for row in one["rows"] if row.get("budget")})
    legend = ", ".join(f'<b style="color:{colour}">{name}</b>' for name, colour in LINES.items())
    return _PAGE.format(
        legend=f"{legend}.",
        plots="".join(_plot(row, [one for _, one in runs]) for row in rows),
        runs="".join(_run(name, one) for name, one in reversed(runs)),
    )


def _summaries(reports: Path) -> Iterator[tuple[str, Mapping[str, Any]]]:
    # Named by their time, so the names sort by it.
    for file in sorted(reports.glob("*/summary.json"))[-RUNS_SHOWN:]:
        try:
            summary = json.loads(file.read_text(encoding="utf-8"))
            if {
                "rows",
                "exit_code",
                "verdict",
                "started",
                "settings",
                "revision",
            } <= summary.keys():
                yield file.parent.name, summary
        except (OSError, ValueError, AttributeError):
            continue  # One that was cut off, or is of an older version.


def _run(name: str, summary: Mapping[str, Any]) -> str:
    state = {KEPT: "passed", BROKEN: "broken"}.get(summary["exit_code"], "open")
    settings = summary["settings"]
    rate = f"{settings['rate']:g}/s" if settings.get("rate") else f"{settings['users']} users"
    return (
        f'<li class="{state}"><a href="{escape(name)}/report.html">{escape(summary["started"])}</a> '
        f"<code>{escape(revision_of(summary))}</code><br>{escape(summary['verdict'])}<br>"
        f"<small>{escape(settings['shape'])}, {rate}</small></li>"
    )


def _plot(row: str, runs: Sequence[Mapping[str, Any]]) -> str:
    found: list[Mapping[str, Any]] = [
        next((one for one in run["rows"] if one["row"] == row), {}) for run in runs
    ]
    times = {name: [one.get(name) for one in found] for name in LINES}
    highest = max((time for line in times.values() for time in line if time), default=0.0)
    if not highest:
        return ""
    lines = "".join(_line(times[name], highest, colour) for name, colour in LINES.items())
    last = ", ".join(f"{name} {shown(line[-1])}" for name, line in times.items() if line[-1])
    return (
        f"<figure><figcaption><code>{escape(row)}</code><br><small>highest {shown(highest)} ms; last: "
        f'{last or "not measured"}</small></figcaption><svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img" '
        f'aria-label="{escape(row)} over time">{lines}</svg></figure>'
    )


def _line(times: Sequence[float | None], highest: float, colour: str) -> str:
    step = (WIDTH - 2 * MARGIN) / max(len(times) - 1, 1)
    points = [
        (MARGIN + number * step, HEIGHT - MARGIN - time / highest * (HEIGHT - 2 * MARGIN))
        for number, time in enumerate(times)
        if time is not None
    ]
    dots = "".join(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3" fill="{colour}"/>' for x, y in points)
    path = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
    return f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="2"/>{dots}'
