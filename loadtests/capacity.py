"""`make load SHAPE=capacity`: the highest rate at which the budgets hold, and what was full above it.

Runs of the open model, each a process of its own: the rate is doubled until a budget breaks, and then the interval is
halved until it is a tenth wide.
"""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from matplotlib.figure import Figure

from loadtests.latency import NOT_OF_THE_LOAD
from loadtests.report_markdown import table
from loadtests.resources import Resources, bottleneck, watched
from loadtests.settings import ROOT, SettingsError, current_settings
from loadtests.verdict import (
    BROKEN,
    CANNOT_TELL,
    KEPT,
    NOTHING_MEASURED,
    RUN_FAILED,
    TOO_SHORT,
    shown,
)

PRECISION = 1.1
LOWEST, HIGHEST = 1.0, 50_000.0
COLOURS = {"p50": "tab:green", "p95": "tab:orange", "p99": "tab:red"}


class CapacityError(Exception):
    """The search cannot go on; the message says why."""


@dataclass(frozen=True)
class Probe:
    """A run at a rate: whether the budgets were `held`, and what it was like."""

    rate: float
    held: bool
    verdict: str = ""
    answered: float = 0.0
    times: dict[str, float] = field(default_factory=dict)
    full: str = ""
    resources: Resources = field(default_factory=Resources)


def search(run: Callable[[float], Probe], first: float) -> list[Probe]:
    """All runs, in the order in which they were made. Raises CapacityError."""
    probes = [run(first)]
    low, high = (first, None) if probes[0].held else (None, first)
    while low is None or high is None or high / low > PRECISION:
        rate = _next_rate(low, high)
        if not LOWEST <= rate <= HIGHEST:
            break
        probes.append(run(rate))
        if probes[-1].held:
            low = rate
        else:
            high = rate
    return probes


def _next_rate(low: float | None, high: float | None) -> float:
    """Twice the highest rate that held or half of the lowest that did not, and between both where there are both."""
    if low is None:
        return (high or LOWEST) / 2
    return low * 2 if high is None else (low * high) ** 0.5


def main(url: str | None, first: float, options: Sequence[str], reports: Path) -> int:
    """Search, print and keep the result; return the exit code. `options` are those of every run."""
    folder = reports / f"capacity-{datetime.now(UTC):%Y-%m-%dT%H-%M-%SZ}"

    def run(rate: float) -> Probe:
        return _run(url or current_settings().url, rate, options, folder / f"{rate:.0f}")

    try:
        probes = search(run, first)
    except (CapacityError, SettingsError) as problem:
        print(f"capacity not found: {problem}", file=sys.stderr)
        return NOTHING_MEASURED
    except KeyboardInterrupt:
        return CANNOT_TELL
    text = render(probes)
    (folder / "capacity.md").write_text(text + "\n\n![Rate and latency](capacity.svg)\n", "utf-8")
    (folder / "capacity.json").write_text(
        json.dumps([asdict(probe) for probe in probes], indent=1), encoding="utf-8"
    )
    draw(probes, folder / "capacity.svg")
    print(text)
    print(f"report: {folder / 'capacity.md'}", file=sys.stderr)
    return KEPT if any(probe.held for probe in probes) else BROKEN


def render(probes: Sequence[Probe]) -> str:
    """The rate that was found, what was full above it, and every run by its rate."""
    held = [probe for probe in probes if probe.held]
    above = [probe for probe in probes if not probe.held]
    best = max(held, key=lambda probe: probe.rate, default=None)
    first = min(above, key=lambda probe: probe.rate, default=None)
    if best is None:
        heading = "# Capacity: the budgets hold at no rate that was tried"
    else:
        heading = f"# Capacity: {best.rate:.0f} requests per second"
    sentences = []
    if first:
        sentences += [
            f"At {first.rate:.0f} per second: {first.verdict}",
            f"What was full: {first.full}.",
        ]
    rows = [
        [
            f"{probe.rate:.0f}",
            f"{probe.answered:.0f}",
            *(shown(probe.times[name]) if name in probe.times else "-" for name in COLOURS),
            "held" if probe.held else "not held",
            probe.full,
        ]
        for probe in sorted(probes, key=lambda probe: probe.rate)
    ]
    headings = ["rate", "answered/s", *COLOURS, "budgets", "what was full"]
    return "\n\n".join([heading, *sentences, table(headings, rows)])


def draw(probes: Sequence[Probe], path: Path) -> None:
    """The curve of rate against latency. Raises OSError."""
    figure = Figure(figsize=(8, 4.5), layout="constrained")
    axes = figure.subplots()
    for name, colour in COLOURS.items():
        points = sorted((probe.rate, probe.times[name]) for probe in probes if name in probe.times)
        axes.plot(*zip(*points, strict=True), "o-", color=colour, label=name) if points else None
    held = [probe.rate for probe in probes if probe.held]
    if held:
        axes.axvline(max(held), color="tab:blue", label="the budgets hold up to here")
    axes.set_xscale("log")
    axes.set_yscale("log")
    axes.set_xlabel("requests per second that were due")
    axes.set_ylabel("milliseconds")
    axes.grid(alpha=0.3, which="both")
    axes.legend(fontsize="small")
    figure.savefig(path)


def _held(summary: Mapping[str, Any]) -> bool:
    """Whether nothing was broken or left open, but for rows that a low rate gives too few requests."""
    if summary["exit_code"] == KEPT:
        return True
    too_few = summary["verdict"].startswith(TOO_SHORT)
    return too_few and not any(row["state"] == "cannot tell" for row in summary["rows"])


def _is_load(row: Mapping[str, Any]) -> bool:
    return not str(row["row"]).endswith(NOT_OF_THE_LOAD)


def _run(url: str, rate: float, options: Sequence[str], report: Path) -> Probe:
    report.mkdir(parents=True, exist_ok=True)
    command = [sys.executable, "-m", "loadtests", "run", "--shape=rate", f"--rate={rate}"]
    with (report / "output.txt").open("wb") as output:
        running = subprocess.Popen(
            [*command, f"--url={url}", f"--report={report}", *options],
            cwd=ROOT,
            env=dict(os.environ),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
        with watched(url, running.pid) as resources:
            exit_code = running.wait()
    if exit_code in (RUN_FAILED, NOTHING_MEASURED) or exit_code < 0:
        said = (report / "output.txt").read_text(encoding="utf-8").strip()
        raise CapacityError(
            f"the run at {rate:.0f} per second ended with {exit_code}: {said[-500:]}"
        )
    summary: dict[str, Any] = json.loads((report / "summary.json").read_text(encoding="utf-8"))
    failures = {one["sentence"]: one["count"] for one in summary["failures"]}
    total = summary["total"]
    probe = Probe(
        round(rate, 1),
        _held(summary),
        summary["verdict"],
        round(sum(row["rate"] for row in summary["rows"] if _is_load(row)), 1),
        {name: total[name] for name in COLOURS if name in total},
        bottleneck(resources, failures),
        resources,
    )
    held = "held" if probe.held else "not held"
    print(f"{rate:.0f} per second: {held} ({probe.verdict[:100]})", file=sys.stderr, flush=True)
    return probe
