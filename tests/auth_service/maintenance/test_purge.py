"""Expired rows are deleted, and nothing else."""

import asyncio
from datetime import timedelta

import httpx2
import pytest
from sqlalchemy import func, select, update

from auth_service.container import Container
from auth_service.maintenance.purge import BATCH, Maintenance, purge
from auth_service.sessions.store import RETENTION
from auth_service.tables import authorization_codes, refresh_tokens, sessions
from gatehouse_chassis.database import Database, DatabaseUnavailable
from gatehouse_chassis.database.columns import now
from tests.auth_service.authorization import code_for, request_of
from tests.auth_service.databases import on_both_databases
from tests.auth_service.people import ADMIN, refresh, sign_in
from tests.auth_service.registered_clients import WEB, register


@on_both_databases
async def test_expired_tokens_and_their_sessions_are_deleted_and_live_ones_stay(
    client: httpx2.AsyncClient, database: Database, container: Container
) -> None:
    for _ in range(3):
        tokens = await sign_in(client)
    await refresh(client, tokens["refresh_token"])
    long_ago = now() - RETENTION - timedelta(seconds=1)
    await database.execute(update(refresh_tokens).values(expires_at=long_ago))
    await database.execute(update(sessions).values(created_at=long_ago))
    live = await sign_in(client, ADMIN)
    assert await container.maintenance.purge_expired() == 4 + 3
    assert await container.maintenance.purge_expired() == 0
    row = await database.fetch_one(select(func.count().label("number")).select_from(sessions))
    assert row
    assert row["number"] == 1
    assert (await refresh(client, live["refresh_token"])).status_code == 200


async def test_a_code_is_recognised_for_a_day_after_its_end_and_then_deleted(
    client: httpx2.AsyncClient, database: Database, container: Container
) -> None:
    shop = await register(client, WEB)
    for seconds in (-60, 60):
        await code_for(client, request_of(shop))
        end = now() - RETENTION + timedelta(seconds=seconds)
        latest = select(func.max(authorization_codes.c.created_at)).scalar_subquery()
        await database.execute(
            update(authorization_codes)
            .where(authorization_codes.c.created_at == latest)
            .values(expires_at=end)
        )
    assert await container.maintenance.purge_expired() == 1
    assert await container.maintenance.purge_expired() == 0


async def test_a_purge_goes_on_until_nothing_is_left() -> None:
    class Store:
        rows = 2 * BATCH + 1

        async def purge_expired(self, limit: int) -> int:
            batch = min(limit, self.rows)
            self.rows -= batch
            return batch

    assert await purge(Store()) == 2 * BATCH + 1


async def test_a_store_that_fails_does_not_stop_the_others() -> None:
    purged = asyncio.Event()

    class Broken:
        async def purge_expired(self, limit: int) -> int:
            raise DatabaseUnavailable("gone")

    class Other:
        async def purge_expired(self, limit: int) -> int:
            purged.set()
            return 0

    running = asyncio.create_task(Maintenance([(60, Broken()), (60, Other())]).run_forever())
    async with asyncio.timeout(10):
        await purged.wait()
    assert not running.done()
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
