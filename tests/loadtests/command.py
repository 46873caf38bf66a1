"""Runs the load tests' command as a user does: in a process of its own."""

import json
import os
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from testing.processes import Program
from tests.loadtests.stub_api import ADMIN, DEMO

LONGEST_RUN_SECONDS = 60.0


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
            "ADMIN_USERNAME": ADMIN[0],
            "ADMIN_PASSWORD": ADMIN[1],
            "DEMO_USERNAME": DEMO[0],
            "DEMO_PASSWORD": DEMO[1],
            "LOADTESTS_THINK_SECONDS": "0.1",
            "LOADTESTS_STATE_FOLDER": str(folder),
            **settings,
        },
        log=folder / "output",
    )


def finish(program: Program) -> Outcome:
    """Wait for the end of a command."""
    exit_code = program.wait(seconds=LONGEST_RUN_SECONDS)
    return Outcome(exit_code, program.log.read_text(), program.log.parent / "report")


def start_run(folder: Path, url: str, *options: str, **settings: str) -> Program:
    """Start a run against `url` with its report in `folder`; later options win."""
    chosen = ("--time=3s", "--users=10", f"--report={folder / 'report'}", *options)
    return start(folder, "loadtests", "run", f"--url={url}", *chosen, **settings)
