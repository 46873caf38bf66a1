"""`POST /auth/token` with a refresh token: it is used once, and reuse ends the session (RFC 9700 section 4.14.2)."""

from dataclasses import replace
from datetime import timedelta
from hashlib import sha256

import httpx2
import pytest
from sqlalchemy import select

from auth_service.audit.context import AuditContext
from auth_service.clients.authentication import first_party_client
from auth_service.clients.store import ClientStore
from auth_service.main import create_app
from auth_service.revocation.store import NewAccessToken
from auth_service.sessions.store import Refusal, SessionStore
from auth_service.tables import sessions
from gatehouse_chassis.database import Database
from gatehouse_chassis.database.columns import now
from testing.apps import running
from tests.auth_service.databases import on_both_databases, settings_for
from tests.auth_service.people import (
    ADMIN,
    DEMO,
    EVERYTHING,
    URL,
    bearer,
    header_of,
    refresh,
    refused,
    sign_in,
)

pytestmark = on_both_databases


async def reason_of_the_end(database: Database) -> str | None:
    """Why the one session in the database ended."""
    (row,) = await database.fetch_all(select(sessions.c.ended_because).limit(2))
    reason: str | None = row["ended_because"]
    return reason


async def test_a_refresh_token_is_exchanged_for_new_tokens(client: httpx2.AsyncClient) -> None:
    first = await sign_in(client, scope=EVERYTHING)
    answer = await refresh(client, first["refresh_token"])
    second = answer.json()
    assert answer.status_code == 200
    assert answer.headers["Cache-Control"] == "no-store"
    assert set(second) == set(first)
    assert second["scope"] == first["scope"]
    assert second["access_token"] != first["access_token"]
    assert second["refresh_token"] != first["refresh_token"]
    me = await client.get("/users/me", headers=header_of(second))
    assert me.json()["username"] == DEMO.username


async def test_a_session_goes_on_through_many_refreshes(client: httpx2.AsyncClient) -> None:
    token = (await sign_in(client))["refresh_token"]
    seen = {token}
    for _ in range(5):
        token = (await refresh(client, token)).json()["refresh_token"]
        seen.add(token)
    assert len(seen) == 6


async def test_a_scope_can_be_narrowed_for_one_access_token(client: httpx2.AsyncClient) -> None:
    token = (await sign_in(client))["refresh_token"]
    narrow = (await refresh(client, token, scope="items:read")).json()
    assert narrow["scope"] == "items:read"
    # RFC 6749 section 6: the new refresh token has the scope of the old one.
    assert (await refresh(client, narrow["refresh_token"])).json()[
        "scope"
    ] == "items:read items:write"


@pytest.mark.parametrize(
    "asked", ["items:read items:write", "auth:admin", "items:read  items:read", "x"]
)
async def test_a_scope_cannot_be_widened(client: httpx2.AsyncClient, asked: str) -> None:
    tokens = await sign_in(client, ADMIN, scope="items:read")
    answer = await refresh(client, tokens["refresh_token"], scope=asked)
    assert refused(answer) == (400, "invalid_scope")
    # A mistake costs nothing: the token was not used, so using it now is no reuse.
    assert (await refresh(client, tokens["refresh_token"])).status_code == 200


async def test_reuse_ends_the_session_and_its_newest_token_too(
    client: httpx2.AsyncClient, database: Database
) -> None:
    first = (await sign_in(client))["refresh_token"]
    second = (await refresh(client, first)).json()["refresh_token"]
    third = (await refresh(client, second)).json()["refresh_token"]
    assert refused(await refresh(client, first)) == (400, "invalid_grant")
    assert refused(await refresh(client, third)) == (400, "invalid_grant")
    assert await reason_of_the_end(database) == "refresh_token_reused"


async def test_reuse_in_one_session_leaves_the_others(client: httpx2.AsyncClient) -> None:
    here, there = await sign_in(client), await sign_in(client)
    second = (await refresh(client, here["refresh_token"])).json()
    await refresh(client, second["refresh_token"])
    assert (await refresh(client, here["refresh_token"])).status_code == 400
    assert (await refresh(client, there["refresh_token"])).status_code == 200


@pytest.mark.parametrize("token", ["x", "A" * 43, "\N{PILE OF POO}", "' OR 1=1 --", "A" * 4000])
async def test_a_token_that_was_never_given_is_refused(
    client: httpx2.AsyncClient, token: str
) -> None:
    assert refused(await refresh(client, token)) == (400, "invalid_grant")


async def test_an_access_token_is_no_refresh_token(client: httpx2.AsyncClient) -> None:
    tokens = await sign_in(client)
    assert refused(await refresh(client, tokens["access_token"])) == (400, "invalid_grant")


async def test_a_refresh_token_is_no_access_token(client: httpx2.AsyncClient) -> None:
    tokens = await sign_in(client)
    headers = {"Authorization": f"Bearer {tokens['refresh_token']}"}
    assert (await client.get("/users/me", headers=headers)).status_code == 401


async def test_an_expired_token_is_refused_and_harms_nobody(
    database_url: str, database: Database
) -> None:
    settings = settings_for(database_url, refresh_token_life=timedelta(microseconds=1))
    async with running(create_app(settings), base_url=URL) as client:
        token = (await sign_in(client))["refresh_token"]
        for _ in range(2):
            assert refused(await refresh(client, token)) == (400, "invalid_grant")
    assert await reason_of_the_end(database) is None


async def test_a_token_of_another_client_ends_the_session(
    client: httpx2.AsyncClient, database: Database
) -> None:
    token = (await sign_in(client))["refresh_token"]
    digest, later = sha256(token.encode()).hexdigest(), now() + timedelta(days=1)
    another = replace(first_party_client(password_grant=True), client_id="another")
    await ClientStore(database).add(another, AuditContext())
    answer = await SessionStore(database).exchange(
        digest,
        "0" * 64,
        later,
        NewAccessToken(another, later),
        lambda session, _role: session,
        AuditContext(),
    )
    assert isinstance(answer, Refusal)
    assert refused(await refresh(client, token)) == (400, "invalid_grant")
    assert await reason_of_the_end(database) == "refresh_token_reused"


async def test_a_password_change_ends_every_session(client: httpx2.AsyncClient) -> None:
    here, there = [await sign_in(client, scope=EVERYTHING) for _ in range(2)]
    admin = await sign_in(client, ADMIN)
    change = {"current_password": DEMO.password, "new_password": "another-heron-counts-5"}
    answer = await client.post("/users/me/password", json=change, headers=header_of(here))
    assert answer.status_code == 204
    for tokens in (here, there):
        assert refused(await refresh(client, tokens["refresh_token"])) == (400, "invalid_grant")
    assert (await refresh(client, admin["refresh_token"])).status_code == 200


async def test_disabling_ends_every_session_and_enabling_brings_none_back(
    client: httpx2.AsyncClient,
) -> None:
    tried, untried = [await sign_in(client, scope=EVERYTHING) for _ in range(2)]
    demo = (await client.get("/users/me", headers=header_of(tried))).json()
    admin = await bearer(client, ADMIN, scope="auth:admin")
    path = f"/users/{demo['id']}"
    assert (await client.patch(path, json={"disabled": True}, headers=admin)).status_code == 200
    assert refused(await refresh(client, tried["refresh_token"])) == (400, "invalid_grant")
    assert (await client.patch(path, json={"disabled": False}, headers=admin)).status_code == 200
    assert refused(await refresh(client, untried["refresh_token"])) == (400, "invalid_grant")
    assert (await refresh(client, (await sign_in(client))["refresh_token"])).status_code == 200
