"""The command `gatehouse`: the same validation and the same audit entries as the routes, sentences for errors."""

import json
import re
import sqlite3
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from structlog.testing import capture_logs

from auth_service.audit.context import AuditContext
from auth_service.cli.__main__ import gatehouse
from auth_service.cli.run import run
from auth_service.clients.authentication import first_party_client
from auth_service.container import Container
from auth_service.revocation.store import NewAccessToken
from gatehouse_chassis.database.columns import now
from testing.postgres import PostgreSQL
from tests.auth_service.databases import KEY_SECRET, on_both_databases
from tests.auth_service.people import ADMIN, DEMO

PASSWORD = "compile-the-7-cobol-cards"
NOBODYS = "01a218d2-4d81-75d4-9653-a086e1949613"


@pytest.fixture
def runner(database_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[CliRunner]:
    monkeypatch.setenv("AUTH_DATABASE_URL", database_url)
    monkeypatch.setenv("AUTH_KEY_ENCRYPTION_SECRET", KEY_SECRET)
    # In a process of its own the command logs to standard error.
    with capture_logs():
        yield CliRunner()


def ask(runner: CliRunner, *words: str) -> list[dict[str, Any]]:
    """What the command prints as JSON."""
    answer = runner.invoke(gatehouse, ["--json", *words])
    assert answer.exit_code == 0, answer.output
    listed: list[dict[str, Any]] = json.loads(answer.stdout) if answer.stdout else []
    return listed


def refusal(runner: CliRunner, *words: str) -> str:
    """The sentence of a command that fails."""
    answer: Result = runner.invoke(gatehouse, [*words])
    assert answer.exit_code != 0
    assert "Traceback" not in answer.output
    return answer.stderr


@on_both_databases
def test_a_user_is_made_found_promoted_and_disabled(runner: CliRunner) -> None:
    (made,) = ask(runner, "users", "create", "grace", "--password", PASSWORD)
    assert (made["username"], made["role"]) == ("grace", "user")
    ask(runner, "users", "role", "grace", "admin")
    ask(runner, "users", "disable", "grace")
    (found,) = ask(runner, "users", "list", "--search", "GRA")
    assert (found["role"], found["disabled"]) == ("admin", True)
    ask(runner, "users", "enable", "grace")
    told = ask(runner, "audit", "--subject", made["id"])
    assert [entry["event"] for entry in reversed(told)] == [
        "user_created",
        "role_changed",
        "user_disabled",
        "user_enabled",
    ]
    assert {entry["actor"].partition(":")[0] for entry in told} == {"command"}


def test_a_table_is_for_people(runner: CliRunner) -> None:
    lines = runner.invoke(gatehouse, ["users", "list"]).stdout.splitlines()
    assert lines[0].split() == ["USERNAME", "ROLE", "DISABLED", "EMAIL", "CREATED_AT"]
    assert [line.split()[0] for line in lines[1:]] == [DEMO.username, ADMIN.username]


def table(runner: CliRunner, *words: str) -> list[list[str]]:
    """The cells of the table that a command prints, without its heading."""
    answer = runner.invoke(gatehouse, [*words])
    assert answer.exit_code == 0, answer.output
    return [re.split(r"  +", line) for line in answer.stdout.splitlines()[1:]]


def test_a_table_has_words_and_nothing_of_python(runner: CliRunner) -> None:
    words = ["--confidential", "--grant", "client_credentials", "--grant", "refresh_token"]
    runner.invoke(
        gatehouse,
        ["clients", "create", "Shop", *words, "--scope", "items:read", "--scope", "items:write"],
    )
    (client,) = table(runner, "clients", "list")
    assert client[1:] == [
        "Shop",
        "yes",
        "client_credentials, refresh_token",
        "items:read, items:write",
    ]
    username, role, disabled, email, created = table(runner, "users", "list")[0]
    assert (username, role, disabled, email) == (DEMO.username, "user", "no", "-")
    assert re.fullmatch(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\dZ", created)
    (key,) = table(runner, "keys", "list")
    assert key[2] == "-"
    (made,) = table(runner, "audit", "--event", "client_created")
    assert not re.search(r"None|True|False|[\[\]{}']", " ".join(made))


def test_the_audit_log_has_names_beside_ids(runner: CliRunner) -> None:
    (made,) = ask(runner, "users", "create", "grace", "--password", PASSWORD)
    words = ["--confidential", "--grant", "client_credentials", "--scope", "items:read"]
    (client,) = ask(runner, "clients", "create", "Nightly job", *words)

    subjects = {(row[1], row[2]) for row in table(runner, "audit")}

    assert ("user_created", f"grace ({made['id']})") in subjects
    assert ("client_created", f"Nightly job ({client['client_id']})") in subjects
    assert ask(runner, "audit", "--subject", made["id"])[0]["subject"] == made["id"]


def test_a_session_shows_where_its_sign_in_came_from(runner: CliRunner) -> None:
    async def sign_in(container: Container, _: AuditContext) -> None:
        user = await container.users.find_by_name(DEMO.username)
        assert user
        await container.sessions.start(
            user.id,
            "items:read",
            "a digest",
            now() + timedelta(days=1),
            access_token=NewAccessToken(first_party_client(password_grant=True), now()),
            known_hash=user.password_hash,
            known_role=user.role,
            context=AuditContext(address="192.0.2.7"),
        )

    run(sign_in)

    (shown,) = table(runner, "sessions", "list", DEMO.username)
    assert shown[-1] == "192.0.2.7"
    assert ask(runner, "sessions", "list", DEMO.username)[0]["address"] == "192.0.2.7"


def test_sessions_are_listed_and_ended(runner: CliRunner) -> None:
    assert ask(runner, "sessions", "list", DEMO.username) == []
    assert ask(runner, "sessions", "end", DEMO.username) == [{"ended": 0}]
    assert "Give a username" in refusal(runner, "sessions", "end")


@on_both_databases
def test_a_client_is_registered_with_a_secret_that_is_told_once(runner: CliRunner) -> None:
    words = ["--confidential", "--grant", "client_credentials", "--scope", "items:read"]
    (made,) = ask(runner, "clients", "create", "Nightly job", *words)
    assert len(made["client_secret"]) == 43
    (listed,) = ask(runner, "clients", "list")
    assert "client_secret" not in listed
    (renewed,) = ask(runner, "clients", "secret", made["client_id"])
    assert renewed["client_secret"] != made["client_secret"]
    ask(runner, "clients", "remove", made["client_id"])
    assert ask(runner, "clients", "list") == []
    told = ask(runner, "audit", "--subject", made["client_id"])
    assert [entry["event"] for entry in reversed(told)] == [
        "client_created",
        "client_secret_renewed",
        "client_removed",
    ]


@on_both_databases
def test_keys_are_rotated(runner: CliRunner) -> None:
    (first,) = ask(runner, "keys", "list")
    (made,) = ask(runner, "keys", "rotate")
    assert {key["kid"] for key in ask(runner, "keys", "list")} == {first["kid"], made["kid"]}
    (told,) = ask(runner, "audit", "--event", "key_created")
    assert told["subject"] == first["kid"]
    (told,) = ask(runner, "audit", "--event", "key_rotated")
    assert told["subject"] == made["kid"]
    assert "waiting for its turn" in refusal(runner, "keys", "rotate")


def test_a_new_password_is_checked_and_changes_are_told(runner: CliRunner) -> None:
    weak = refusal(runner, "users", "password", DEMO.username, "--password", "password1234")
    assert "too easy to guess" in weak
    assert "password1234" not in weak
    ask(runner, "users", "password", DEMO.username, "--password", PASSWORD)
    (told,) = ask(runner, "audit", "--event", "password_changed")
    assert told["subject"]


def test_what_commands_read_and_forgive_is_told(runner: CliRunner) -> None:
    ask(runner, "users", "list", "--search", "ada@example.com")
    ask(runner, "sessions", "list", DEMO.username)
    ask(runner, "users", "forgive", DEMO.username)
    ask(runner, "audit")
    told = [entry for entry in ask(runner, "audit") if entry["actor"]]
    assert [entry["event"] for entry in reversed(told)] == [
        "users_read",
        "sessions_read",
        "sign_ins_forgiven",
        "audit_log_read",
    ]
    assert "ada@example.com" not in str(told)


ESCAPE = "\x1b]0;a title\x07"
HOSTILE = [ESCAPE, "\x7f", "\x9b31m", "\u202eabc", "\u2066abc", "a\nb", "a\u2028b"]


@pytest.mark.parametrize("text", HOSTILE, ids=ascii)
def test_what_is_stored_never_reaches_the_terminal_raw(
    runner: CliRunner, database_url: str, text: str
) -> None:
    # As an earlier release let it in, or someone who writes to the database.
    with sqlite3.connect(database_url.removeprefix("sqlite:///")) as connection:
        connection.execute("UPDATE users SET display_name = ?, email = ?", (text, text))
        connection.execute(
            "INSERT INTO clients (id, client_id, name, grants, redirect_uris, scopes, created_at)"
            " VALUES (?, ?, ?, '[]', '[]', '[]', '2026-01-01 00:00:00')",
            ("0" * 32, f"client-{text}", text),
        )
        connection.execute(
            "INSERT INTO audit_log (id, at, event, actor, details) VALUES (?, ?, ?, ?, ?)",
            ("f" * 32, "2026-01-01 00:00:00", "signed_in", text, json.dumps({"x": text})),
        )
    connection.close()
    for words in (["users", "list"], ["clients", "list"], ["audit"]):
        for style in ([], ["--json"]):
            answer = runner.invoke(gatehouse, [*style, *words])
            assert answer.exit_code == 0, answer.output
            assert text not in answer.stdout
            shown = answer.stdout.replace("\n", "")
            assert shown.isprintable()
            if not style:
                assert "\\" in shown
            else:
                assert json.loads(answer.stdout)


@pytest.mark.parametrize("text", HOSTILE, ids=ascii)
def test_no_client_has_a_name_that_a_terminal_would_obey(runner: CliRunner, text: str) -> None:
    words = ["--confidential", "--grant", "client_credentials", "--scope", "items:read"]
    said = refusal(runner, "clients", "create", f"Shop {text}x", *words)
    assert "control characters" in said
    assert said.replace("\n", "").isprintable()
    said = refusal(runner, "users", "disable", f"x{text}x")
    assert said.replace("\n", "").isprintable()


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["users", "disable", "nobody"], "There is no user 'nobody'"),
        (["users", "forgive", "nobody"], "There is no user 'nobody'"),
        (["sessions", "end", "--id", NOBODYS], f"There is no session {NOBODYS}"),
        (["users", "create", "x", "--password", PASSWORD], "username: "),
        (["users", "create", "grace", "--password", "short"], "password: "),
        (["users", "create", "DEMO", "--password", PASSWORD], "is taken"),
        (["clients", "remove", "client-0"], "There is no client"),
        (["clients", "create", "x", "--grant", "client_credentials", "--scope", "x"], "scope"),
        (["users", "role", "demo", "king"], "king"),
    ],
)
def test_a_mistake_is_a_sentence(runner: CliRunner, words: list[str], sentence: str) -> None:
    assert sentence in refusal(runner, *words)


def test_a_wrong_setting_is_a_sentence(runner: CliRunner, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AUTH_KEY_ENCRYPTION_SECRET")
    assert "AUTH_KEY_ENCRYPTION_SECRET is not set" in refusal(runner, "users", "list")


def test_a_database_that_is_not_there_is_a_sentence(
    runner: CliRunner, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("AUTH_DATABASE_URL", f"sqlite:///{tmp_path}/none.db")
    assert "The database is not migrated: no such table" in refusal(runner, "users", "list")


def test_an_empty_postgresql_is_a_sentence_too(
    runner: CliRunner, monkeypatch: pytest.MonkeyPatch, postgresql: PostgreSQL
) -> None:
    monkeypatch.setenv("AUTH_DATABASE_URL", postgresql.create_database("not-migrated"))
    assert "The database is not migrated: relation" in refusal(runner, "users", "list")
