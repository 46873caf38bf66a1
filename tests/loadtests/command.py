"""Runs the load tests' command as a user does: in a process of its own."""

import json
import os
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.loadtests.stub_api import PASSWORD, USERNAME
from tests.support.processes import Program

LONGEST_RUN_SECONDS = 30.0


@dataclass(frozen=True)
class Outcome:
    """What a command left: its exit code, what it printed, and its report if it wrote one."""

    exit_code: int
    output: str
    report: Path

    @property
    def summary(self) -> dict[str, Any]:
        """The JSON summary of the run."""
        summary: dict[str, Any] = json.loads((self.report / "summary.json").read_text())
        return summary

    @property
    def rows(self) -> dict[str, int]:
        """The number of requests of each row."""
        return {row["row"]: row["requests"] for row in self.summary["rows"]}


def start(folder: Path, *arguments: str, **settings: str) -> Program:
    """Start `python -m` with `arguments`; its users pause for no time between two tasks."""
    return Program(
        "the load test",
        [sys.executable, "-m", *arguments],
        environment={
            "PATH": os.defpath,
            "DEMO_USERNAME": USERNAME,
            "DEMO_PASSWORD": PASSWORD,
            "LOADTESTS_THINK_SECONDS": "0.01",
            **settings,
        },
        log=folder / "output",
    )


def finish(program: Program) -> Outcome:
    """Wait for the end of a command."""
    exit_code = program.wait(seconds=LONGEST_RUN_SECONDS)
    return Outcome(exit_code, program.log.read_text(), program.log.parent)


def start_locust(folder: Path, url: str, **options: str) -> Program:
    """Start a headless run against `url`, which writes its report to `folder`."""
    chosen = {"users": "2", "spawn-rate": "10", "run-time": "1", "stop-timeout": "5", **options}
    return start(
        folder,
        "locust",
        "--locustfile=loadtests/locustfile.py",
        "--headless",
        "--only-summary",
        "--loglevel=WARNING",
        f"--host={url}",
        f"--report-folder={folder}",
        *(f"--{name}={value}" for name, value in chosen.items()),
    )
