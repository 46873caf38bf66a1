"""What is left of a run: Locust's HTML report and a JSON summary with the same figures."""

import json
from pathlib import Path
from typing import Any

from locust.env import Environment
from locust.html import get_html_report
from locust.runners import Runner
from locust.stats import RequestStats, StatsEntry

HTML_NAME = "report.html"
JSON_NAME = "summary.json"


def write(environment: Environment, runner: Runner, folder: Path) -> None:
    """Write both files into `folder`. Raises OSError."""
    html = get_html_report(environment, show_download_link=False)  # type: ignore[no-untyped-call]
    (folder / HTML_NAME).write_text(html, encoding="utf-8")
    summary = summary_of(runner.stats, environment.host or "")
    (folder / JSON_NAME).write_text(json.dumps(summary, indent=2) + "\n", encoding="utf-8")


def summary_of(stats: RequestStats, target: str) -> dict[str, Any]:
    """The figures of a run; times are in milliseconds, rates per second."""
    return {
        "target": target,
        "seconds": round(
            max(stats.total.last_request_timestamp or 0.0, stats.start_time) - stats.start_time, 1
        ),
        "total": _row(stats.total),
        "rows": [_row(entry) for _, entry in sorted(stats.entries.items())],
        "failures": [
            {
                "row": f"{error.method} {error.name}",
                "sentence": str(error.error),
                "count": error.occurrences,
            }
            for error in stats.errors.values()
        ],
    }


def _row(entry: StatsEntry) -> dict[str, Any]:
    return {
        "row": f"{entry.method} {entry.name}".strip(),
        "requests": entry.num_requests,
        "failures": entry.num_failures,
        "rate": round(entry.total_rps, 2),
        "mean": round(entry.avg_response_time, 2),
        **{
            f"p{percent}": entry.get_response_time_percentile(percent / 100)
            for percent in (50, 95, 99)
        },
        "max": round(entry.max_response_time, 2),
    }
