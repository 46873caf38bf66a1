"""A real PostgreSQL server on a free port, whose data lasts as long as the tests."""

import asyncio
import os
import secrets
import shutil
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import asyncpg
import pytest

from testing.certificates import Certificates
from testing.ports import free_port
from testing.processes import Program

_FAST_AND_FORGETFUL = ("fsync=off", "synchronous_commit=off", "full_page_writes=off")
# PostgreSQL refuses to run as root.
_USER = "nobody" if os.getuid() == 0 else None


@dataclass(frozen=True)
class PostgreSQL:
    """A running server; `sockets` is the folder of its Unix socket."""

    port: int
    password: str
    program: Program
    sockets: Path

    def url(self, database: str) -> str:
        return f"postgresql://postgres:{self.password}@127.0.0.1:{self.port}/{database}"

    def create_database(self, name: str) -> str:
        """Make an empty database and return its URL."""
        self.run(f'CREATE DATABASE "{name}"')
        return self.url(name)

    def run(self, *statements: str, database: str = "postgres") -> None:
        """Run statements as the superuser, each by itself."""

        async def run_all() -> None:
            connection = await asyncpg.connect(self.url(database))
            try:
                for statement in statements:
                    await connection.execute(statement)
            finally:
                await connection.close()

        # In a thread of its own: Playwright leaves a loop running in the one of the tests.
        with ThreadPoolExecutor(1) as thread:
            thread.submit(asyncio.run, run_all()).result()

    def refuse_writes(self, database: str, *, refused: bool = True) -> None:
        """End every connection; new ones are read-only for their whole life, as those to a replica are."""
        self.run(
            f'ALTER DATABASE "{database}" SET default_transaction_read_only = {refused}',
            f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{database}'",
        )


@contextmanager
def running_postgresql(tls: Certificates | None = None) -> Iterator[PostgreSQL]:
    """Run a new server; skip where PostgreSQL is not installed, but fail for it under CI."""
    programs = _find_programs()
    # Not pytest's folder: another user could not enter that one.
    folder = Path(tempfile.mkdtemp(prefix="gatehouse-postgresql-"))
    try:
        if _USER:
            shutil.chown(folder, _USER)
        password = secrets.token_hex(16)
        _initialise(programs, folder, password)
        port = free_port()
        settings: tuple[str, ...] = (
            "listen_addresses=127.0.0.1",
            f"port={port}",
            f"unix_socket_directories={folder}",
            *_FAST_AND_FORGETFUL,
        )
        if tls:
            settings += _with_tls(folder, tls)
        options = [word for setting in settings for word in ("-c", setting)]
        with Program(
            "postgresql",
            [programs / "postgres", "-D", folder / "data", *options],
            environment=_environment(),
            log=folder / "postgresql.log",
            user=_USER,
        ) as program:
            program.wait_until(
                lambda: "ready to accept connections" in program.log_tail(),
                seconds=30,
                what="PostgreSQL accepts connections",
            )
            yield PostgreSQL(port, password, program, folder)
    finally:
        shutil.rmtree(folder)


def _initialise(programs: Path, folder: Path, password: str) -> None:
    # initdb reads the password from a file that its own user can read.
    password_file = folder / "password"
    password_file.write_text(password)
    arguments = ["--username=postgres", "--auth=scram-sha-256", f"--pwfile={password_file}"]
    arguments += [
        "--encoding=UTF8",
        "--locale=C.UTF-8",
        "--no-sync",
        "--pgdata",
        str(folder / "data"),
    ]
    with Program(
        "initdb",
        [programs / "initdb", *arguments],
        environment=_environment(),
        log=folder / "initdb.log",
        user=_USER,
    ) as initdb:
        assert initdb.wait(seconds=60) == 0, initdb.log_tail()
    password_file.unlink()


def _with_tls(folder: Path, tls: Certificates) -> tuple[str, ...]:
    """Copy the certificate to where the server's user can read it."""
    for file in (tls.certificate, tls.key):
        copy = folder / file.name
        copy.write_bytes(file.read_bytes())
        copy.chmod(0o600)
        if _USER:
            shutil.chown(copy, _USER)
    certificate, key = folder / tls.certificate.name, folder / tls.key.name
    return ("ssl=on", f"ssl_cert_file={certificate}", f"ssl_key_file={key}")


def _find_programs() -> Path:
    # Debian keeps the server's programs in a folder of each version, and none of them on PATH.
    folders = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=_version, reverse=True)
    on_path = shutil.which("initdb")
    for folder in (*folders, *([Path(on_path).parent] if on_path else [])):
        if (folder / "postgres").exists() and (folder / "initdb").exists():
            return folder
    reason = "PostgreSQL is not installed; on Debian: apt-get install postgresql"
    if os.environ.get("CI"):
        pytest.fail(reason)
    pytest.skip(reason)


def _version(folder: Path) -> int:
    name = folder.parent.name
    return int(name) if name.isdigit() else 0


def _environment() -> dict[str, str]:
    return {"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8"}
