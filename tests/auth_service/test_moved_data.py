"""A session outlives what a person does to the database: backup and restore, and the move to PostgreSQL."""

import asyncio
import os
from pathlib import Path
from uuid import uuid4

import asyncpg
import pytest

from auth_service.main import create_app
from deploy import backup
from deploy.checkout import Checkout
from deploy.databases import PostgreSQL as ThroughPrograms
from deploy.databases import ServiceDatabase, SQLiteFile
from gatehouse_chassis.database.move import MoveError, move
from testing.apps import running
from testing.postgres import PostgreSQL
from tests.auth_service.databases import KEY_SECRET, MIGRATIONS, on_both_databases, settings_for
from tests.auth_service.people import URL, refresh, sign_in


def seen_by_deploy(url: str, folder: Path) -> ServiceDatabase:
    if url.startswith("sqlite:///"):
        return SQLiteFile(Path(url.removeprefix("sqlite:///")))
    return ThroughPrograms.at(url, {"PATH": os.environ["PATH"]}, folder)


@on_both_databases
async def test_an_old_session_goes_on_after_a_restore_into_an_empty_database(
    database_url: str, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    secret = {"AUTH_KEY_ENCRYPTION_SECRET": KEY_SECRET}
    async with running(create_app(settings_for(database_url)), base_url=URL) as client:
        tokens = await sign_in(client)
        database = seen_by_deploy(database_url, tmp_path)
        folder = await asyncio.to_thread(
            backup.back_up, Checkout(tmp_path), {"auth": database}, secret, "local"
        )

    manifest = backup.read(folder)
    assert manifest["services"]["auth"]["migration"] == database.migration() != ""
    if database_url.startswith("sqlite"):
        empty = f"sqlite:///{tmp_path}/other/auth.db"
    else:
        server: PostgreSQL = request.getfixturevalue("postgresql")
        empty = await asyncio.to_thread(server.create_database, f"restored_{uuid4().hex}")
    other = seen_by_deploy(empty, tmp_path)
    assert other.is_empty()
    for _ in ("empty", "full"):
        await asyncio.to_thread(backup.restore, folder, manifest, {"auth": other})
    async with running(create_app(settings_for(empty)), base_url=URL) as client:
        assert (await refresh(client, tokens["refresh_token"])).status_code == 200
        assert await sign_in(client)


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_an_old_session_goes_on_after_the_move_to_postgresql_and_new_rows_get_new_numbers(
    database_url: str, postgresql: PostgreSQL
) -> None:
    async with running(create_app(settings_for(database_url)), base_url=URL) as client:
        tokens = await sign_in(client)
    target = await asyncio.to_thread(postgresql.create_database, f"moved_{uuid4().hex}")

    counts = await asyncio.to_thread(move, MIGRATIONS, database_url, target)

    assert counts["users"] == 2
    assert counts["access_tokens"] == 1
    async with running(create_app(settings_for(target)), base_url=URL) as client:
        assert (await refresh(client, tokens["refresh_token"])).status_code == 200
        assert await sign_in(client)
    connection = await asyncpg.connect(target)
    try:
        numbers = await connection.fetch("SELECT id FROM access_tokens ORDER BY id")
    finally:
        await connection.close()
    assert [row["id"] for row in numbers] == sorted({row["id"] for row in numbers})
    with pytest.raises(MoveError, match="has rows already"):
        await asyncio.to_thread(move, MIGRATIONS, database_url, target)
