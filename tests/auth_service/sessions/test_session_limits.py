"""Every session has an end that no refresh moves, and a user has a limited number of them."""

import asyncio
from datetime import datetime, timedelta

import httpx2
import pytest
from sqlalchemy import select, update

from auth_service.main import create_app
from auth_service.settings import AuthSettings
from auth_service.tables import refresh_tokens, sessions
from gatehouse_chassis.database import Database
from gatehouse_chassis.database.columns import now
from testing.apps import running
from tests.auth_service.authorization import code_for, redeem, request_of
from tests.auth_service.databases import on_both_databases, settings_for
from tests.auth_service.people import (
    ADMIN,
    OWN_ACCOUNT,
    URL,
    bearer,
    header_of,
    refresh,
    refused,
    sign_in,
)
from tests.auth_service.registered_clients import WEB, register

pytestmark = on_both_databases

LIFE = timedelta(days=30)
LIMIT = 3


@pytest.fixture
def settings(database_url: str) -> AuthSettings:
    return settings_for(database_url, session_life=LIFE, sessions_per_user=LIMIT)


async def set_back(database: Database, time: timedelta) -> None:
    """All sessions began that much earlier, and their refresh tokens live as before."""
    for row in await database.fetch_all(select(sessions.c.id, sessions.c.created_at).limit(9)):
        this = update(sessions).where(sessions.c.id == row["id"])
        await database.execute(this.values(created_at=row["created_at"] - time))


async def live(client: httpx2.AsyncClient, tokens: dict[str, str]) -> list[dict[str, str]]:
    answer = await client.get("/users/me/sessions", headers=header_of(tokens))
    listed: list[dict[str, str]] = answer.json()["items"]
    return listed


async def test_no_refresh_leads_beyond_the_end_of_the_session(
    client: httpx2.AsyncClient, database: Database
) -> None:
    first = await sign_in(client, scope=OWN_ACCOUNT)
    await set_back(database, LIFE - timedelta(hours=1))
    second = await refresh(client, first["refresh_token"])
    assert second.status_code == 200
    unused = select(refresh_tokens.c.expires_at.label("end")).where(
        refresh_tokens.c.used_at.is_(None)
    )
    (row,) = await database.fetch_all(unused.limit(2))
    assert timedelta(minutes=59) < row["end"] - now() <= timedelta(hours=1)
    (listed,) = await live(client, second.json())
    assert datetime.fromisoformat(listed["expires_at"]) == row["end"]


async def test_a_session_that_is_over_is_refused_whatever_its_refresh_token_says(
    client: httpx2.AsyncClient, database: Database
) -> None:
    tokens = await sign_in(client, scope=OWN_ACCOUNT)
    await set_back(database, LIFE)
    assert refused(await refresh(client, tokens["refresh_token"])) == (400, "invalid_grant")
    assert await live(client, tokens) == []


async def test_a_session_life_that_is_shorter_than_a_refresh_token_s_ends_the_first_one_too(
    database_url: str, database: Database
) -> None:
    settings = settings_for(database_url, session_life=timedelta(minutes=5))
    async with running(create_app(settings), base_url=URL) as client:
        await sign_in(client, scope=OWN_ACCOUNT)
    (row,) = await database.fetch_all(select(refresh_tokens.c.expires_at).limit(2))
    assert row["expires_at"] - now() <= timedelta(minutes=5)


async def test_one_more_than_the_limit_ends_the_session_that_was_not_used_for_longest(
    client: httpx2.AsyncClient, database: Database
) -> None:
    admin = await sign_in(client, ADMIN, scope=OWN_ACCOUNT)
    oldest, second, third = [await sign_in(client, scope=OWN_ACCOUNT) for _ in range(LIMIT)]
    oldest = (await refresh(client, oldest["refresh_token"])).json()
    fourth = await sign_in(client, scope=OWN_ACCOUNT)
    assert refused(await refresh(client, second["refresh_token"])) == (400, "invalid_grant")
    for kept in (oldest, third, fourth, admin):
        assert (await refresh(client, kept["refresh_token"])).status_code == 200
    (row,) = await database.fetch_all(
        select(sessions.c.ended_because).where(sessions.c.ended_at.is_not(None)).limit(9)
    )
    assert row["ended_because"] == "too_many"
    headers = await bearer(client, ADMIN, scope="auth:admin")
    told = await client.get("/audit", headers=headers, params={"event": "sessions_ended"})
    assert told.json()["items"][0]["details"] == {"reason": "too_many", "sessions": "1"}


async def test_a_sign_in_by_code_counts_too(client: httpx2.AsyncClient) -> None:
    shop = await register(client, WEB)
    oldest, *_ = [await sign_in(client, scope=OWN_ACCOUNT) for _ in range(LIMIT)]
    code = await code_for(client, request_of(shop))
    assert (await redeem(client, code, shop)).status_code == 200
    assert refused(await refresh(client, oldest["refresh_token"])) == (400, "invalid_grant")


async def test_concurrent_sign_ins_do_not_pass_the_limit(
    client: httpx2.AsyncClient, database: Database
) -> None:
    await asyncio.gather(*(sign_in(client) for _ in range(2 * LIMIT)))
    going_on = select(sessions.c.id).where(sessions.c.ended_at.is_(None)).limit(9)
    assert len(await database.fetch_all(going_on)) == LIMIT


async def test_what_is_too_many_after_an_update_ends_at_the_next_sign_in(
    client: httpx2.AsyncClient, database_url: str
) -> None:
    async with running(create_app(settings_for(database_url)), base_url=URL) as earlier:
        for _ in range(2 * LIMIT):
            await sign_in(earlier, scope=OWN_ACCOUNT)
    assert len(await live(client, await sign_in(client, scope=OWN_ACCOUNT))) == LIMIT
