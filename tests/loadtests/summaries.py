"""Summaries of runs that were never made."""

import json
from pathlib import Path
from typing import Any


def row(name: str, **figures: Any) -> dict[str, Any]:
    """A row that kept its budget."""
    return {
        "row": name,
        "requests": 300,
        "failures": 0,
        "rate": 10.0,
        "mean": 5.0,
        "p50": 4,
        "p95": 9,
        "p99": 20,
        "max": 31.0,
        "as_sent": {"p50": 4, "p95": 9, "p99": 20},
        "bounds": {"p50": [4, 5], "p95": [8, 9], "p99": [15, 31]},
        "slower": {"p50": 150, "p95": 15, "p99": 3},
        "budget": {"p50": None, "p95": 100.0, "p99": None, "failures": 0.0, "minimum": 1},
        "state": "ok",
        "broken": [],
        "unsure": [],
        **figures,
    }


def summary(**changes: Any) -> dict[str, Any]:
    """A summary as a run of thirty seconds writes it."""
    points = [
        {"seconds": n, "users": n, "rate": 10.0 * n, "failed": 0.0, "p50": 4, "p95": 9, "p99": 20}
        for n in range(1, 31)
    ]
    return {
        "target": "http://localhost:8080",
        "started": "2026-01-02T03:04:05+00:00",
        "seconds": 30.0,
        "exit_code": 0,
        "verdict": "every budget was kept.",
        "settings": {"shape": "steady", "users": 10},
        "revision": {"commit": "0123456789abcdef", "dirty": False},
        "versions": {"Python": "3.13.1", "Locust": "2.47.0"},
        "machine": {
            "cores": 2,
            "processor": "a processor",
            "memory_gb": 8.0,
            "system": "Linux 6",
        },
        "measured": "Closed model.",
        "warm_up": {"seconds": 0.0, "slowest": 0.0},
        "load_before": 0.4,
        "generator": {
            "limit": 90.0,
            "near_limit": False,
            "processes": [{"process": "this process", "mean": 20.0, "peak": 40.0}],
        },
        "total": row("all", budget=None, state="no budget"),
        "rows": [row("GET /items/")],
        "failures": [],
        "series": points,
        "memory": None,
        **changes,
    }


def save(folder: Path, **changes: Any) -> Path:
    """The folder of a run with such a summary."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "summary.json").write_text(json.dumps(summary(**changes)))
    return folder


def cells(page: str, beginning: str) -> list[str]:
    """The cells of the one line of a page's tables that begins so."""
    found = [
        [cell.strip() for cell in one.strip("|").split("|")]
        for one in page.splitlines()
        if one.startswith(f"| {beginning} ")
    ]
    assert len(found) == 1, page
    return found[0]
