"""Expired rows are deleted, and nothing else."""

from datetime import timedelta

import httpx2
from sqlalchemy import func, select, update

from auth_service.container import Container
from auth_service.sessions.store import RETENTION
from auth_service.tables import refresh_tokens, sessions
from gatehouse_chassis.database import Database
from gatehouse_chassis.database.columns import now
from tests.auth_service.databases import on_both_databases
from tests.auth_service.people import ADMIN, refresh, sign_in


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
