"""One interface on both databases: what commits, what rolls back, what waits, what fails."""

import asyncio
import sys
from collections.abc import AsyncIterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import asyncpg
import pytest
from sqlalchemy import (
    Column,
    Integer,
    MetaData,
    String,
    Table,
    bindparam,
    insert,
    select,
    text,
    update,
)

from gatehouse_chassis.database import (
    Database,
    DatabaseUnavailable,
    IntegrityError,
    SearchUnderWay,
    open_database,
)
from gatehouse_chassis.database.columns import UtcDateTime
from gatehouse_chassis.database.postgresql import CONNECTIONS, SEARCHES
from gatehouse_chassis.database.searches import MAX_WAITING, SearchTurns
from gatehouse_chassis.database.sqlite import BUSY_TIMEOUT
from testing.checkout import ROOT
from testing.ports import free_port
from testing.postgres import PostgreSQL

counters = Table(
    "counters",
    MetaData(),
    Column("name", String(20), primary_key=True),
    Column("value", Integer, nullable=False),
    Column("changed_at", UtcDateTime),
)
_ONE = insert(counters).values(name="one", value=1)
_CREATE = text(
    "CREATE TABLE counters (name VARCHAR(20) PRIMARY KEY, value INTEGER NOT NULL, "
    "changed_at TIMESTAMP WITH TIME ZONE)"
)
_OWN_PROCESS = text("SELECT pg_backend_pid() AS pid")
_ALL = select(counters).order_by(counters.c.name)
_LONG_READ = text(
    "WITH RECURSIVE one(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM one WHERE n < 2000000) "
    "SELECT count(*) AS read FROM one"
)


_ENDLESS_READ = text(
    "WITH RECURSIVE one(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM one) "
    "SELECT count(*) AS read FROM one"
)


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    opened = open_database(database_url)
    await opened.execute(_CREATE)
    yield opened
    await opened.close()


async def test_a_statement_of_its_own_takes_effect_at_once(
    database: Database, database_url: str
) -> None:
    assert await database.execute(_ONE) == 1
    other = open_database(database_url)
    row = await other.fetch_one(_ALL)
    await other.close()
    assert row is not None
    assert (row["name"], row["value"]) == ("one", 1)


async def test_a_transaction_takes_effect_as_a_whole(database: Database) -> None:
    async with database.transaction() as transaction:
        await transaction.execute(_ONE)
        assert await transaction.execute(update(counters).values(value=2)) == 1
        assert len(await transaction.fetch_all(_ALL)) == 1
    row = await database.fetch_one(_ALL)
    assert row is not None
    assert row["value"] == 2


async def test_a_transaction_that_raises_leaves_no_trace(database: Database) -> None:
    async def write_and_fail() -> None:
        async with database.transaction() as transaction:
            await transaction.execute(_ONE)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await write_and_fail()
    assert await database.fetch_all(_ALL) == []


async def test_a_transaction_that_is_cancelled_leaves_no_trace(database: Database) -> None:
    began = asyncio.Event()

    async def write() -> None:
        async with database.transaction() as transaction:
            await transaction.execute(_ONE)
            began.set()
            await asyncio.Event().wait()

    task = asyncio.create_task(write())
    await began.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert await database.execute(_ONE) == 1


async def test_no_row_is_none_and_counts_as_zero(database: Database) -> None:
    assert await database.fetch_one(_ALL) is None
    assert await database.fetch_all(_ALL) == []
    assert await database.execute(update(counters).values(value=2)) == 0


async def test_a_constraint_is_kept(database: Database) -> None:
    await database.execute(_ONE)
    with pytest.raises(IntegrityError):
        await database.execute(_ONE)


async def test_an_instant_comes_back_as_it_was_in_utc(database: Database) -> None:
    in_delhi = datetime(2026, 3, 1, 0, 0, 0, 123456, timezone(timedelta(hours=5, minutes=30)))
    await database.execute(_ONE.values(changed_at=in_delhi))
    row = await database.fetch_one(_ALL)
    assert row is not None
    assert row["changed_at"] == in_delhi
    assert row["changed_at"].tzinfo is UTC
    assert await database.execute(update(counters).values(changed_at=None)) == 1


async def test_a_time_without_an_offset_is_not_stored(database: Database) -> None:
    naive = datetime(2026, 1, 1)  # the very thing that is refused
    with pytest.raises(ValueError, match="needs an offset"):
        await database.execute(_ONE.values(changed_at=naive))


async def test_what_was_to_be_stored_is_not_told_in_an_error(database: Database) -> None:
    await database.execute(_ONE.values(name="hunter2"))
    with pytest.raises(IntegrityError) as failed:
        await database.execute(insert(counters), name="hunter2", value=77_777)
    assert "77777" not in str(failed.value)


WRITER = """
import asyncio, sys
from sqlalchemy import text
from gatehouse_chassis.database import open_database

async def main():
    database = open_database(sys.argv[1])
    for _ in range(100):
        async with database.transaction() as transaction:
            await transaction.fetch_one(text("SELECT value FROM counters"))
            await transaction.execute(text("UPDATE counters SET value = value + 1"))
        await database.execute(text("UPDATE counters SET value = value + 1"))
    await database.close()

asyncio.run(main())
"""


async def test_two_processes_write_without_losing_or_failing(
    database: Database, database_url: str
) -> None:
    await database.execute(_ONE)
    writers = [
        await asyncio.create_subprocess_exec(sys.executable, "-c", WRITER, database_url, cwd=ROOT)
        for _ in range(2)
    ]
    async with asyncio.timeout(30):
        assert [await writer.wait() for writer in writers] == [0, 0]
    row = await database.fetch_one(_ALL)
    assert row is not None
    assert row["value"] == 1 + 2 * 200


@pytest.fixture
async def sqlite(tmp_path: Path) -> AsyncIterator[Database]:
    opened = open_database(f"sqlite:///{tmp_path}/new/folder/test.db")
    await opened.execute(_CREATE)
    yield opened
    await opened.close()


async def test_sqlite_writes_ahead_and_keeps_foreign_keys(sqlite: Database) -> None:
    for pragma, value in (("journal_mode", "wal"), ("foreign_keys", 1), ("synchronous", 1)):
        row = await sqlite.fetch_one(text(f"PRAGMA {pragma}"))
        assert row is not None
        assert list(row.values()) == [value]


async def test_a_sqlite_read_does_not_wait_for_a_writer(sqlite: Database, tmp_path: Path) -> None:
    other = open_database(f"sqlite:///{tmp_path}/new/folder/test.db")
    async with sqlite.transaction() as transaction:
        await transaction.execute(_ONE)
        assert await other.fetch_all(_ALL) == []
    await other.close()


async def test_a_sqlite_write_waits_a_bounded_time_for_another(
    sqlite: Database, tmp_path: Path
) -> None:
    other = open_database(f"sqlite:///{tmp_path}/new/folder/test.db")
    async with sqlite.transaction():
        started = asyncio.get_running_loop().time()
        with pytest.raises(DatabaseUnavailable, match="locked"):
            await other.execute(_ONE)
        assert asyncio.get_running_loop().time() - started < 2 * BUSY_TIMEOUT
    assert await other.execute(_ONE) == 1
    await other.close()


@pytest.mark.parametrize("wrong", ["port", "password", "database"])
async def test_a_postgresql_that_cannot_be_reached_is_an_outage(
    postgresql: PostgreSQL, wrong: str
) -> None:
    url = postgresql.url("postgres")
    urls = {
        "port": url.replace(f":{postgresql.port}", f":{free_port()}"),
        "password": url.replace(postgresql.password, "wrong"),
        "database": url + "-that-is-not-there",
    }
    database = open_database(urls[wrong])
    with pytest.raises(DatabaseUnavailable):
        await database.ping()
    with pytest.raises(DatabaseUnavailable):
        async with database.transaction() as transaction:
            await transaction.execute(_ONE)
    await database.close()


async def test_a_wrong_statement_is_no_outage(postgresql: PostgreSQL) -> None:
    """SQLite has one class of error for both, so there a wrong statement counts as an outage."""
    database = open_database(postgresql.url("postgres"))
    with pytest.raises(asyncpg.UndefinedTableError):
        await database.fetch_one(text("SELECT nothing FROM nowhere"))
    await database.close()


async def test_a_postgresql_that_ends_connections_is_an_outage_that_passes(
    postgresql: PostgreSQL,
) -> None:
    database, other = (open_database(postgresql.url("postgres")) for _ in range(2))
    sleeping = asyncio.create_task(database.fetch_one(text("SELECT pg_sleep(60)")))
    end_it = text(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
        "WHERE query LIKE '%pg_sleep(60)%' AND pid <> pg_backend_pid()"
    )
    async with asyncio.timeout(10):
        while not await other.fetch_all(end_it):
            await asyncio.sleep(0.01)
        with pytest.raises(DatabaseUnavailable):
            await sleeping
    await database.ping()
    await database.close()
    await other.close()


async def test_a_statement_without_one_of_its_parameters_is_not_run(database: Database) -> None:
    with pytest.raises(TypeError, match="'name' is missing"):
        await database.execute(update(counters).where(counters.c.name == bindparam("name")))


async def test_a_list_is_no_parameter(database: Database) -> None:
    with pytest.raises(TypeError, match="name each of its elements"):
        await database.fetch_all(_ALL.where(counters.c.name.in_(["one", "two"])))


async def test_a_transaction_whose_connection_is_ended_is_an_outage(postgresql: PostgreSQL) -> None:
    database, other = (open_database(postgresql.url("postgres")) for _ in range(2))

    async def lose_the_connection() -> None:
        async with database.transaction() as transaction:
            row = await transaction.fetch_one(_OWN_PROCESS)
            assert row is not None
            await other.fetch_one(text("SELECT pg_terminate_backend(:pid)"), pid=row["pid"])
            await transaction.fetch_one(_OWN_PROCESS)

    with pytest.raises(DatabaseUnavailable):
        await lose_the_connection()
    await database.ping()
    await database.close()
    await other.close()


async def test_an_idle_connection_that_postgresql_ended_is_replaced(postgresql: PostgreSQL) -> None:
    database, other = (open_database(postgresql.url("postgres")) for _ in range(2))
    row = await database.fetch_one(_OWN_PROCESS)
    assert row is not None
    await other.fetch_one(text("SELECT pg_terminate_backend(:pid)"), pid=row["pid"])
    async with asyncio.timeout(10):
        while True:
            # Whoever asks before the end of the connection is noticed is told of an outage.
            with suppress(DatabaseUnavailable):
                replaced = await database.fetch_one(_OWN_PROCESS)
                break
    assert replaced is not None
    assert replaced["pid"] != row["pid"]
    await database.close()
    await other.close()


async def test_more_statements_than_connections_take_turns(postgresql: PostgreSQL) -> None:
    database = open_database(postgresql.url("postgres"))
    statement = text("SELECT pg_backend_pid() AS pid, pg_sleep(0.01)")
    rows = await asyncio.gather(*(database.fetch_all(statement) for _ in range(5 * CONNECTIONS)))
    assert 1 < len({row["pid"] for [row] in rows}) <= CONNECTIONS
    await database.close()


async def test_after_a_statement_that_was_cancelled_others_are_answered(
    postgresql: PostgreSQL,
) -> None:
    database = open_database(postgresql.url("postgres"))
    for _ in range(2 * CONNECTIONS):
        sleeping = asyncio.create_task(database.fetch_one(text("SELECT pg_sleep(60)")))
        await asyncio.sleep(0)
        await database.ping()
        sleeping.cancel()
        with pytest.raises(asyncio.CancelledError):
            await sleeping
        assert await database.fetch_one(text("SELECT 1 AS one")) == {"one": 1}
    await database.close()


async def test_who_closes_waits_for_the_statements_that_run(postgresql: PostgreSQL) -> None:
    database = open_database(postgresql.url("postgres"))
    await asyncio.gather(database.ping(), database.ping())
    running = asyncio.create_task(database.fetch_one(text("SELECT 1 AS one, pg_sleep(0.2)")))
    await asyncio.sleep(0)
    async with asyncio.timeout(10):
        await database.close()
    assert running.done()
    assert await running is not None


async def test_connections_that_were_idle_for_too_long_are_replaced_and_leave_their_place(
    postgresql: PostgreSQL, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gatehouse_chassis.database.postgresql._IDLE", 0.0)
    database = open_database(postgresql.url("postgres"))
    async with asyncio.timeout(20):
        rows = [await database.fetch_one(_OWN_PROCESS) for _ in range(2 * CONNECTIONS)]
    assert len({row["pid"] for row in rows if row}) == 2 * CONNECTIONS
    await database.close()


async def test_while_a_search_reads_other_requests_go_on(database: Database) -> None:
    searching = asyncio.create_task(database.search(_LONG_READ, searcher="me"))
    turns = 0
    while not searching.done():
        await database.fetch_all(_ALL)
        await asyncio.sleep(0.001)
        turns += 1
    assert [row["read"] for row in await searching] == [2_000_000]
    assert turns > 10


async def test_a_search_whose_client_has_gone_hinders_no_other(database: Database) -> None:
    searching = asyncio.create_task(database.search(_LONG_READ, searcher="me"))
    await asyncio.sleep(0.01)
    searching.cancel()
    with suppress(asyncio.CancelledError):
        await searching
    await database.execute(_ONE)
    assert [row["name"] for row in await database.search(_ALL, searcher="me")] == ["one"]


async def _searching(database: Database, *searchers: str) -> list[asyncio.Task[Any]]:
    """Searches without an end, which began in this order."""
    tasks = [
        asyncio.create_task(database.search(_ENDLESS_READ, searcher=searcher))
        for searcher in searchers
    ]
    await asyncio.sleep(0)
    return tasks


async def _stop(tasks: list[asyncio.Task[Any]]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


async def test_one_person_has_one_search_at_a_time(database: Database) -> None:
    searching = await _searching(database, "me")
    with pytest.raises(SearchUnderWay, match="Another search of yours"):
        await database.search(_ALL, searcher="me")
    await _stop(searching)
    assert await database.search(_ALL, searcher="me") == []


async def test_no_more_searches_wait_than_may_and_plain_reads_go_on(database: Database) -> None:
    at_once = database._searches._at_once  # type: ignore[attr-defined]
    people = [f"person-{number}" for number in range(at_once + MAX_WAITING)]
    searching = await _searching(database, *people)
    with pytest.raises(DatabaseUnavailable, match="too many searches wait"):
        await database.search(_ALL, searcher="one-more")
    async with asyncio.timeout(4):
        await asyncio.gather(*(database.fetch_all(_ALL) for _ in range(CONNECTIONS)))
    assert not any(task.done() for task in searching)
    await _stop(searching)
    assert await database.search(_ALL, searcher="one-more") == []


async def test_a_search_that_takes_too_long_is_stopped(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gatehouse_chassis.database.searches.SEARCH_TIMEOUT", 0.2)
    with pytest.raises(DatabaseUnavailable, match="took too long"):
        await database.search(_ENDLESS_READ, searcher="me")
    monkeypatch.undo()
    assert await database.search(_ALL, searcher="me") == []


async def test_the_search_of_another_goes_on_while_one_reads(postgresql: PostgreSQL) -> None:
    database = open_database(postgresql.url("postgres"))
    searching = await _searching(database, "me")
    assert await database.search(text("SELECT 1 AS one"), searcher="another") == [{"one": 1}]
    assert not searching[0].done()
    await _stop(searching)
    await database.close()


@pytest.mark.parametrize("at_once", [1, SEARCHES])
async def test_searches_take_turns_in_the_order_in_which_they_came(at_once: int) -> None:
    turns, go_on, began = SearchTurns(at_once), asyncio.Event(), []

    async def search(searcher: str | None) -> None:
        async with turns.turn(searcher):
            began.append(searcher)
            await go_on.wait()

    people = ["a", "b", None, "c"]
    async with asyncio.TaskGroup() as group:
        for searcher in people:
            group.create_task(search(searcher))
        await asyncio.sleep(0)
        assert began == people[:at_once]
        go_on.set()
    assert began == people
