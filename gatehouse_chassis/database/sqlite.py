"""SQLite: one file in WAL mode, next to which SQLite keeps its `-wal` and `-shm` files: the folder must be writable.

A short indexed statement takes less time than handing it to a thread, so it runs on the event loop; the time it may
wait for another writer is bounded by `BUSY_TIMEOUT` (docs/decisions/0004). A search may read every row of a table, so
it runs in a thread.
"""

import asyncio
import sqlite3
import threading
import time
from collections.abc import AsyncIterator, Callable, Hashable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, closing, suppress
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

import structlog
from sqlalchemy import Executable, make_url, text
from sqlalchemy.dialects import sqlite

from gatehouse_chassis.database.compiled import compiler
from gatehouse_chassis.database.failures import Verdict, cause_of, in_our_words, of_sqlite
from gatehouse_chassis.database.interface import (
    Database,
    DatabaseUnavailable,
    IntegrityError,
    InvalidValue,
    Parameters,
    Row,
    Statements,
    WritesRefused,
)
from gatehouse_chassis.database.searches import SearchTurns

BUSY_TIMEOUT = 1.0
"""Seconds that a statement waits for another process's write before it fails."""

_PAUSE = 0.001
_STEPS_BETWEEN_LOOKS = 10_000
_FIRST_SAFE_SQLITE = (3, 51, 3)
_PRAGMAS = (
    "journal_mode=WAL",
    "synchronous=NORMAL",
    "foreign_keys=ON",
    "temp_store=MEMORY",
    "journal_size_limit=16777216",
)

_SCHEMA = text("SELECT name FROM sqlite_schema LIMIT 1")

Result = TypeVar("Result")

log = structlog.get_logger(__name__)

_compiled = compiler(sqlite.dialect())


class _Busy(DatabaseUnavailable):
    """Another process writes."""


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
        self._generation = 0
        # One thread: searches wait for each other, and nothing else waits for them.
        self._searches = SearchTurns(1)
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="sqlite-search")
        if sqlite3.sqlite_version_info < _FIRST_SAFE_SQLITE:
            log.info(
                "sqlite_may_corrupt_its_wal",
                version=sqlite3.sqlite_version,
                advice="SQLite before 3.51.3 can, very rarely, lose a commit when a checkpoint races a writer; "
                "use PostgreSQL where that matters",
            )

    async def fetch_all(self, statement: Executable, **parameters: Any) -> Sequence[Row]:
        """See `Statements.fetch_all`."""
        return await self._when_free(partial(_rows, statement=statement, parameters=parameters))

    async def execute(self, statement: Executable, **parameters: Any) -> int:
        """See `Statements.execute`."""
        return await self._when_free(partial(_count, statement=statement, parameters=parameters))

    async def search(
        self, statement: Executable, *, searcher: Hashable | None, **parameters: Any
    ) -> Sequence[Row]:
        """See `Database.search`. A write elsewhere does not hinder it (WAL)."""
        async with self._searches.turn(searcher):
            generation, connection = self._generation, self._take()
            stop = threading.Event()
            reading = asyncio.get_running_loop().run_in_executor(
                self._thread, _search, connection, stop, statement, parameters
            )
            try:
                return await asyncio.shield(reading)
            except asyncio.CancelledError:
                # The client has gone or the time is up. The turn is over when the thread is done.
                stop.set()
                await asyncio.wait([reading])
                raise
            except DatabaseUnavailable as error:
                self._note(error)
                raise
            finally:
                if reading.done():
                    self._give_back(connection, generation)

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Statements]:
        """See `Database.transaction`."""
        # A read that turns into a write fails at once when another process wrote between, whatever the timeout.
        generation = self._generation
        connection = await self._when_free(_begin)
        try:
            yield _OneConnection(connection)
            _run(connection, "COMMIT")
        except DatabaseUnavailable as error:
            self._note(error)
            raise
        finally:
            if connection.in_transaction:
                with suppress(DatabaseUnavailable):
                    _run(connection, "ROLLBACK")
            self._give_back(connection, generation)

    async def ping(self) -> None:
        """See `Database.ping`. A new connection reads the file; one that is open may know it by heart."""
        try:
            _read_anew(self._url)
        except (
            WritesRefused
        ):  # where nothing can be written, none can be opened; those that are open go on
            await self.fetch_all(_SCHEMA)
        except DatabaseUnavailable as error:
            self._note(error)
            raise

    async def check_writes(self) -> None:
        """See `Database.check_writes`. The one way to know is to write: here the file's first page, as it was."""
        await self._when_free(_rewrite_first_page, counts=False)

    async def _when_free(
        self, work: Callable[[sqlite3.Connection], Result], *, counts: bool = True
    ) -> Result:
        """Tries for `BUSY_TIMEOUT`; SQLite's own waiting would stop every other request of this worker.

        A connection in which work began a transaction is not free yet.
        """
        give_up_at = None
        while True:
            generation, connection = self._generation, self._take()
            try:
                return work(connection)
            except _Busy:
                give_up_at = give_up_at or time.monotonic() + BUSY_TIMEOUT
                if time.monotonic() > give_up_at:
                    raise
            except DatabaseUnavailable as error:
                self._note(error, counts=counts)
                raise
            finally:
                if not connection.in_transaction:
                    self._give_back(connection, generation)
            await asyncio.sleep(_PAUSE)

    def _take(self) -> sqlite3.Connection:
        return self._free.pop() if self._free else connect(self._url)

    def _give_back(self, connection: sqlite3.Connection, generation: int) -> None:
        if generation == self._generation and not connection.in_transaction:
            self._free.append(connection)
        else:
            connection.close()

    def _note(self, error: DatabaseUnavailable, *, counts: bool = True) -> None:
        if isinstance(error, WritesRefused) and counts:
            self.on_writes_refused()
        if not error.is_lost:
            return
        if not isinstance(error, WritesRefused):
            self._give_up_connections()
            return
        # A connection that is read-only is good enough for reads where no other can be opened.
        with suppress(DatabaseUnavailable):
            new = connect(self._url)
            self._give_up_connections()
            self._free.append(new)

    def _give_up_connections(self) -> None:
        """All of them, those in use when they come back: what was opened in an outage stays as it was then."""
        self._generation += 1
        while self._free:
            self._free.pop().close()

    async def close(self) -> None:
        """See `Database.close`."""
        self._thread.shutdown(wait=False, cancel_futures=True)
        while self._free:
            self._free.pop().close()


def connect(url: str) -> sqlite3.Connection:
    """A connection whose statements commit by themselves outside a transaction.

    Raises:
        DatabaseUnavailable: the file or its folder cannot be opened, or is no database.
    """
    path = _path(url)
    try:
        Path(path).parent.mkdir(parents=True, exist_ok=True)
        connection = sqlite3.connect(
            path,
            isolation_level=None,
            timeout=BUSY_TIMEOUT,
            check_same_thread=False,  # it is in one hand at a time, whichever thread runs the event loop
        )
    except (OSError, sqlite3.OperationalError) as error:
        raise DatabaseUnavailable(cause_of(error)) from error
    try:
        for pragma in _PRAGMAS:
            _run(connection, f"PRAGMA {pragma}")
        _run(connection, "PRAGMA busy_timeout=0")
    except BaseException:
        connection.close()
        raise
    # SQLite's own folds ASCII only, and a search must find the same on both databases.
    connection.create_function("lower", 1, _lower, deterministic=True)
    return connection


def _read_anew(url: str) -> None:
    if not Path(_path(url)).exists():  # connecting would make it
        raise DatabaseUnavailable(f"there is no file {_path(url)}", is_lost=True)
    with closing(connect(url)) as connection:
        _rows(connection, _SCHEMA, {})


def _path(url: str) -> str:
    return make_url(url).database or ":memory:"


def _rewrite_first_page(connection: sqlite3.Connection) -> None:
    _begin(connection)
    try:
        [(version,)] = _run(connection, "PRAGMA user_version").fetchall()
        _run(connection, f"PRAGMA user_version = {version}")
        _run(connection, "COMMIT")
    finally:
        if connection.in_transaction:
            _run(connection, "ROLLBACK")


def _begin(connection: sqlite3.Connection) -> sqlite3.Connection:
    _run(connection, "BEGIN IMMEDIATE")
    return connection


def _rows(
    connection: sqlite3.Connection, statement: Executable, parameters: Parameters
) -> Sequence[Row]:
    compiled = _compiled(statement, tuple(parameters))
    cursor = _run(connection, compiled.sql, compiled.arguments(parameters))
    # What returns rows writes with its last step.
    found = _translated(cursor.fetchall)
    return compiled.rows(found, (column[0] for column in cursor.description or ()))


def _search(
    connection: sqlite3.Connection,
    stop: threading.Event,
    statement: Executable,
    parameters: Parameters,
) -> Sequence[Row]:
    # Unlike interrupt(), this stops also a statement that has not begun yet.
    connection.set_progress_handler(stop.is_set, _STEPS_BETWEEN_LOOKS)
    try:
        return _rows(connection, statement, parameters)
    finally:
        connection.set_progress_handler(None, 0)


def _count(connection: sqlite3.Connection, statement: Executable, parameters: Parameters) -> int:
    compiled = _compiled(statement, tuple(parameters))
    return _run(connection, compiled.sql, compiled.arguments(parameters)).rowcount


def _run(connection: sqlite3.Connection, sql: str, arguments: Sequence[Any] = ()) -> sqlite3.Cursor:
    return _translated(lambda: connection.execute(sql, arguments))


def _translated(work: Callable[[], Result]) -> Result:
    """What the driver returns, or its error in the words of `gatehouse_chassis.database`."""
    try:
        return work()
    except (OverflowError, UnicodeEncodeError) as error:  # found by the driver
        raise InvalidValue(type(error).__name__) from None
    except sqlite3.Error as error:
        # The driver's own errors, such as the use of a closed connection, have no code.
        code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_MISUSE)
        if code & 0xFF == sqlite3.SQLITE_BUSY:
            raise _Busy(str(error)) from error
        verdict = of_sqlite(code)
        if verdict is Verdict.CONFLICT:
            raise IntegrityError(str(error)) from None
        if verdict is Verdict.BUG:
            raise
        # The driver's sentence about a value repeats it.
        raise in_our_words(verdict, error) from (None if verdict is Verdict.CLIENT else error)


def _lower(value: str | None) -> str | None:
    return value.lower() if isinstance(value, str) else value
