"""Runs a store's SQLAlchemy Core statements: on SQLite inline, on PostgreSQL through asyncpg.

A short indexed SQLite statement takes less time than handing it to a thread, so it runs on the event loop; the time it
may wait for another writer is bounded by `BUSY_TIMEOUT`. Stores see one interface and write their SQL once.
"""

import sqlite3
from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any

import structlog
from sqlalchemy import (
    Connection,
    CursorResult,
    Engine,
    Executable,
    RowMapping,
    create_engine,
    event,
    make_url,
    text,
)
from sqlalchemy.exc import DBAPIError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

BUSY_TIMEOUT = 1.0
"""Seconds that a SQLite statement waits for another process's write before it fails."""

_FIRST_SAFE_SQLITE = (3, 51, 3)

log = structlog.get_logger(__name__)

Parameters = Mapping[str, Any]


class DatabaseUnavailable(Exception):
    """The database does not answer now; the same request may succeed later."""


@contextmanager
def outages_told_apart() -> Iterator[None]:
    """An outage becomes `DatabaseUnavailable`, whatever the driver calls it; a wrong statement stays what it is."""
    try:
        yield
    except (OSError, OperationalError, PoolTimeoutError) as error:
        raise DatabaseUnavailable(str(error)) from error
    except DBAPIError as error:
        # asyncpg's errors have no class that tells; without a statement it was the connecting that failed.
        if error.connection_invalidated or error.statement is None:
            raise DatabaseUnavailable(str(error)) from error
        raise


class Statements(ABC):
    """Runs statements; within `Database.transaction()` all of them are one transaction, otherwise each is its own."""

    @abstractmethod
    async def _rows(
        self, statement: Executable, parameters: Parameters
    ) -> Sequence[RowMapping]: ...

    @abstractmethod
    async def _count(self, statement: Executable, parameters: Parameters) -> int: ...

    async def fetch_one(self, statement: Executable, **parameters: Any) -> RowMapping | None:
        """The first row, or None."""
        rows = await self._rows(statement, parameters)
        return rows[0] if rows else None

    async def fetch_all(self, statement: Executable, **parameters: Any) -> Sequence[RowMapping]:
        """All rows; the statement has a LIMIT."""
        return await self._rows(statement, parameters)

    async def execute(self, statement: Executable, **parameters: Any) -> int:
        """How many rows the statement changed."""
        return await self._count(statement, parameters)


class Database(Statements):
    """A service's own database."""

    @abstractmethod
    def transaction(self) -> AbstractAsyncContextManager[Statements]:
        """All statements of the block take effect together, or none does when it raises.

        Await nothing but its statements inside: on SQLite the block holds the one write lock of the file.
        """

    @abstractmethod
    async def close(self) -> None:
        """Closes every connection."""

    async def ping(self) -> None:
        """Raises when the database does not answer."""
        await self.fetch_one(text("SELECT 1"))


def open_database(url: str) -> Database:
    """The database at `sqlite:///path` or `postgresql://user:password@host:port/name`; connects when first used."""
    return SQLiteDatabase(url) if url.startswith("sqlite:") else PostgreSQLDatabase(url)


class _InlineStatements(Statements):
    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def _rows(self, statement: Executable, parameters: Parameters) -> Sequence[RowMapping]:
        return self._connection.execute(statement, parameters).mappings().all()

    async def _count(self, statement: Executable, parameters: Parameters) -> int:
        return _row_count(self._connection.execute(statement, parameters))


class SQLiteDatabase(Database):
    """One file in WAL mode, next to which SQLite keeps its `-wal` and `-shm` files: the folder must be writable."""

    def __init__(self, url: str) -> None:
        self.engine = sqlite_engine(url)
        if sqlite3.sqlite_version_info < _FIRST_SAFE_SQLITE:
            log.info(
                "sqlite_may_corrupt_its_wal",
                version=sqlite3.sqlite_version,
                advice="SQLite before 3.51.3 can, very rarely, lose a commit when a checkpoint races a writer; "
                "use PostgreSQL where that matters",
            )

    async def _rows(self, statement: Executable, parameters: Parameters) -> Sequence[RowMapping]:
        with outages_told_apart(), self.engine.connect() as connection:
            return connection.execute(statement, parameters).mappings().all()

    async def _count(self, statement: Executable, parameters: Parameters) -> int:
        with outages_told_apart(), self.engine.connect() as connection:
            return _row_count(connection.execute(statement, parameters))

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Statements]:
        """See `Database.transaction`."""
        with (
            outages_told_apart(),
            self.engine.connect().execution_options(in_transaction=True) as connection,
            connection.begin(),
        ):
            yield _InlineStatements(connection)

    async def close(self) -> None:
        """See `Database.close`."""
        self.engine.dispose()


def sqlite_engine(url: str) -> Engine:
    """A synchronous engine whose statements commit by themselves outside a transaction."""
    if path := make_url(url).database:
        with outages_told_apart():
            Path(path).parent.mkdir(parents=True, exist_ok=True)
    engine = create_engine(
        url,
        connect_args={"isolation_level": None, "timeout": BUSY_TIMEOUT},
        hide_parameters=True,  # an error goes to the log, and what was to be stored may be secret
    )

    @event.listens_for(engine, "connect")
    def set_pragmas(connection: sqlite3.Connection, _record: object) -> None:
        for pragma in (
            "journal_mode=WAL",
            "synchronous=NORMAL",
            "foreign_keys=ON",
            "temp_store=MEMORY",
            "journal_size_limit=16777216",
        ):
            connection.execute(f"PRAGMA {pragma}")
        # SQLite's own folds ASCII only, and a search must find the same on both databases.
        connection.create_function("lower", 1, _lower, deterministic=True)

    @event.listens_for(engine, "begin")
    def take_the_write_lock_first(connection: Connection) -> None:
        # A read that turns into a write fails at once when another process wrote between, whatever the timeout.
        if connection.get_execution_options().get("in_transaction"):
            connection.exec_driver_sql("BEGIN IMMEDIATE")

    return engine


def _lower(value: str | None) -> str | None:
    return value.lower() if isinstance(value, str) else value


class _AsyncStatements(Statements):
    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def _rows(self, statement: Executable, parameters: Parameters) -> Sequence[RowMapping]:
        return (await self._connection.execute(statement, parameters)).mappings().all()

    async def _count(self, statement: Executable, parameters: Parameters) -> int:
        return _row_count(await self._connection.execute(statement, parameters))


class PostgreSQLDatabase(Database):
    """A pool of connections to PostgreSQL."""

    def __init__(self, url: str) -> None:
        self.engine = postgresql_engine(url)
        # One statement needs no BEGIN and COMMIT around it, which are a round trip each.
        self._autocommit = self.engine.execution_options(isolation_level="AUTOCOMMIT")

    async def _rows(self, statement: Executable, parameters: Parameters) -> Sequence[RowMapping]:
        with outages_told_apart():
            async with self._autocommit.connect() as connection:
                return (await connection.execute(statement, parameters)).mappings().all()

    async def _count(self, statement: Executable, parameters: Parameters) -> int:
        with outages_told_apart():
            async with self._autocommit.connect() as connection:
                return _row_count(await connection.execute(statement, parameters))

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Statements]:
        """See `Database.transaction`."""
        with outages_told_apart():
            async with self.engine.begin() as connection:
                yield _AsyncStatements(connection)

    async def close(self) -> None:
        """See `Database.close`."""
        await self.engine.dispose()


def postgresql_engine(url: str) -> AsyncEngine:
    """A pooled asyncpg engine; a connection is made when it is first needed."""
    return create_async_engine(
        make_url(url).set(drivername="postgresql+asyncpg"),
        pool_size=5,
        max_overflow=5,
        pool_timeout=5,
        pool_recycle=1800,
        hide_parameters=True,
        connect_args={"timeout": 5, "command_timeout": 10},
    )


def _row_count(result: CursorResult[Any]) -> int:
    return result.rowcount
