"""What a run leaves: a page with the verdict, Locust's own, a summary (JSON, Markdown, JUnit XML), and a plot."""

import json
import time
from collections.abc import Mapping
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from locust.env import Environment
from locust.html import get_html_report
from locust.runners import Runner
from locust.stats import StatsEntry

from loadtests import (
    generator_cpu,
    history,
    provenance,
    report_junit,
    report_markdown,
    report_page,
    report_plot,
)
from loadtests.confidence import WarmUp, warm_up
from loadtests.latency import Latencies, Samples, of_the_load, together
from loadtests.memory_sources import LocalProcesses, source_behind
from loadtests.recording import Recording
from loadtests.run import Run
from loadtests.settings import current_settings
from loadtests.verdict import Percentile, RowVerdict, Verdict, percentiles_of

HTML_NAME = "report.html"
LOCUST_NAME = "locust.html"
JSON_NAME = "summary.json"
MARKDOWN_NAME = "summary.md"
PLOT_NAME = "plot.svg"
LATENCIES_NAME = "latencies.json"
JUNIT_NAME = "junit.xml"
OPEN = "Open model: requests were sent at planned times and are measured from these."
CLOSED = (
    "Closed model: users wait for answers. What they would have asked meanwhile, one request for every pause, is added "
    "to the times (corrected for coordinated omission)."
)


class Report:
    """Follows a run from before its first user on, and writes what came of it."""

    def __init__(
        self, environment: Environment, runner: Runner, run: Run, latencies: Latencies
    ) -> None:
        self._environment = environment
        self._runner = runner
        self._run = run
        self._latencies = latencies
        self._warm_up = WarmUp(0.0, 0, 0.0)
        source = source_behind(run.url)
        self._recording = Recording(environment, runner, source)
        # Read now: after the run the checkout may have changed, and the target may be down.
        self._revision = provenance.revision()
        self._load_before = provenance.load_average()
        self._versions = provenance.versions(
            run.url, source.supervisor if isinstance(source, LocalProcesses) else None
        )

    def ended_early(self) -> list[str]:
        """A clause if the run is younger than it was to become."""
        age = time.time() - self._recording.started
        if self._run.seconds is None or age >= self._run.seconds:
            return []
        return [f"it was ended after {age:.0f} of {self._run.seconds:.0f} s"]

    def settled(self) -> dict[str, Samples]:
        """What was measured after the warm-up, if the load was to stay the same all the time."""
        self._recording.finish()
        samples = self._latencies.due()
        if self._run.shape == "steady":
            self._warm_up = warm_up(samples)
        return {row: one.since(self._warm_up.end) for row, one in samples.items()}

    @property
    def seconds(self) -> float:
        """How long the run was."""
        return self._recording.ended - self._recording.started

    def write(self, verdict: Verdict, folder: Path) -> list[str]:
        """Write all of it into `folder`, and return what makes its figures doubtful. Raises OSError."""
        summary = self._summary(verdict)
        page = get_html_report(  # type: ignore[no-untyped-call]
            self._environment, show_download_link=False
        )
        (folder / LOCUST_NAME).write_text(page, encoding="utf-8")
        (folder / LATENCIES_NAME).write_text(
            json.dumps(self._latencies.encoded()), encoding="utf-8"
        )
        (folder / JSON_NAME).write_text(json.dumps(summary, indent=1) + "\n", encoding="utf-8")
        text = report_markdown.render(summary, PLOT_NAME, LOCUST_NAME)
        (folder / MARKDOWN_NAME).write_text(text, encoding="utf-8")
        (folder / HTML_NAME).write_text(
            report_page.render(text, verdict.sentence, PLOT_NAME, LOCUST_NAME), encoding="utf-8"
        )
        (folder / JUNIT_NAME).write_text(report_junit.render(summary), encoding="utf-8")
        report_plot.draw(summary, folder / PLOT_NAME)
        if folder.parent == current_settings().state:
            history.write(folder.parent)
        return list(report_markdown.warnings(summary))

    def _summary(self, verdict: Verdict) -> dict[str, Any]:
        """Everything that is known of the run; times are in milliseconds, rates per second."""
        recording, stats, seconds = self._recording, self._runner.stats, self.seconds
        as_sent = self._latencies.as_sent()
        generator = recording.generator()
        entries = {f"{entry.method} {entry.name}": entry for entry in stats.entries.values()}
        settings = {**asdict(self._run), "budgets": self._run.budgets.name}
        return {
            "target": settings.pop("url"),
            "started": datetime.fromtimestamp(recording.started, UTC).isoformat(timespec="seconds"),
            "seconds": round(seconds, 1),
            "exit_code": verdict.exit_code,
            "verdict": verdict.sentence,
            "settings": settings,
            "revision": self._revision,
            "versions": self._versions,
            "machine": provenance.machine(),
            "load_before": self._load_before,
            "generator": {
                "limit": generator_cpu.LIMIT_PERCENT,
                "near_limit": any(one["peak"] >= generator_cpu.LIMIT_PERCENT for one in generator),
                "processes": generator,
            },
            "warm_up": {
                "seconds": round(self._warm_up.blocks * self._latencies.block_seconds, 1),
                "slowest": self._warm_up.slowest,
            },
            "measured": OPEN if self._run.rate else CLOSED,
            "total": {
                **_figures(stats.total, seconds),
                **_times(percentiles_of(together(of_the_load(self._latencies.due()).values()))),
                "as_sent": _times(percentiles_of(together(of_the_load(as_sent).values()))),
            },
            "rows": [
                {
                    **_figures(entries.get(row.row), seconds, row.row),
                    **_times(row.percentiles),
                    "as_sent": _times(percentiles_of(as_sent.get(row.row))),
                    **_judgement(row),
                }
                for row in verdict.rows
            ],
            "failures": [asdict(failure) for failure in verdict.failures],
            "series": recording.series(),
            "memory": recording.memory.figures(seconds),
        }


def _figures(entry: StatsEntry | None, seconds: float, name: str = "all") -> dict[str, Any]:
    if entry is None:
        return {"row": name, "requests": 0, "failures": 0, "rate": 0.0}
    return {
        "row": name,
        "requests": entry.num_requests,
        "failures": entry.num_failures,
        "rate": round(entry.num_requests / seconds, 2) if seconds else 0.0,
        "mean": round(entry.avg_response_time, 2),
        "max": round(entry.max_response_time, 2),
    }


def _judgement(row: RowVerdict) -> dict[str, Any]:
    budget = None if row.budget is None else asdict(row.budget)
    return {
        "budget": budget,
        "state": row.state,
        "broken": list(row.broken),
        "unsure": [*row.unsure, *([row.too_few] if row.too_few else [])],
        "bounds": {
            name: [round(one.low, 3), round(one.high, 3)] for name, one in row.percentiles.items()
        },
        "slower": {name: one.slower for name, one in row.percentiles.items()},
    }


def _times(percentiles: Mapping[str, Percentile]) -> dict[str, float]:
    return {name: round(one.milliseconds, 3) for name, one in percentiles.items()}
