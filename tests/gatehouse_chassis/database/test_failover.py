"""A primary that becomes a replica: an outage for writes, until the primary is found where it is then."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from dataclasses import replace
from uuid import uuid4

import pytest
from sqlalchemy import text

from gatehouse_chassis.database import Database, DatabaseUnavailable, WritesRefused, open_database
from gatehouse_chassis.database.postgresql import CONNECTIONS
from testing.postgres import PostgreSQL, running_postgresql

_WRITE = text("INSERT INTO writes DEFAULT VALUES")
_COUNT = text("SELECT count(*) AS number FROM writes")


@pytest.fixture(scope="module")
def other(postgresql: PostgreSQL) -> Iterator[PostgreSQL]:
    """A second server with the password of the first."""
    with running_postgresql() as server:
        server.run(f"ALTER USER postgres PASSWORD '{postgresql.password}'")
        yield replace(server, password=postgresql.password)


@pytest.fixture
def name(postgresql: PostgreSQL, other: PostgreSQL) -> str:
    """A database with a table on both."""
    made = f"test-{uuid4().hex}"
    for server in (postgresql, other):
        server.create_database(made)
        server.run("CREATE TABLE writes (id SERIAL PRIMARY KEY)", database=made)
    return made


@pytest.fixture
async def database(postgresql: PostgreSQL, name: str) -> AsyncIterator[Database]:
    opened = open_database(postgresql.url(name))
    # Connections that are all in use at once, and so all there afterwards.
    await asyncio.gather(*(opened.execute(_WRITE) for _ in range(CONNECTIONS)))
    yield opened
    await opened.close()


@pytest.fixture
async def on_both(postgresql: PostgreSQL, other: PostgreSQL, name: str) -> AsyncIterator[Database]:
    url = postgresql.url(name)
    opened = open_database(url.replace("@", f"@127.0.0.1:{other.port},"))
    yield opened
    await opened.close()


async def _refuse(server: PostgreSQL, name: str, *, refused: bool) -> None:
    await asyncio.to_thread(server.refuse_writes, name, refused=refused)


async def _until_it_works(work: Callable[[], Awaitable[object]], seconds: float = 10) -> None:
    async with asyncio.timeout(seconds):
        while True:
            try:
                await work()
            except DatabaseUnavailable:
                await asyncio.sleep(0.05)
            else:
                return


async def test_writes_are_refused_and_reads_go_on(
    database: Database, postgresql: PostgreSQL, name: str
) -> None:
    refused = 0

    def count() -> None:
        nonlocal refused
        refused += 1

    database.on_writes_refused = count
    await _refuse(postgresql, name, refused=True)
    await _until_it_works(database.ping)
    for _ in range(3):
        with pytest.raises(WritesRefused, match="read-only transaction"):
            await database.execute(_WRITE)
        with pytest.raises(WritesRefused):
            async with database.transaction() as transaction:
                await transaction.execute(_WRITE)
        with pytest.raises(WritesRefused, match="read-only"):
            await database.check_writes()
        assert await database.fetch_all(_COUNT) == [{"number": CONNECTIONS}]
    assert refused == 6


async def test_connections_that_were_made_meanwhile_are_given_up(
    database: Database, postgresql: PostgreSQL, name: str
) -> None:
    await _refuse(postgresql, name, refused=True)
    await _until_it_works(database.ping)
    # As many read-only connections as there can be.
    await asyncio.gather(
        *(database.execute(_WRITE) for _ in range(CONNECTIONS)), return_exceptions=True
    )
    postgresql.run(f'ALTER DATABASE "{name}" RESET default_transaction_read_only')
    await _until_it_works(lambda: database.execute(_WRITE), seconds=5)
    await asyncio.gather(*(database.execute(_WRITE) for _ in range(3 * CONNECTIONS)))


async def test_who_only_asks_whether_writes_work_finds_the_primary_too(
    database: Database, postgresql: PostgreSQL, name: str
) -> None:
    await _refuse(postgresql, name, refused=True)
    await _until_it_works(database.ping)
    postgresql.run(f'ALTER DATABASE "{name}" RESET default_transaction_read_only')
    await _until_it_works(database.check_writes, seconds=5)
    await database.execute(_WRITE)


async def test_the_host_that_takes_writes_is_found_among_several(
    on_both: Database, postgresql: PostgreSQL, other: PostgreSQL, name: str
) -> None:
    for primary, replica in ((postgresql, other), (other, postgresql), (postgresql, other)):
        await _refuse(replica, name, refused=True)
        await _refuse(primary, name, refused=False)
        await _until_it_works(lambda: on_both.execute(_WRITE))
        before = await on_both.fetch_all(_COUNT)
        await asyncio.gather(*(on_both.execute(_WRITE) for _ in range(CONNECTIONS)))
        [after] = await on_both.fetch_all(_COUNT)
        assert after["number"] == before[0]["number"] + CONNECTIONS


async def test_while_no_host_takes_writes_reads_go_on(
    on_both: Database, postgresql: PostgreSQL, other: PostgreSQL, name: str
) -> None:
    for server in (postgresql, other):
        await _refuse(server, name, refused=True)
    await on_both.ping()
    with pytest.raises(WritesRefused):
        await on_both.execute(_WRITE)
    await on_both.ping()


async def test_who_asks_for_a_host_that_takes_writes_gets_no_other(
    postgresql: PostgreSQL, name: str
) -> None:
    await _refuse(postgresql, name, refused=True)
    database = open_database(f"{postgresql.url(name)}?target_session_attrs=read-write")
    with pytest.raises(DatabaseUnavailable, match="no host takes writes"):
        await database.ping()
    await _refuse(postgresql, name, refused=False)
    await database.ping()
    await database.close()
