"""SQLite: one file in WAL mode, next to which SQLite keeps its `-wal` and `-shm` files: the folder must be writable.

A short indexed statement takes less time than handing it to a thread, so it runs on the event loop; the time it may
wait for another writer is bounded by `BUSY_TIMEOUT` (docs/decisions/0004).
"""

import sqlite3
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any

import structlog
from sqlalchemy import Executable, make_url
from sqlalchemy.dialects import sqlite

from chassis.database.compiled import compiler
from chassis.database.interface import (
    Database,
    DatabaseUnavailable,
    IntegrityError,
    Parameters,
    Row,
    Statements,
)

BUSY_TIMEOUT = 1.0
"""Seconds that a statement waits for another process's write before it fails."""

_FIRST_SAFE_SQLITE = (3, 51, 3)
_PRAGMAS = (
    "journal_mode=WAL",
    "synchronous=NORMAL",
    "foreign_keys=ON",
    "temp_store=MEMORY",
    "journal_size_limit=16777216",
)

log = structlog.get_logger(__name__)

_compiled = compiler(sqlite.dialect())


class _OneConnection(Statements):
    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    async def fetch_all(self, statement: Executable, **parameters: Any) -> Sequence[Row]:
        return _rows(self._connection, statement, parameters)

    async def execute(self, statement: Executable, **parameters: Any) -> int:
        return _count(self._connection, statement, parameters)


class SQLiteDatabase(Database):
    """The file that `sqlite:///path` names. Its connections are kept open; a transaction has one to itself."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._free: list[sqlite3.Connection] = []
        if sqlite3.sqlite_version_info < _FIRST_SAFE_SQLITE:
            log.info(
                "sqlite_may_corrupt_its_wal",
                version=sqlite3.sqlite_version,
                advice="SQLite before 3.51.3 can, very rarely, lose a commit when a checkpoint races a writer; "
                "use PostgreSQL where that matters",
            )

    async def fetch_all(self, statement: Executable, **parameters: Any) -> Sequence[Row]:
        """See `Statements.fetch_all`."""
        with errors_translated():
            connection = self._take()
            try:
                return _rows(connection, statement, parameters)
            finally:
                self._free.append(connection)

    async def execute(self, statement: Executable, **parameters: Any) -> int:
        """See `Statements.execute`."""
        with errors_translated():
            connection = self._take()
            try:
                return _count(connection, statement, parameters)
            finally:
                self._free.append(connection)

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Statements]:
        """See `Database.transaction`."""
        with errors_translated():
            connection = self._take()
            try:
                # A read that turns into a write fails at once when another process wrote between, whatever the timeout.
                connection.execute("BEGIN IMMEDIATE")
                yield _OneConnection(connection)
                connection.execute("COMMIT")
            finally:
                if connection.in_transaction:
                    connection.execute("ROLLBACK")
                self._free.append(connection)

    async def close(self) -> None:
        """See `Database.close`."""
        while self._free:
            self._free.pop().close()

    def _take(self) -> sqlite3.Connection:
        return self._free.pop() if self._free else connect(self._url)


def connect(url: str) -> sqlite3.Connection:
    """A connection whose statements commit by themselves outside a transaction.

    Raises:
        DatabaseUnavailable: the file or its folder cannot be opened.
    """
    path = make_url(url).database or ":memory:"
    with errors_translated():
        Path(path).parent.mkdir(parents=True, exist_ok=True)
        connection = sqlite3.connect(
            path,
            isolation_level=None,
            timeout=BUSY_TIMEOUT,
            check_same_thread=False,  # it is in one hand at a time, whichever thread runs the event loop
        )
        for pragma in _PRAGMAS:
            connection.execute(f"PRAGMA {pragma}")
    # SQLite's own folds ASCII only, and a search must find the same on both databases.
    connection.create_function("lower", 1, _lower, deterministic=True)
    return connection


@contextmanager
def errors_translated() -> Iterator[None]:
    """The driver's errors in the words of `chassis.database`."""
    try:
        yield
    except sqlite3.IntegrityError as error:
        raise IntegrityError(str(error)) from None
    except (OSError, sqlite3.OperationalError) as error:
        raise DatabaseUnavailable(str(error)) from error


def _rows(
    connection: sqlite3.Connection, statement: Executable, parameters: Parameters
) -> list[Row]:
    compiled = _compiled(statement, tuple(parameters))
    cursor = connection.execute(compiled.sql, compiled.arguments(parameters))
    return compiled.rows(cursor.fetchall(), (column[0] for column in cursor.description or ()))


def _count(connection: sqlite3.Connection, statement: Executable, parameters: Parameters) -> int:
    compiled = _compiled(statement, tuple(parameters))
    return connection.execute(compiled.sql, compiled.arguments(parameters)).rowcount


def _lower(value: str | None) -> str | None:
    return value.lower() if isinstance(value, str) else value
