"""What a run leaves: a page with the verdict, Locust's own, a summary as JSON and as Markdown, and a plot."""

import json
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from locust.env import Environment
from locust.html import get_html_report
from locust.runners import Runner
from locust.stats import StatsEntry

from loadtests import generator_cpu, provenance, report_markdown, report_page, report_plot
from loadtests.memory_sources import LocalProcesses, source_behind
from loadtests.recording import Recording
from loadtests.run import Run
from loadtests.verdict import RowVerdict, Verdict

HTML_NAME = "report.html"
LOCUST_NAME = "locust.html"
JSON_NAME = "summary.json"
MARKDOWN_NAME = "summary.md"
PLOT_NAME = "plot.svg"


class Report:
    """Follows a run from before its first user on, and writes what came of it."""

    def __init__(self, environment: Environment, runner: Runner, run: Run) -> None:
        self._environment = environment
        self._runner = runner
        self._run = run
        source = source_behind(run.url)
        self._recording = Recording(environment, runner, source)
        # Read now: after the run the checkout may have changed, and the target may be down.
        self._revision = provenance.revision()
        self._load_before = provenance.load_average()
        self._versions = provenance.versions(
            run.url, source.supervisor if isinstance(source, LocalProcesses) else None
        )

    def write(self, verdict: Verdict, folder: Path) -> list[str]:
        """Write all of it into `folder`, and return what makes its figures doubtful. Raises OSError."""
        self._recording.finish()
        summary = self._summary(verdict)
        page = get_html_report(  # type: ignore[no-untyped-call]
            self._environment, show_download_link=False
        )
        (folder / LOCUST_NAME).write_text(page, encoding="utf-8")
        (folder / JSON_NAME).write_text(json.dumps(summary, indent=1) + "\n", encoding="utf-8")
        text = report_markdown.render(summary, PLOT_NAME, LOCUST_NAME)
        (folder / MARKDOWN_NAME).write_text(text, encoding="utf-8")
        (folder / HTML_NAME).write_text(
            report_page.render(text, verdict.sentence, PLOT_NAME, LOCUST_NAME), encoding="utf-8"
        )
        report_plot.draw(summary, folder / PLOT_NAME)
        return list(report_markdown.warnings(summary))

    def _summary(self, verdict: Verdict) -> dict[str, Any]:
        """Everything that is known of the run; times are in milliseconds, rates per second."""
        recording, stats = self._recording, self._runner.stats
        seconds = recording.ended - recording.started
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
            "total": _figures(stats.total, seconds),
            "rows": [
                {**_figures(entries.get(row.row), seconds, row.row), **_judgement(row)}
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
        **{
            f"p{percent}": entry.get_response_time_percentile(percent / 100)
            for percent in (50, 95, 99)
        },
        "max": round(entry.max_response_time, 2),
    }


def _judgement(row: RowVerdict) -> dict[str, Any]:
    budget = None if row.budget is None else asdict(row.budget)
    return {"budget": budget, "state": row.state, "broken": list(row.broken)}
