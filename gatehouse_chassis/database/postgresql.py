"""PostgreSQL through asyncpg, whose connections remember the statements that they prepared."""

import json
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Hashable, Sequence
from contextlib import asynccontextmanager, suppress
from typing import Any, TypeVar

import asyncpg
from sqlalchemy import Executable, text
from sqlalchemy.dialects.postgresql import asyncpg as dialect

from gatehouse_chassis.database.compiled import compiler
from gatehouse_chassis.database.failures import Verdict, cause_of, in_our_words, of_sqlstate
from gatehouse_chassis.database.interface import (
    Database,
    DatabaseUnavailable,
    IntegrityError,
    Parameters,
    Row,
    Statements,
    WritesRefused,
)
from gatehouse_chassis.database.postgresql_connections import FAILURES, TAKES_WRITES, Connector
from gatehouse_chassis.database.searches import SearchTurns

CONNECTIONS = 10
"""Connections of one worker at most; made when they are needed."""

SEARCHES = 2
"""Connections of one worker that searches have at most, so that the others are there for what is short."""

STATEMENT_TIMEOUT = 10.0
"""Seconds that a statement may take."""

_IDLE = 1800.0
"""Seconds after which an unused connection is not trusted any more: firewalls forget it silently."""

_LOOK_AGAIN_AFTER = 1.0
"""Seconds between two looks for the primary, so that reads of a replica go on meanwhile."""

_CHECK_WRITES = text(f"SELECT {TAKES_WRITES} AS takes_writes")  # it is ours

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
    """Connections to the database that a URL of libpq names.

    asyncpg's pool makes, counts and closes them. What is given back in order stays out of it until nobody is free:
    the pool's own way there and back takes a task and a turn of the event loop, as long as a read of one row.
    """

    def __init__(self, url: str) -> None:
        self._connector = Connector(url)
        self._pool: Any = None
        self._generation = 0
        self._looked_at = -_LOOK_AGAIN_AFTER
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
        generation, connection = self._generation, await self._take()
        try:
            transaction = connection.transaction()
            await _translated(transaction.start)
            try:
                yield _OneConnection(connection)
            except BaseException:
                # Where the connection is gone, so is the transaction; the caller hears of what came first.
                with suppress(*FAILURES):
                    await transaction.rollback()
                raise
            await _translated(transaction.commit)
        except BaseException as error:
            await self._put_away(connection, error)
            raise
        await self._give_back(connection, generation)

    async def check_writes(self) -> None:
        """See `Database.check_writes`. Where writes would be refused, the primary is looked for."""
        row = await self.fetch_one(_CHECK_WRITES)
        if row and not row["takes_writes"]:
            await self._look_for_primary()
            raise WritesRefused("the server is read-only")

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
        generation, connection = self._generation, await self._take()
        try:
            result = await work(connection, statement, parameters)
        except BaseException as error:
            await self._put_away(connection, error)
            raise
        await self._give_back(connection, generation)
        return result

    async def _take(self) -> Any:
        while self._free:
            connection, since = self._free.pop()
            if _is_open(connection) and time.monotonic() - since < _IDLE:
                return connection
            _end(connection)
        return await self._acquire()

    async def _give_back(self, connection: Any, generation: int) -> None:
        if self._waiting or self._pool.is_closing() or generation != self._generation:
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
                connect=self._connector.connect,
                min_size=0,
                max_size=CONNECTIONS,
                max_inactive_connection_lifetime=_IDLE,
                command_timeout=STATEMENT_TIMEOUT,
                init=_prepare,
                # No statement leaves anything behind in its connection, and asyncpg's reset is a round trip.
                reset=_leave,
            )
        self._waiting += 1
        try:
            await self._pool
            return await self._pool.acquire(timeout=self._connector.timeout)
        except FAILURES as error:
            raise DatabaseUnavailable(cause_of(error)) from error
        finally:
            self._waiting -= 1

    async def _put_away(self, connection: Any, error: BaseException) -> None:
        """After an error: away with a connection that is lost, the others can be used again."""
        if isinstance(error, DatabaseUnavailable) and error.is_lost:
            _end(connection)
        else:
            await self._release(connection)
        if isinstance(error, WritesRefused):
            self.on_writes_refused()
            if error.is_lost:
                await self._look_for_primary()

    async def _look_for_primary(self) -> None:
        """Gives up every connection, those in use when they come back: the primary is elsewhere now, or is back."""
        now = time.monotonic()
        if now - self._looked_at < _LOOK_AGAIN_AFTER:
            return
        self._looked_at = now
        self._generation += 1
        while self._free:
            _end(self._free.pop()[0])
        await self._pool.expire_connections()

    async def _release(self, connection: Any) -> None:
        """To the pool, which waits for what was cancelled and closes what it cannot use again."""
        with suppress(*FAILURES):
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
    except asyncpg.InvalidCachedStatementError as error:  # the table was migrated meanwhile
        raise in_our_words(Verdict.BUSY, error) from error
    except asyncpg.PostgresError as error:
        verdict = of_sqlstate(error.sqlstate or "")
        if verdict is Verdict.CONFLICT:
            # Its details name the values.
            raise IntegrityError(f"{error.constraint_name} of {error.table_name}") from None
        if verdict is Verdict.BUG:
            raise
        # The driver's sentence about a value repeats it.
        raise in_our_words(verdict, error) from (None if verdict is Verdict.CLIENT else error)
    except TimeoutError as error:
        # Released, so that the pool waits until the server has stopped the statement.
        raise DatabaseUnavailable("a statement took too long") from error
    except FAILURES as error:  # the connection is gone, perhaps in the middle of something
        raise in_our_words(Verdict.LOST, error) from error
