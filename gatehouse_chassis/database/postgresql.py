"""PostgreSQL through asyncpg, whose connections remember the statements that they prepared."""

import json
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Hashable, Sequence
from contextlib import asynccontextmanager, suppress
from typing import Any, TypeVar

import asyncpg
from sqlalchemy import Executable
from sqlalchemy.dialects.postgresql import asyncpg as dialect

from gatehouse_chassis.database.compiled import compiler
from gatehouse_chassis.database.interface import (
    Database,
    DatabaseUnavailable,
    IntegrityError,
    Parameters,
    Row,
    Statements,
)
from gatehouse_chassis.database.searches import SearchTurns

CONNECTIONS = 10
"""Connections of one worker at most; made when they are needed."""

SEARCHES = 2
"""Connections of one worker that searches have at most, so that the others are there for what is short."""

CONNECT_TIMEOUT = 5.0
"""Seconds that a statement waits for a connection."""

STATEMENT_TIMEOUT = 10.0
"""Seconds that a statement may take."""

_IDLE = 1800.0
"""Seconds after which an unused connection is not trusted any more: firewalls forget it silently."""

_FAILURES = (OSError, asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError)

Result = TypeVar("Result")

_compiled = compiler(dialect.dialect())  # type: ignore[no-untyped-call]


class _OneConnection(Statements):
    def __init__(self, connection: Any) -> None:
        self._connection = connection

    async def fetch_all(self, statement: Executable, **parameters: Any) -> Sequence[Row]:
        return await _rows(self._connection, statement, parameters)

    async def execute(self, statement: Executable, **parameters: Any) -> int:
        return await _count(self._connection, statement, parameters)


class PostgreSQLDatabase(Database):
    """Connections to the database that `postgresql://user:password@host:port/name` names.

    asyncpg's pool makes, counts and closes them. What is given back in order stays out of it until nobody is free:
    the pool's own way there and back takes a task and a turn of the event loop, as long as a read of one row.
    """

    def __init__(self, url: str) -> None:
        self._url = url
        self._pool: Any = None
        self._free: list[tuple[Any, float]] = []
        self._waiting = 0
        self._searches = SearchTurns(SEARCHES)

    async def fetch_all(self, statement: Executable, **parameters: Any) -> Sequence[Row]:
        """See `Statements.fetch_all`."""
        return await self._with_connection(_rows, statement, parameters)

    async def execute(self, statement: Executable, **parameters: Any) -> int:
        """See `Statements.execute`."""
        return await self._with_connection(_count, statement, parameters)

    async def search(
        self, statement: Executable, *, searcher: Hashable | None, **parameters: Any
    ) -> Sequence[Row]:
        """See `Database.search`. The server stops one that took too long."""
        async with self._searches.turn(searcher):
            return await self.fetch_all(statement, **parameters)

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Statements]:
        """See `Database.transaction`."""
        connection = await self._take()
        try:
            transaction = connection.transaction()
            await _translated(transaction.start)
            try:
                yield _OneConnection(connection)
            except BaseException:
                # Where the connection is gone, so is the transaction; the caller hears of what came first.
                with suppress(*_FAILURES):
                    await transaction.rollback()
                raise
            await _translated(transaction.commit)
        except BaseException:
            await self._release(connection)
            raise
        await self._give_back(connection)

    async def close(self) -> None:
        """See `Database.close`."""
        if self._pool is not None:
            while self._free:
                await self._release(self._free.pop()[0])
            await self._pool.close()

    async def _with_connection(
        self,
        work: Callable[[Any, Executable, Parameters], Awaitable[Result]],
        statement: Executable,
        parameters: Parameters,
    ) -> Result:
        connection = await self._take()
        try:
            result = await work(connection, statement, parameters)
        except BaseException:
            await self._release(connection)
            raise
        await self._give_back(connection)
        return result

    async def _take(self) -> Any:
        while self._free:
            connection, since = self._free.pop()
            if _is_open(connection) and time.monotonic() - since < _IDLE:
                return connection
            _end(connection)
        return await self._acquire()

    async def _give_back(self, connection: Any) -> None:
        if self._waiting or self._pool.is_closing():
            await self._release(connection)
            return
        now = time.monotonic()
        self._free.append((connection, now))
        # The last is taken first, so the first is the one that nobody has needed for longest.
        if now - self._free[0][1] >= _IDLE:
            _end(self._free.pop(0)[0])

    async def _acquire(self) -> Any:
        if self._pool is None:
            self._pool = asyncpg.create_pool(
                self._url,
                min_size=0,
                max_size=CONNECTIONS,
                max_inactive_connection_lifetime=_IDLE,
                timeout=CONNECT_TIMEOUT,
                command_timeout=STATEMENT_TIMEOUT,
                init=_prepare,
                # No statement leaves anything behind in its connection, and asyncpg's reset is a round trip.
                reset=_leave,
            )
        self._waiting += 1
        try:
            await self._pool
            return await self._pool.acquire(timeout=CONNECT_TIMEOUT)
        except _FAILURES as error:
            raise DatabaseUnavailable(str(error)) from error
        finally:
            self._waiting -= 1

    async def _release(self, connection: Any) -> None:
        """To the pool, which waits for what was cancelled and closes what it cannot use again."""
        with suppress(*_FAILURES):
            await self._pool.release(connection)


def _is_open(connection: Any) -> bool:
    try:
        return not connection.is_closed()
    except asyncpg.InterfaceError:  # its end was noticed, and the pool has taken it back
        return False


def _end(connection: Any) -> None:
    """Makes its place in the pool free too."""
    with suppress(asyncpg.InterfaceError):  # as above
        connection.terminate()


async def _prepare(connection: Any) -> None:
    # SQLAlchemy's JSON type gives this driver text and takes what the driver made of it.
    await connection.set_type_codec("json", schema="pg_catalog", encoder=str, decoder=json.loads)


async def _leave(_connection: Any) -> None:
    pass


async def _rows(connection: Any, statement: Executable, parameters: Parameters) -> list[Row]:
    compiled = _compiled(statement, tuple(parameters))
    found = await _translated(connection.fetch, compiled.sql, *compiled.arguments(parameters))
    return compiled.rows(found, found[0].keys() if found else ())


async def _count(connection: Any, statement: Executable, parameters: Parameters) -> int:
    compiled = _compiled(statement, tuple(parameters))
    # Such as "UPDATE 3"; what changes no rows has no number.
    status = await _translated(connection.execute, compiled.sql, *compiled.arguments(parameters))
    number = status.rpartition(" ")[2]
    return int(number) if number.isdecimal() else 0


async def _translated(call: Callable[..., Awaitable[Any]], *arguments: Any) -> Any:
    """What the driver returns, or its error in the words of `gatehouse_chassis.database`."""
    try:
        return await call(*arguments)
    except asyncpg.IntegrityConstraintViolationError as error:
        # Its details name the values.
        raise IntegrityError(f"{error.constraint_name} of {error.table_name}") from None
    except asyncpg.DataError:  # a kind of InterfaceError there, but no outage
        raise
    except (
        OSError,
        asyncpg.InterfaceError,
        asyncpg.InternalClientError,  # it lost the connection in the middle of something
        asyncpg.PostgresConnectionError,
        asyncpg.OperatorInterventionError,
        asyncpg.InsufficientResourcesError,
        asyncpg.ReadOnlySQLTransactionError,  # the primary is a replica now
        asyncpg.TransactionRollbackError,  # a deadlock
    ) as error:
        raise DatabaseUnavailable(str(error)) from error
