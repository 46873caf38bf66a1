"""The status list: every way to revoke sets the bit of every access token that it should, and of no other."""

import asyncio
import zlib
from base64 import urlsafe_b64decode
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import httpx2
import pytest
from sqlalchemy import delete, func, select, update

from auth_service.audit.context import AuditContext
from auth_service.clients.authentication import first_party_client
from auth_service.clients.client import Client
from auth_service.clients.store import ClientStore
from auth_service.keys.encryption import KeyEncryption
from auth_service.keys.signing_keys import SigningKeys
from auth_service.keys.store import SigningKeyStore
from auth_service.main import create_app
from auth_service.maintenance.purge import purge
from auth_service.revocation.revoke import Revocation
from auth_service.revocation.status_list import (
    PURGE_AFTER,
    PURGE_EVERY,
    RELOAD_AFTER,
    SIZE,
    StatusList,
)
from auth_service.revocation.store import AccessTokenStore, NewAccessToken, add_access_token
from auth_service.sessions.store import EndOfSession, SessionStore
from auth_service.settings import AuthSettings
from auth_service.tables import access_tokens, sessions
from auth_service.users.store import UserStore
from gatehouse_chassis.auth.access_tokens import read_signed
from gatehouse_chassis.database import Database
from gatehouse_chassis.database.columns import now
from testing.apps import running
from testing.clocks import SettableClock
from tests.auth_service.databases import KEY_SECRET, on_both_databases
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

LIFE = timedelta(seconds=600)
BUILT_IN = first_party_client(password_grant=True)


@pytest.fixture
def clock() -> SettableClock:
    return SettableClock(now().timestamp())


@pytest.fixture
def keys(database: Database, clock: SettableClock) -> SigningKeys:
    return SigningKeys(SigningKeyStore(database), KeyEncryption(KEY_SECRET), clock=clock)


@pytest.fixture
def statuses(database: Database, keys: SigningKeys, clock: SettableClock) -> StatusList:
    """The list of a worker beside the one under test."""
    return StatusList(URL, AccessTokenStore(database), keys, clock=clock)


@pytest.fixture
def revocation(database: Database) -> Revocation:
    return Revocation(SessionStore(database), AccessTokenStore(database))


def ending(client: Client, end: float) -> NewAccessToken:
    """A token that ends then, in seconds since the epoch."""
    return NewAccessToken(client, datetime.fromtimestamp(end, UTC))


async def claims_of(tokens: dict[str, Any], keys: SigningKeys) -> dict[str, Any]:
    return (await read_signed(tokens["access_token"], token_type="at+jwt", keys=keys)).claims


async def place_of(tokens: dict[str, Any], keys: SigningKeys) -> int:
    index: int = (await claims_of(tokens, keys))["status"]["status_list"]["idx"]
    return index


async def places(statuses: StatusList, keys: SigningKeys, clock: SettableClock) -> set[int]:
    """The revoked places, read from the published list as a service reads it."""
    clock.advance(RELOAD_AFTER)
    published = await statuses.published()
    signed = await read_signed(published.token, token_type="statuslist+jwt", keys=keys)
    claims = signed.claims
    assert (claims["sub"], claims["ttl"]) == (f"{URL}/status-list", 2)
    assert claims["status_list"]["bits"] == 1
    bits = zlib.decompress(urlsafe_b64decode(claims["status_list"]["lst"] + "=="))
    assert len(bits) * 8 == SIZE
    return {8 * at + bit for at, byte in enumerate(bits) for bit in range(8) if byte >> bit & 1}


async def of_reuse(
    client: httpx2.AsyncClient, revocation: Revocation, tokens: dict[str, Any]
) -> None:
    token = tokens["refresh_token"]
    for _ in range(2):
        token = (await refresh(client, token)).json()["refresh_token"]
    # The token that was used last may be presented again for a few seconds; this is the one before.
    assert (await refresh(client, tokens["refresh_token"])).status_code == 400


async def of_a_new_password(
    client: httpx2.AsyncClient, revocation: Revocation, tokens: dict[str, Any]
) -> None:
    change = {"current_password": DEMO.password, "new_password": "another-good-9-passphrase"}
    answer = await client.post("/users/me/password", json=change, headers=header_of(tokens))
    assert answer.status_code == 204


async def of_disabling(
    client: httpx2.AsyncClient, revocation: Revocation, tokens: dict[str, Any]
) -> None:
    user = (await client.get("/users/me", headers=header_of(tokens))).json()["id"]
    admin = await bearer(client, ADMIN, scope="auth:admin")
    answer = await client.patch(f"/users/{user}", json={"disabled": True}, headers=admin)
    assert answer.status_code == 200


async def of_ending_all_sessions(
    client: httpx2.AsyncClient, revocation: Revocation, tokens: dict[str, Any]
) -> None:
    user = (await client.get("/users/me", headers=header_of(tokens))).json()["id"]
    assert (
        await revocation.revoke_sessions_of(UUID(user), EndOfSession.REVOKED, AuditContext()) == 1
    )
    assert (
        await revocation.revoke_sessions_of(UUID(user), EndOfSession.REVOKED, AuditContext()) == 0
    )


@pytest.mark.parametrize(
    "revoke", [of_reuse, of_a_new_password, of_disabling, of_ending_all_sessions]
)
async def test_whatever_ends_a_session_revokes_all_its_access_tokens(
    client: httpx2.AsyncClient,
    revocation: Revocation,
    statuses: StatusList,
    keys: SigningKeys,
    clock: SettableClock,
    revoke: Callable[[httpx2.AsyncClient, Revocation, dict[str, Any]], Awaitable[None]],
) -> None:
    bystander = await sign_in(client, ADMIN)
    first = await sign_in(client, scope=EVERYTHING)
    second = (await refresh(client, first["refresh_token"])).json()
    assert await places(statuses, keys, clock) == set()
    await revoke(client, revocation, {**second, "refresh_token": first["refresh_token"]})
    revoked = await places(statuses, keys, clock)
    assert {await place_of(tokens, keys) for tokens in (first, second)} <= revoked
    assert await place_of(bystander, keys) not in revoked
    assert statuses.is_revoked(await place_of(first, keys))


async def test_one_token_is_revoked_and_its_session_goes_on(
    client: httpx2.AsyncClient,
    revocation: Revocation,
    statuses: StatusList,
    keys: SigningKeys,
    clock: SettableClock,
) -> None:
    tokens = await sign_in(client)
    jti = (await claims_of(tokens, keys))["jti"]
    assert await revocation.revoke_token(jti, AuditContext()) is True
    assert await revocation.revoke_token(jti, AuditContext()) is False
    assert await revocation.revoke_token(uuid4().hex, AuditContext()) is False
    assert await revocation.revoke_token("no id at all", AuditContext()) is False
    assert await places(statuses, keys, clock) == {await place_of(tokens, keys)}
    assert (await refresh(client, tokens["refresh_token"])).status_code == 200


async def test_a_client_that_is_removed_takes_along_what_it_got_for_itself_and_for_users(
    client: httpx2.AsyncClient,
    database: Database,
    statuses: StatusList,
    keys: SigningKeys,
    clock: SettableClock,
) -> None:
    end = clock.now + 600
    store = ClientStore(database)
    app, other = [
        await store.add(replace(BUILT_IN, client_id=name), AuditContext())
        for name in ("app", "other")
    ]
    demo = await UserStore(database).find_by_name(DEMO.username)
    assert demo
    for_a_user = await SessionStore(database).start(
        demo.id,
        "items:read",
        "0" * 64,
        now() + LIFE,
        access_token=ending(app, end),
        known_hash=demo.password_hash,
        known_role=demo.role,
        context=AuditContext(),
    )
    own = await statuses.allocate_index(ending(app, end))
    await statuses.allocate_index(ending(other, end))
    assert await store.remove("unknown", AuditContext()) is False
    assert await places(statuses, keys, clock) == set()
    assert await store.remove("app", AuditContext()) is True
    assert await places(statuses, keys, clock) == {own, for_a_user}


async def test_a_token_that_was_under_way_when_its_session_ended_is_revoked(
    client: httpx2.AsyncClient,
    revocation: Revocation,
    statuses: StatusList,
    keys: SigningKeys,
    clock: SettableClock,
    database: Database,
) -> None:
    await sign_in(client)
    row = await database.fetch_one(select(sessions.c.id))
    assert row
    assert await revocation.revoke_session(row["id"], EndOfSession.REVOKED, AuditContext()) is True
    assert await revocation.revoke_session(row["id"], EndOfSession.REVOKED, AuditContext()) is False
    late = await add_access_token(database, ending(BUILT_IN, clock.now + 600), row["id"])
    assert late in await places(statuses, keys, clock)


async def test_a_revoked_token_leaves_the_list_and_the_database_after_its_end(
    client: httpx2.AsyncClient,
    revocation: Revocation,
    statuses: StatusList,
    keys: SigningKeys,
    clock: SettableClock,
    database: Database,
) -> None:
    async def kept() -> int:
        row = await database.fetch_one(select(func.count().label("n")).select_from(access_tokens))
        assert row
        return int(row["n"])

    tokens = await sign_in(client)
    await of_reuse(client, revocation, tokens)
    clock.advance(LIFE.total_seconds() + PURGE_AFTER.total_seconds() - 5)
    await purge(statuses)
    assert await kept() == 3
    assert len(await places(statuses, keys, clock)) == 3
    clock.advance(10)
    assert await places(statuses, keys, clock) == set()
    await purge(statuses)
    assert await kept() == 0


async def test_many_expired_tokens_are_forgotten_in_one_go(
    statuses: StatusList, clock: SettableClock, database: Database
) -> None:
    for _ in range(501):
        await statuses.allocate_index(ending(BUILT_IN, clock.now - 3600))
    await purge(statuses)
    assert await database.fetch_all(select(access_tokens).limit(1)) == []


async def test_places_go_round_and_a_number_is_never_given_twice(
    statuses: StatusList, clock: SettableClock, database: Database, database_url: str
) -> None:
    if database_url.startswith("postgresql"):
        pytest.skip("a sequence cannot be moved by an UPDATE")
    end = clock.now - 3600
    await statuses.allocate_index(ending(BUILT_IN, end))
    await database.execute(update(access_tokens).values(id=SIZE - 1))
    last = await statuses.allocate_index(ending(BUILT_IN, end))
    assert statuses.reference(last)["status_list"]["idx"] == 0
    await purge(statuses)
    again = await statuses.allocate_index(ending(BUILT_IN, end))
    assert (again, statuses.reference(again)["status_list"]["idx"]) == (SIZE + 1, 1)


async def test_while_every_place_is_taken_a_token_is_refused_before_anything_is_used_up(
    client: httpx2.AsyncClient, database: Database
) -> None:
    first, second = await sign_in(client), await sign_in(client)
    newest = select(func.max(access_tokens.c.id)).scalar_subquery()
    move = update(access_tokens).where(access_tokens.c.id == newest)
    await database.execute(move.values(id=access_tokens.c.id + SIZE))
    async with asyncio.timeout(5):
        while (answer := await client.post("/token", data=DEMO.password_grant)).status_code == 200:
            await asyncio.sleep(0.05)
    assert refused(answer) == (503, "temporarily_unavailable")
    assert int(answer.headers["Retry-After"]) == PURGE_EVERY
    assert (await refresh(client, first["refresh_token"])).status_code == 503
    await database.execute(delete(access_tokens))
    async with asyncio.timeout(5):
        while (await client.post("/token", data=DEMO.password_grant)).status_code == 503:
            await asyncio.sleep(0.05)
    for tokens in (first, second):
        assert (await refresh(client, tokens["refresh_token"])).status_code == 200


async def test_a_client_that_has_the_list_gets_it_again_only_when_it_changed(
    client: httpx2.AsyncClient, revocation: Revocation
) -> None:
    first = await client.get("/status-list")
    assert first.headers["Content-Type"] == "application/statuslist+jwt"
    known = {"If-None-Match": first.headers["ETag"]}
    unchanged = await client.get("/status-list", headers=known)
    assert (unchanged.status_code, unchanged.content) == (304, b"")
    assert unchanged.headers["ETag"] == first.headers["ETag"]
    await of_reuse(client, revocation, await sign_in(client))
    async with asyncio.timeout(5):
        while (await client.get("/status-list", headers=known)).status_code == 304:
            await asyncio.sleep(0.05)


async def test_all_workers_give_the_list_one_entity_tag(
    client: httpx2.AsyncClient, settings: AuthSettings
) -> None:
    async with running(create_app(settings), base_url=URL) as other:
        tags = {(await one.get("/status-list")).headers["ETag"] for one in (client, other)}
    assert len(tags) == 1


async def test_auth_itself_refuses_a_revoked_token_soon(
    client: httpx2.AsyncClient, revocation: Revocation, keys: SigningKeys
) -> None:
    tokens = await sign_in(client, scope=EVERYTHING)
    assert (await client.get("/users/me", headers=header_of(tokens))).status_code == 200
    await revocation.revoke_token((await claims_of(tokens, keys))["jti"], AuditContext())
    async with asyncio.timeout(5):
        while (await client.get("/users/me", headers=header_of(tokens))).status_code == 200:
            await asyncio.sleep(0.05)
