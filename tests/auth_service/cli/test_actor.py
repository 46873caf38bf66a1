"""Who runs a command is what the system says, and a user without a name can run every one of them."""

import json
import os
import subprocess
import sys

import pytest
from click.testing import CliRunner
from structlog.testing import capture_logs

from auth_service.cli.__main__ import gatehouse
from testing.checkout import ROOT
from tests.auth_service.databases import KEY_SECRET
from tests.auth_service.people import DEMO

NOBODY_KNOWS = 54321
PASSWORD = "compile-the-7-cobol-cards"


@pytest.fixture
def runner(database_url: str, monkeypatch: pytest.MonkeyPatch) -> CliRunner:
    monkeypatch.setenv("AUTH_DATABASE_URL", database_url)
    monkeypatch.setenv("AUTH_KEY_ENCRYPTION_SECRET", KEY_SECRET)
    for name in ("LOGNAME", "USER", "LNAME", "USERNAME", "HOME"):
        monkeypatch.delenv(name, raising=False)
    return CliRunner()


def actors(runner: CliRunner) -> set[str]:
    answer = runner.invoke(gatehouse, ["--json", "audit"])
    assert answer.exit_code == 0, answer.output
    return {entry["actor"] for entry in json.loads(answer.stdout) if entry["actor"]}


def test_the_environment_chooses_no_actor(
    runner: CliRunner, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("LOGNAME", "USER"):
        monkeypatch.setenv(name, "somebody-else")
    with capture_logs():
        runner.invoke(gatehouse, ["users", "disable", DEMO.username])
        (actor,) = actors(runner)
    assert actor.startswith(f"command:uid={os.getuid()}")
    assert "somebody-else" not in actor


def test_every_command_works_for_a_user_without_a_name(
    runner: CliRunner, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "getuid", lambda: NOBODY_KNOWS)

    def run(*words: str) -> str:
        answer = runner.invoke(gatehouse, ["--json", *words])
        assert answer.exit_code == 0, (words, answer.output, answer.exception)
        return answer.stdout

    client = ["--confidential", "--grant", "client_credentials", "--scope", "items:read"]
    with capture_logs():
        run("users", "create", "grace", "--password", PASSWORD)
        for words in (["disable"], ["enable"], ["forgive"], ["password", "--password", PASSWORD]):
            run("users", words[0], "grace", *words[1:])
        run("users", "role", "grace", "admin")
        run("users", "list")
        run("sessions", "list", "grace")
        run("sessions", "end", "grace")
        made = json.loads(run("clients", "create", "Nightly job", *client))[0]["client_id"]
        run("clients", "list")
        run("clients", "secret", made)
        run("clients", "remove", made)
        run("keys", "list")
        run("keys", "rotate")
        assert actors(runner) == {f"command:uid={NOBODY_KNOWS}"}


# A process with another user id, which needs no rights of root and may open the same files.
ANOTHER_USER = ("unshare", "--user", f"--map-user={NOBODY_KNOWS}")


def _can_become_another_user() -> bool:
    try:
        return subprocess.run([*ANOTHER_USER, "true"], check=False).returncode == 0
    except FileNotFoundError:
        return False


@pytest.mark.skipif(not _can_become_another_user(), reason="the system allows no user namespace")
def test_a_process_whose_user_has_no_name_can_run_a_command(database_url: str) -> None:
    ended = subprocess.run(
        [*ANOTHER_USER, sys.executable, "-m", "auth_service.cli", "--json", "audit"],
        env={
            "PATH": os.environ["PATH"],
            "AUTH_DATABASE_URL": database_url,
            "AUTH_KEY_ENCRYPTION_SECRET": KEY_SECRET,
        },
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr
    assert "Traceback" not in ended.stderr
