"""A pooler that gives every transaction another connection of the server (PgBouncer, `pool_mode = transaction`)."""

import asyncio
from collections.abc import Iterator

import pytest
from sqlalchemy import text

from gatehouse_chassis.database import Database, DatabaseUnavailable, migrations, open_database
from gatehouse_chassis.database.postgresql_connections import Connector
from testing.checkout import ROOT
from testing.pgbouncer import running_pgbouncer
from testing.postgres import PostgreSQL

MIGRATIONS = ROOT / "auth_service" / "migrations"
_READS = [text(f"SELECT :value + {number} AS sum") for number in range(20)]
_ADD = text("UPDATE counters SET value = value + :value")
_SUM = text("SELECT value FROM counters")


@pytest.fixture(scope="module")
def port(postgresql: PostgreSQL) -> Iterator[int]:
    with running_pgbouncer(postgresql, mode="transaction") as running:
        yield running


@pytest.fixture(params=["", "?pooler=transaction"])
def pooled_url(request: pytest.FixtureRequest, postgresql_database: str, port: int) -> str:
    """The URL of an empty database behind the pooler, which is found by itself or named."""
    name = postgresql_database.rpartition("/")[2]
    return f"postgresql://anyone@127.0.0.1:{port}/{name}{request.param}"


async def _use(database: Database) -> None:
    """Many different statements, alone and in transactions, each with its own values."""
    for round_ in range(10):
        for number, read in enumerate(_READS):
            assert await database.fetch_all(read, value=round_) == [{"sum": round_ + number}]
        async with database.transaction() as transaction:
            await transaction.execute(_ADD, value=1)
            await transaction.fetch_all(_SUM)
        await database.execute(_ADD, value=1)


async def _use_together(url: str) -> None:
    databases = [open_database(url) for _ in range(4)]
    await databases[0].execute(text("CREATE TABLE counters (value INTEGER NOT NULL)"))
    await databases[0].execute(text("INSERT INTO counters VALUES (0)"))
    async with asyncio.TaskGroup() as group:
        for database in databases:
            for _ in range(3):
                group.create_task(_use(database))
    assert await databases[0].fetch_all(_SUM) == [{"value": 4 * 3 * 10 * 2}]
    for database in databases:
        await database.close()


async def test_many_connections_share_a_few_of_the_server(pooled_url: str) -> None:
    await _use_together(pooled_url)


@pytest.mark.parametrize("named", ["", "?pooler=session"])
async def test_a_pooler_that_gives_each_client_one_connection_works_too(
    postgresql: PostgreSQL, postgresql_database: str, named: str
) -> None:
    name = postgresql_database.rpartition("/")[2]
    with running_pgbouncer(postgresql, mode="session", connections=50) as port:
        await _use_together(f"postgresql://anyone@127.0.0.1:{port}/{name}{named}")


def test_migrations_run_through_it_again_and_again(pooled_url: str) -> None:
    for _ in range(3):
        migrations.migrate(MIGRATIONS, pooled_url)
        migrations.check(MIGRATIONS, pooled_url)


def test_a_pooler_for_which_every_statement_is_a_transaction_is_refused_in_a_sentence(
    postgresql: PostgreSQL, postgresql_database: str
) -> None:
    name = postgresql_database.rpartition("/")[2]
    with running_pgbouncer(postgresql, mode="statement") as port:
        url = f"postgresql://anyone@127.0.0.1:{port}/{name}"
        with pytest.raises(DatabaseUnavailable, match="pool_mode = transaction"):
            migrations.migrate(MIGRATIONS, url)

        async def write() -> None:
            database = open_database(url)
            try:
                async with database.transaction() as transaction:
                    await transaction.execute(text("SELECT 1"))
            finally:
                await database.close()

        with pytest.raises(DatabaseUnavailable, match="pool_mode = transaction"):
            asyncio.run(write())


async def test_a_connection_that_began_before_the_pooler_was_found_knows_of_it_too(
    postgresql_database: str, port: int
) -> None:
    name = postgresql_database.rpartition("/")[2]
    connector = Connector(f"postgresql://anyone@127.0.0.1:{port}/{name}")
    found = asyncio.Event()

    async def password() -> str:
        await found.wait()
        return ""

    late = [asyncio.create_task(connector.connect(password=password)) for _ in range(8)]
    await asyncio.sleep(0)
    connections = [await connector.connect()]
    found.set()
    connections += await asyncio.gather(*late)
    for round_ in range(20):
        results = await asyncio.gather(
            *(connection.fetchval("SELECT $1::int", round_) for connection in connections)
        )
        assert results == [round_] * 9
    for connection in connections:
        await connection.close()
