"""Whole runs against a stub: what they measure, whom they sign in, and what they leave behind."""

import os
import signal
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.loadtests.command import Outcome, finish, start_run
from tests.loadtests.stub_api import ADMIN, CLIENT_ID, DEMO, StubApi

ROWS = {
    "POST /auth/token [password]",
    "POST /auth/token [client_credentials]",
    "POST /auth/token [refresh]",
    "POST /auth/revoke",
    "GET /items/ [prepare]",
    "POST /items/ [prepare]",
    "GET /items/",
    "GET /items/?cursor",
    "GET /items/?q",
    "GET /items/{item_id}",
    "POST /items/",
    "PATCH /items/{item_id}",
    "DELETE /items/{item_id}",
    "DELETE /items/{item_id} [clean up]",
    "GET /items/ [bad token]",
    "POST /items/ [bad token]",
    "GET /auth/users/me [bad token]",
}
GENEROUS = '["GET /items/{item_id}"]\np99 = 60000\n'
IMPOSSIBLE = '["GET /items/{item_id}"]\np50 = 0.001\n'


@dataclass(frozen=True)
class GoodRun:
    """A run of two processes without faults, whose tokens lived for two seconds."""

    stub: StubApi
    outcome: Outcome


@pytest.fixture(scope="module")
def good_run(tmp_path_factory: pytest.TempPathFactory) -> Iterator[GoodRun]:
    folder = tmp_path_factory.mktemp("good")
    with StubApi().running() as stub:
        stub.token_life = 2
        run = start_run(folder, stub.url, *budgets(folder, GENEROUS), "--time=5s", "--processes=2")
        yield GoodRun(stub, finish(run))


def budgets(folder: Path, text: str) -> list[str]:
    file = folder / "budgets.toml"
    file.write_text(text)
    return [f"--budgets={file}"]


def test_a_good_run_ends_with_0_and_has_requests_on_every_row(good_run: GoodRun) -> None:
    outcome = good_run.outcome

    assert outcome.exit_code == 0, outcome.output
    assert set(outcome.rows) == ROWS
    assert all(outcome.rows.values())
    assert outcome.summary["total"]["failures"] == 0


def test_two_processes_are_judged_once(good_run: GoodRun) -> None:
    outcome = good_run.outcome

    assert outcome.output.count("every budget was kept.") == 1
    assert outcome.output.count(" no budget\n") == len(ROWS) - 1


def test_the_last_request_of_every_worker_is_counted(good_run: GoodRun) -> None:
    rows = good_run.outcome.rows
    made = rows["POST /items/ [prepare]"] + rows["POST /items/"]
    deleted = rows["DELETE /items/{item_id} [clean up]"] + rows["DELETE /items/{item_id}"]

    # The stub counts what came, and the users' last requests are those that delete.
    assert made == deleted
    assert good_run.stub.items == {}


def test_no_two_users_of_two_processes_have_the_same_account(good_run: GoodRun) -> None:
    signed_in = {name: count for name, count in good_run.stub.sign_ins.items() if name != ADMIN[0]}

    # Five readers and two writers sign in once; the one of the crowd does so again and again.
    assert len(signed_in) == 8
    assert sorted(signed_in.values())[:7] == [1] * 7
    assert max(signed_in.values()) > 1


def test_users_refresh_their_tokens_before_they_expire(good_run: GoodRun) -> None:
    # An expired token would have been a 401, and so a failure.
    assert good_run.outcome.summary["failures"] == []
    assert good_run.stub.grants["refresh_token"] >= 7


def test_a_run_leaves_nothing_but_accounts_that_cannot_sign_in(good_run: GoodRun) -> None:
    assert good_run.stub.items == {}
    assert good_run.stub.clients == []
    assert set(good_run.stub.refresh_tokens.values()) <= {CLIENT_ID}
    assert good_run.stub.disabled == good_run.stub.passwords.keys() - {ADMIN[0], DEMO[0]}
    assert len(good_run.stub.disabled) == 10


def test_the_next_run_uses_the_accounts_again(stub: StubApi, tmp_path: Path) -> None:
    generous = budgets(tmp_path, GENEROUS)
    finish(start_run(tmp_path, stub.url, *generous, "--time=1s"))
    after_first = set(stub.passwords)

    outcome = finish(start_run(tmp_path, stub.url, *generous, "--time=1s"))

    assert outcome.exit_code == 0, outcome.output
    assert set(stub.passwords) == after_first
    assert stub.clients == []


def test_a_run_whose_process_was_killed_in_the_middle_cannot_tell(
    stub: StubApi, tmp_path: Path
) -> None:
    options = [*budgets(tmp_path, GENEROUS), "--time=8s", "--processes=2"]
    with start_run(tmp_path, stub.url, *options) as run:
        run.wait_until(
            lambda: stub.sign_ins.total() > 8, seconds=30, what="all users have signed in"
        )
        os.kill(run.children[0], signal.SIGKILL)

        outcome = finish(run)

    assert outcome.exit_code == 4, outcome.output
    assert "cannot tell: 1 of 2 processes of the load generator ended before" in outcome.output
    assert outcome.summary["exit_code"] == 4
    assert "every budget was kept" not in outcome.output


def test_a_run_that_was_too_short_cannot_tell(stub: StubApi, tmp_path: Path) -> None:
    many = '["GET /items/{item_id}"]\nminimum = 100000\n'

    outcome = finish(start_run(tmp_path, stub.url, *budgets(tmp_path, many), "--time=1s"))

    assert outcome.exit_code == 4, outcome.output
    assert "more seconds are needed): GET /items/{item_id} (" in outcome.output
    assert "at least 100000). Give it more TIME=." in outcome.output


def test_what_a_killed_run_left_behind_is_deleted_by_the_next(
    stub: StubApi, tmp_path: Path
) -> None:
    generous = budgets(tmp_path, GENEROUS)
    with start_run(tmp_path, stub.url, *generous, "--time=60s", "--users=1") as killed:
        killed.wait_until(lambda: bool(stub.items), seconds=30, what="a user has made an item")
        killed.stop(signal.SIGKILL)
    assert stub.items

    finish(start_run(tmp_path, stub.url, *generous, "--time=2s", "--users=1"))

    assert stub.items == {}


def test_without_an_administrator_everybody_is_the_demo_user_and_its_items_stay(
    stub: StubApi, tmp_path: Path
) -> None:
    kept = {stub.add_item(DEMO[0], f"load test: apple {number}")["id"] for number in range(5)}

    run = start_run(tmp_path, stub.url, *budgets(tmp_path, GENEROUS), ADMIN_PASSWORD="")
    outcome = finish(run)

    assert outcome.exit_code == 0, outcome.output
    assert f"every user signs in as {DEMO[0]!r}" in outcome.output
    assert set(stub.items) == kept
    assert all(stub.versions[item_id] == 1 for item_id in kept)
    assert set(stub.sign_ins) == {DEMO[0]}
    assert not stub.clients
    assert "POST /auth/token [client_credentials]" not in outcome.rows


def test_a_stack_without_items_is_loaded_with_sign_ins_and_account_reads(
    stub: StubApi, tmp_path: Path
) -> None:
    stub.faults = {"items is absent"}

    # With the project's own budgets: those of items do not apply.
    outcome = finish(start_run(tmp_path, stub.url))

    assert outcome.exit_code == 0, outcome.output
    assert {row for row, requests in outcome.rows.items() if requests} == {
        "POST /auth/token [password]",
        "POST /auth/revoke",
        "GET /auth/users/me",
        "GET /auth/users/me [bad token]",
    }
    assert not [row for row in outcome.rows if "/items" in row]
    assert stub.calls_of_absent_services == 0


def test_a_broken_budget_ends_with_3_and_names_the_row(stub: StubApi, tmp_path: Path) -> None:
    outcome = finish(start_run(tmp_path, stub.url, *budgets(tmp_path, IMPOSSIBLE)))

    assert outcome.exit_code == 3, outcome.output
    assert "broken: GET /items/{item_id} (p50 of " in outcome.output
    assert outcome.summary["exit_code"] == 3


def test_a_token_that_nobody_issued_and_that_is_taken_is_a_failure(
    stub: StubApi, tmp_path: Path
) -> None:
    stub.faults = {"every token is good"}

    outcome = finish(start_run(tmp_path, stub.url))

    assert outcome.exit_code == 3
    failed = {one["row"]: one["sentence"] for one in outcome.summary["failures"]}
    assert "a forged token was let in" in failed["GET /items/ [bad token]"]
    assert "a forged token was let in" in failed["POST /items/ [bad token]"]


@pytest.mark.parametrize("processes", [1, 2])
def test_a_wrong_body_is_a_failure_with_a_sentence(
    processes: int, stub: StubApi, tmp_path: Path
) -> None:
    stub.faults = {"items lack a title"}

    outcome = finish(start_run(tmp_path, stub.url, f"--processes={processes}"))

    assert outcome.exit_code == 3
    sentences = {failure["sentence"] for failure in outcome.summary["failures"]}
    assert len(sentences) == 1
    assert sentences.pop().startswith("an item lacks a field: check id, title")
    assert "Traceback" not in outcome.output


@pytest.mark.parametrize("processes", [1, 2])
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT], ids=["SIGTERM", "SIGINT"])
def test_a_signal_still_cleans_up_judges_and_reports(
    number: signal.Signals, processes: int, stub: StubApi, tmp_path: Path
) -> None:
    options = [*budgets(tmp_path, GENEROUS), "--time=60s", f"--processes={processes}"]
    with start_run(tmp_path, stub.url, *options) as run:
        run.wait_until(
            lambda: stub.sign_ins.total() > 8, seconds=30, what="all users have signed in"
        )
        run.stop(number)

        outcome = finish(run)

    # It did not do what it was to do, so it has not passed either.
    assert outcome.exit_code == 4, outcome.output
    assert outcome.output.count("cannot tell: it was ended after ") == 1
    assert outcome.summary["total"]["requests"] > 0
    assert (outcome.report / "report.html").exists()
    assert stub.items == {}
