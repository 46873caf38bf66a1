"""What a URL of libpq says holds for a service and for its migrations, and what cannot be done is a sentence."""

import asyncio
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import text

from gatehouse_chassis.database import Database, DatabaseUnavailable, migrations, open_database
from gatehouse_chassis.database.postgresql_url import PostgreSQLURL
from testing.certificates import Certificates
from testing.checkout import ROOT
from testing.ports import free_port
from testing.postgres import PostgreSQL, running_postgresql

MIGRATIONS = ROOT / "items_service" / "migrations"
_ENCRYPTED = text("SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()")


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    return Certificates(tmp_path_factory.mktemp("certificates"), host="localhost")


@pytest.fixture(scope="module")
def server(certificates: Certificates) -> Iterator[PostgreSQL]:
    """A server that takes connections with TLS and without."""
    with running_postgresql(tls=certificates) as running:
        running.create_database("items")
        yield running


def _migrate_and_read(url: str) -> bool:
    """Migrate, then read as a service does; whether the connection is encrypted."""
    migrations.migrate(MIGRATIONS, url)

    async def read() -> bool:
        database = open_database(url)
        try:
            assert await database.fetch_all(text("SELECT * FROM items LIMIT 1")) == []
            row = await database.fetch_one(_ENCRYPTED)
            return row is not None and bool(row["ssl"])
        finally:
            await database.close()

    return asyncio.run(read())


@pytest.mark.parametrize(
    ("parameters", "encrypted"),
    [
        ("", True),  # libpq's default is prefer
        ("?sslmode=disable", False),
        ("?sslmode=prefer&connect_timeout=10&application_name=gatehouse", True),
        ("?sslmode=require&channel_binding=prefer", True),
        ("?ssl=require", True),
        ("?sslmode=verify-full&sslrootcert={authority}", True),
        ("?sslmode=verify-ca&sslrootcert={authority}", True),
    ],
)
def test_tls_is_as_the_url_says(
    server: PostgreSQL, certificates: Certificates, parameters: str, encrypted: bool
) -> None:
    url = server.url("items").replace("127.0.0.1", "localhost")
    said = parameters.format(authority=certificates.authority)
    assert _migrate_and_read(url + said) is encrypted


def test_a_server_whose_certificate_is_not_of_that_authority_is_refused(
    server: PostgreSQL, tmp_path: Path
) -> None:
    other = Certificates(tmp_path).authority
    url = server.url("items").replace("127.0.0.1", "localhost")
    for said in (f"sslmode=verify-ca&sslrootcert={other}", "sslrootcert=system"):
        with pytest.raises(DatabaseUnavailable, match="certificate verify failed"):
            migrations.migrate(MIGRATIONS, f"{url}?{said}")


@pytest.mark.parametrize(
    "form",
    [
        "/items?host={folder}&port={port}",
        "{quoted}:{port}/items",
        "/?dbname=items&host={folder}&port={port}",
    ],
)
def test_a_unix_socket_is_a_host(server: PostgreSQL, form: str) -> None:
    quoted = str(server.sockets).replace("/", "%2F")
    where = form.format(folder=server.sockets, port=server.port, quoted=quoted)
    assert _migrate_and_read(f"postgresql://postgres:{server.password}@{where}") is False


@pytest.mark.parametrize("target", ["", "?target_session_attrs=read-write"])
def test_a_host_that_is_down_is_passed_over(server: PostgreSQL, target: str) -> None:
    url = server.url("items").replace("127.0.0.1", f"127.0.0.1:{free_port()},127.0.0.1")
    assert _migrate_and_read(url + target)


def test_a_host_that_says_nothing_is_passed_over_in_time(server: PostgreSQL) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        url = server.url("items").replace("127.0.0.1", f"127.0.0.1:{port},127.0.0.1")
        assert _migrate_and_read(url)


async def _error_of(database: Database) -> str:
    with pytest.raises(DatabaseUnavailable) as failed:
        await database.ping()
    await database.close()
    return str(failed.value)


async def test_who_says_nothing_is_named() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        database = open_database(f"postgresql://me@127.0.0.1:{port}/name?connect_timeout=1")
        assert await _error_of(database) == f"127.0.0.1:{port} does not answer within 1 s"


@pytest.mark.parametrize(
    ("url", "hosts"),
    [
        ("postgresql://me@one/name", [("one", 5432)]),
        ("postgres://me@one:1/name", [("one", 1)]),
        ("postgresql://one,two:2/name", [("one", 5432), ("two", 2)]),
        ("postgresql://[::1]:3,[fe80::2]/name", [("::1", 3), ("fe80::2", 5432)]),
        ("postgresql:///name", [None]),
        ("postgresql:///name?port=4", [("localhost", 4)]),
        ("postgresql://ignored/name?host=one,two&port=5", [("one", 5), ("two", 5)]),
        ("postgresql:///?dbname=name&host=/run/postgresql", [("/run/postgresql", 5432)]),
        ("postgresql://%2Frun%2Fpostgresql/name", [("/run/postgresql", 5432)]),
    ],
)
def test_hosts_are_read_as_libpq_reads_them(
    monkeypatch: pytest.MonkeyPatch, url: str, hosts: list[tuple[str, int] | None]
) -> None:
    monkeypatch.delenv("PGPORT", raising=False)
    assert [*PostgreSQLURL.parse(url).hosts] == hosts


@pytest.mark.parametrize(
    ("url", "clause"),
    [
        ("postgresql://me:a@b@one/name", "is not percent-encoded"),
        ("postgresql://me:a/b@one/name", "is not percent-encoded"),
        ("postgresql://me:a#b@one/name", "is not percent-encoded"),
        ("postgresql://me:a[b@one/name", "is not percent-encoded"),
        ("postgresql://one/name?application_name=a#b", "it has a #"),
        ("postgresql://me:hunter2\N{FULLWIDTH COMMERCIAL AT}one/name", "is no URL such as"),
        ("postgresql://one:99999/name", "a port is a number"),
        ("postgresql://one,two/name?port=1,2,3", "another number of ports"),
        ("postgresql://one/name?sslmode", "name=value"),
        ("postgresql://one/", "names no database"),
        ("postgresql://one/name?sslmode=maybe", "says sslmode=maybe; it can be disable,"),
        ("postgresql://one/name?sslmode=verify-full", "by whose certificate"),
        ("postgresql://one/name?sslrootcert=/no/such.pem", "no such file to read"),
        ("postgresql://one/name?sslmode=require&sslrootcert=system", "needs sslmode=verify-full"),
        ("postgresql://one/name?channel_binding=require", "the driver (asyncpg) cannot do"),
        ("postgresql://one/name?keepalives_idle=3", "says keepalives_idle"),
        ("postgresql://one/name?target_session_attrs=standby", "reads and writes"),
        ("postgresql://one/name?pooler=statement", "can be transaction, session"),
        ("postgresql://one/name?connect_timeout=soon", "whole number of seconds"),
    ],
)
def test_what_cannot_work_is_a_clause(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, url: str, clause: str
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))  # without a ~/.postgresql
    monkeypatch.delenv("PGSSLROOTCERT", raising=False)
    with pytest.raises(ValueError) as refused:  # noqa: PT011  # the clause is looked at below
        PostgreSQLURL.parse(url)
    assert clause in str(refused.value)
    assert "hunter2" not in str(refused.value)
