"""The open model: requests are sent at planned times whatever the answers do, and measured from these."""

import os
import signal
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from testing.processes import Program, wait_until
from tests.loadtests.command import Outcome, finish, start_run
from tests.loadtests.stub_api import ADMIN, StubApi

STALL_SECONDS = 1.5
RATE = 40


@dataclass(frozen=True)
class StalledRun:
    stub: StubApi
    outcome: Outcome


@pytest.fixture(scope="module")
def stalled(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StalledRun]:
    """A run of the open model against a server that did nothing for a while in the middle."""
    folder = tmp_path_factory.mktemp("stalled")
    (folder / "budgets.toml").write_text('["GET /items/{item_id}"]\np95 = 400\nfailures = 0.0\n')
    options = ("--shape=rate", f"--rate={RATE}", "--users=4", "--time=6s")
    with (
        StubApi().running() as stub,
        start_run(folder, stub.url, *options, f"--budgets={folder / 'budgets.toml'}") as run,
    ):
        run.wait_until(lambda: len(stub.items) > 103, seconds=30, what="visits have begun")
        stall(stub)
        yield StalledRun(stub, finish(run))


def stall(stub: StubApi) -> None:
    with stub.lock:
        time.sleep(STALL_SECONDS)


def test_a_server_that_stalls_is_asked_all_the_same(stalled: StalledRun) -> None:
    total = stalled.outcome.summary["total"]

    # Users who wait would have asked four times. Half is allowed for a machine that is busy itself.
    assert total["p99"] > STALL_SECONDS * 1000 / 2, stalled.outcome.output
    assert stalled.outcome.summary["rows"]


def test_the_report_of_the_open_model_says_what_was_measured_and_how(stalled: StalledRun) -> None:
    summary = stalled.outcome.summary

    assert summary["settings"]["rate"] == RATE
    assert summary["settings"]["shape"] == "steady"
    assert summary["measured"].startswith("Open model")
    assert f"{RATE} requests per second" in (stalled.outcome.report / "summary.md").read_text()


def test_a_stall_of_the_open_model_breaks_a_budget_for_sure(stalled: StalledRun) -> None:
    assert stalled.outcome.exit_code == 3, stalled.outcome.output
    assert "broken: GET /items/{item_id} (p95 of " in stalled.outcome.output


def test_the_open_model_leaves_nothing_behind(stalled: StalledRun) -> None:
    assert stalled.outcome.summary["total"]["failures"] == 0, stalled.outcome.summary["failures"]
    assert stalled.stub.items == {}
    assert stalled.stub.clients == []


@pytest.mark.sweep
def test_a_server_stopped_for_two_seconds_is_in_the_p99_and_was_not_in_that_of_waiting_users(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    lines = []
    for model, options in (("closed", ()), ("open", ("--shape=rate", "--rate=80"))):
        folder = tmp_path / model
        folder.mkdir()
        total = run_with_a_stopped_server(folder, *options)
        lines += [
            f"{model:6} as Locust measures: p99 {total['as_sent']['p99']:7.1f} ms"
            f"   here: p99 {total['p99']:7.1f} ms   ({total['requests']} requests)"
        ]
        assert total["p99"] > 500, lines
        if model == "closed":
            assert total["as_sent"]["p99"] < 500, lines
    with capsys.disabled():
        print("", "a server stopped for 2 s in a run of 30 s", *lines, sep="\n")  # noqa: T201 - the proof


def run_with_a_stopped_server(folder: Path, *options: str) -> dict[str, Any]:
    stub = [sys.executable, "-m", "tests.loadtests.stub_api"]
    log = folder / "stub"
    with Program("the stub", stub, environment={"PATH": os.defpath}, log=log) as server:
        wait_until(lambda: log.read_text().endswith("\n"), seconds=30, what="the stub is up")
        url = log.read_text().strip()
        with start_run(folder, url, "--time=30s", *options, ADMIN_USERNAME=ADMIN[0]) as run:
            resume = threading.Timer(2.0, os.kill, (server.pid, signal.SIGCONT))
            time.sleep(18)
            os.kill(server.pid, signal.SIGSTOP)
            resume.start()
            total: dict[str, Any] = finish(run).summary["total"]
    return total
