"""deploy/postgres/create-databases.sh, which runs before every start, on a real PostgreSQL server."""

import asyncio
import os
import subprocess
from collections.abc import Iterator

import asyncpg
import pytest

from testing.checkout import ROOT
from testing.postgres import PostgreSQL, running_postgresql


@pytest.fixture(scope="module")
def server() -> Iterator[PostgreSQL]:
    with running_postgresql() as running:
        yield running


def create(server: PostgreSQL, *names: str, **passwords: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["sh", ROOT / "deploy" / "postgres" / "create-databases.sh"],
        env={
            "PATH": os.environ["PATH"],
            "PGHOST": "127.0.0.1",
            "PGPORT": str(server.port),
            "PGPASSWORD": server.password,
            "DATABASES": " ".join(names),
            **{f"{name.upper()}_DATABASE_PASSWORD": word for name, word in passwords.items()},
        },
        capture_output=True,
        text=True,
        check=False,
    )


def ask(server: PostgreSQL, user: str, password: str, statement: str, database: str = "") -> object:
    async def connected() -> object:
        connection = await asyncpg.connect(
            host="127.0.0.1",
            port=server.port,
            user=user,
            password=password,
            database=database or user,
        )
        try:
            return await connection.fetchval(statement)
        finally:
            await connection.close()

    return asyncio.run(connected())


def test_a_service_that_comes_later_gets_its_database_and_the_data_of_the_others_stays(
    server: PostgreSQL,
) -> None:
    first = create(server, "one", one="first-password")
    assert first.returncode == 0, first.stderr
    ask(server, "one", "first-password", "CREATE TABLE kept AS SELECT 7 AS number")

    later = create(server, "one", "two_more", one="first-password", two_more="it's $odd")

    assert (later.returncode, later.stderr) == (0, "")
    assert ask(server, "one", "first-password", "SELECT number FROM kept") == 7
    assert ask(server, "two_more", "it's $odd", "SELECT current_database()") == "two_more"


def test_the_password_is_what_the_settings_say_now(server: PostgreSQL) -> None:
    create(server, "three", three="before")

    create(server, "three", three="after")

    assert ask(server, "three", "after", "SELECT 1") == 1
    with pytest.raises(asyncpg.InvalidPasswordError):
        ask(server, "three", "before", "SELECT 1")


def test_no_service_opens_the_database_of_another(server: PostgreSQL) -> None:
    create(server, "four", "five", four="four-password", five="five-password")

    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        ask(server, "four", "four-password", "SELECT 1", database="five")


def test_text_sorts_by_code_point_in_every_database(server: PostgreSQL) -> None:
    create(server, "six", six="six-password")

    assert ask(server, "six", "six-password", "SELECT 'Z' < 'a'") is True


def test_a_password_that_is_missing_is_told_by_its_variable(server: PostgreSQL) -> None:
    done = create(server, "seven")

    assert done.returncode == 2
    assert done.stderr == (
        "SEVEN_DATABASE_PASSWORD is not set: run `make up`, which writes it to .env.\n"
    )
