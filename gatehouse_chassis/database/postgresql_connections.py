"""Connections to PostgreSQL, made in one way for a service and for its migrations."""

import asyncio
from typing import Any

import asyncpg
import structlog

from gatehouse_chassis.database.interface import DatabaseUnavailable
from gatehouse_chassis.database.postgresql_url import PostgreSQLURL

FAILURES = (OSError, asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError)
"""All that asyncpg raises."""

TAKES_WRITES = "current_setting('transaction_read_only') = 'off'"
"""In SQL: the server is no replica, and the session is not read-only."""

_STATEMENTS = 100

log = structlog.get_logger(__name__)


class Connector:
    """Connects to what a URL names: where that is several hosts, to one that takes writes.

    A pooler such as PgBouncer may run each transaction of one connection on another of its own. Then no prepared
    statement is kept, and asyncpg sends each one together with its execution (`statement_cache_size=0`). It is found by
    itself: the process that the server names is another than the one that the pooler named when we connected.
    """

    def __init__(self, url: str) -> None:
        self._url = PostgreSQLURL.parse(url)
        self._hosts = [*self._url.hosts]
        self._ssl = self._url.ssl_context()
        self._keeps_statements = self._url.pooler != "transaction"
        self._begins_transactions = False

    @property
    def timeout(self) -> float:
        """Seconds after which every host was tried, and a moment more."""
        return self._url.connect_timeout * len(self._hosts) + 0.5

    async def connect(self, _dsn: None = None, **options: Any) -> Any:
        """A new connection of asyncpg, which takes the `options`; its pool also gives a `dsn`, which there is not.

        Where no host takes writes, the first that answers does for reads, unless the URL asks for
        `target_session_attrs=read-write`.

        Raises:
            FAILURES: no host answers; what the first of them failed with.
            DatabaseUnavailable: hosts answer, and the URL asks for one that takes writes.
        """
        found: list[Any] = []
        chosen: Any = None
        failures: list[Exception] = []
        try:
            for host in [*self._hosts]:
                try:
                    connection, takes_writes = await self._try(host, options, found)
                except FAILURES as error:
                    failures.append(error)
                    continue
                if takes_writes:
                    # The next one is made there at once: trying a host that is gone takes all of its time.
                    self._hosts.remove(host)
                    self._hosts.insert(0, host)
                    chosen = connection
                    return chosen
            if found and not self._url.must_take_writes:
                chosen = found[0]
                return chosen
        finally:
            for connection in found:
                if connection is not chosen:
                    connection.terminate()
        if found:
            raise DatabaseUnavailable("no host takes writes, as target_session_attrs asks")
        raise failures[0]

    async def _try(
        self, host: tuple[str, int] | None, options: dict[str, Any], found: list[Any]
    ) -> tuple[Any, bool]:
        """A connection to one host, which is also put into `found`, and whether it takes writes."""
        try:
            async with asyncio.timeout(self._url.connect_timeout):
                connection = await self._connect_to(host, options)
                found.append(connection)
                if len(self._hosts) == 1 and not self._url.must_take_writes:
                    return connection, True  # there is no other
                return connection, await _holds(connection, TAKES_WRITES)
        except TimeoutError:
            where = f"{host[0]}:{host[1]}" if host else "the database"
            raise TimeoutError(
                f"{where} does not answer within {self._url.connect_timeout:g} s"
            ) from None

    async def _connect_to(self, host: tuple[str, int] | None, options: dict[str, Any]) -> Any:
        address = {"host": host[0], "port": host[1]} if host else {}
        # As it is now: another connection may find the pooler while this one is made.
        keeps_statements = self._keeps_statements
        connection = await asyncpg.connect(
            self._url.dsn,
            **address,
            ssl=self._ssl,
            target_session_attrs="any",
            statement_cache_size=_STATEMENTS if keeps_statements else 0,
            **options,
        )
        try:
            if keeps_statements and self._url.pooler is None:
                pid = connection.get_server_pid()
                if not await _holds(connection, f"pg_backend_pid() = {pid}"):
                    log.info("pooler_found", advice="say which in the URL: ?pooler=transaction")
                    self._keeps_statements = False
                    connection.terminate()
                    return await self._connect_to(host, options)
            elif not keeps_statements and not self._begins_transactions:
                await _check_transactions(connection)
                self._begins_transactions = True
        except BaseException:
            connection.terminate()
            raise
        return connection


async def _check_transactions(connection: Any) -> None:
    try:
        await connection.execute("BEGIN")
        await connection.execute("COMMIT")
    except asyncpg.PostgresConnectionError as error:
        raise DatabaseUnavailable(
            f"the pooler begins no transaction: set pool_mode = transaction in it ({error})"
        ) from error


async def _holds(connection: Any, condition: str) -> bool:
    """By the simple query protocol, which prepares nothing; asyncpg tells of its rows only how many there are."""
    status = await connection.execute(f"SELECT WHERE {condition}")
    return bool(status == "SELECT 1")
