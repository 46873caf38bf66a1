import signal
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.loadtests.command import Outcome, finish, start_locust
from tests.loadtests.stub_api import StubApi

ROWS = {
    "POST /auth/token sign in",
    "POST /auth/token refresh",
    "GET /items/",
    "GET /items/?cursor",
    "GET /items/?q",
    "GET /items/{item_id}",
    "POST /items/",
    "PATCH /items/{item_id}",
    "DELETE /items/{item_id}",
    "DELETE /items/{item_id} clean up",
}


@dataclass(frozen=True)
class GoodRun:
    """A run without faults, on items that were there before it."""

    stub: StubApi
    kept: set[str]
    outcome: Outcome


@pytest.fixture(scope="module")
def good_run(tmp_path_factory: pytest.TempPathFactory) -> Iterator[GoodRun]:
    with StubApi().running() as stub:
        kept = {stub.add_item(f"mine: apple {number}")["id"] for number in range(40)}
        stub.token_life = 1
        report = tmp_path_factory.mktemp("report")
        yield GoodRun(stub, kept, finish(start_locust(report, stub.url, **{"run-time": "2"})))


def test_a_good_run_passes_with_requests_on_every_row(good_run: GoodRun) -> None:
    outcome = good_run.outcome

    assert outcome.exit_code == 0, outcome.output
    assert outcome.rows.keys() >= ROWS
    assert all(outcome.rows.values())
    assert outcome.summary["total"]["failures"] == 0


def test_a_user_signs_in_once_and_refreshes_before_the_token_expires(
    good_run: GoodRun,
) -> None:
    # An expired token would have been a 401, and so a failure.
    assert good_run.outcome.summary["failures"] == []
    assert good_run.outcome.rows["POST /auth/token sign in"] == 2
    assert good_run.outcome.rows["POST /auth/token refresh"] >= 2


def test_a_run_leaves_the_items_as_it_found_them(good_run: GoodRun) -> None:
    assert set(good_run.stub.items) == good_run.kept
    assert all(good_run.stub.versions[item_id] == 1 for item_id in good_run.kept)


def test_a_run_ends_with_a_verdict_and_the_place_of_its_report(good_run: GoodRun) -> None:
    report = good_run.outcome.report / "report.html"

    assert "load test: every request was right." in good_run.outcome.output
    assert f"report: {report}" in good_run.outcome.output
    assert "/items/{item_id}" in report.read_text()


def test_a_wrong_body_fails_the_run_with_a_sentence(stub: StubApi, tmp_path: Path) -> None:
    stub.faults = {"items lack a title"}

    outcome = finish(start_locust(tmp_path, stub.url))

    assert outcome.exit_code == 1
    sentences = {failure["sentence"] for failure in outcome.summary["failures"]}
    assert len(sentences) == 1
    assert "an item lacks a field: check id, title" in sentences.pop()
    assert "Traceback" not in outcome.output


def test_a_412_for_the_current_version_is_a_failure_and_no_lost_race(
    stub: StubApi, tmp_path: Path
) -> None:
    stub.faults = {"every change is lost"}

    outcome = finish(start_locust(tmp_path, stub.url, users="1"))

    assert outcome.exit_code == 1
    assert {failure["row"] for failure in outcome.summary["failures"]} == {"PATCH /items/{item_id}"}


def test_a_run_without_requests_does_not_pass(stub: StubApi, tmp_path: Path) -> None:
    outcome = finish(start_locust(tmp_path, stub.url, users="0"))

    assert outcome.exit_code == 2
    assert "nothing was measured" in outcome.output


def test_sigterm_still_cleans_up_and_writes_the_report(stub: StubApi, tmp_path: Path) -> None:
    with start_locust(tmp_path, stub.url, **{"run-time": "60"}) as run:
        run.wait_until(lambda: bool(stub.items), seconds=15, what="a user has created an item")
        run.stop(signal.SIGTERM)

        outcome = finish(run)

    assert outcome.exit_code == 0, outcome.output
    assert outcome.summary["total"]["requests"] > 0
    assert (tmp_path / "report.html").exists()
    assert stub.items == {}
    assert outcome.output.count("every request was right") == 1
