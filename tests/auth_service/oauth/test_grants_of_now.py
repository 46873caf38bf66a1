"""What was granted is decided again when it is used: the role of the user, and whether the client is still the same."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import httpx2
import pytest
from sqlalchemy import select, update

from auth_service.audit.context import AuditContext
from auth_service.clients.authentication import ClientNotAuthenticated
from auth_service.clients.registration import renew_client_secret
from auth_service.clients.store import ClientStore
from auth_service.container import Container
from auth_service.oauth.requests import InvalidGrant
from auth_service.oauth.resources import Target
from auth_service.tables import clients as clients_table
from auth_service.tables import sessions
from auth_service.users.schemas import Role
from gatehouse_chassis.database import Database
from tests.auth_service.authorization import (
    REDIRECT_URI,
    VERIFIER,
    allow,
    answer_in,
    code_for,
    redeem,
    request_of,
)
from tests.auth_service.databases import on_both_databases
from tests.auth_service.people import ADMIN, DEMO, Person, bearer, refresh, refused, sign_in
from tests.auth_service.registered_clients import SERVICE, WEB, register

pytestmark = on_both_databases

BUILT_IN = {"client_id": "gatehouse"}
PAGE = "http://localhost:8080/docs/oauth2-redirect"
OWN = {"grant_type": "client_credentials"}
End = Callable[[ClientStore, str], Awaitable[object]]


async def removed(store: ClientStore, client_id: str) -> bool:
    return await store.remove(client_id, AuditContext())


async def renewed(store: ClientStore, client_id: str) -> str | None:
    return await renew_client_secret(store, client_id, AuditContext())


def credentials_of(client: dict[str, Any]) -> dict[str, str]:
    return {name: client[name] for name in ("client_id", "client_secret")}


async def demote(container: Container, person: Person) -> None:
    """The person is an ordinary user now; the demo user takes over, because one administrator remains."""
    for name, role in ((DEMO.username, Role.ADMIN), (person.username, Role.USER)):
        user = await container.users.find_by_name(name)
        assert user
        await container.users.set_role(user.id, role, AuditContext())


async def state_of(
    client: httpx2.AsyncClient, token: str, asking: dict[str, Any]
) -> dict[str, Any]:
    answer = await client.post("/introspect", data={"token": token, **credentials_of(asking)})
    state: dict[str, Any] = answer.json()
    return state


async def test_a_code_from_before_a_demotion_gives_what_is_left(
    client: httpx2.AsyncClient, container: Container
) -> None:
    codes = []
    for scope in ("auth:admin", "auth:admin items:read"):
        request = request_of(BUILT_IN, redirect_uri=PAGE, scope=scope)
        redirect = await allow(client, request, ADMIN)
        codes.append(answer_in(redirect, "../docs/oauth2-redirect")["code"])
    await demote(container, ADMIN)
    nothing = await redeem(client, codes[0], BUILT_IN, redirect_uri=PAGE)
    assert refused(nothing) == (400, "invalid_grant")
    rest = (await redeem(client, codes[1], BUILT_IN, redirect_uri=PAGE)).json()
    assert rest["scope"] == "items:read"
    assert "refresh_token" not in rest, "its browser stays signed in"


async def test_introspection_answers_by_the_role_of_now(
    client: httpx2.AsyncClient, container: Container
) -> None:
    asking = await register(client, SERVICE)
    admin = (await sign_in(client, ADMIN, scope="auth:admin"))["access_token"]
    both = (await sign_in(client, ADMIN, scope="auth:admin items:read"))["access_token"]
    assert (await state_of(client, both, asking))["scope"] == "auth:admin items:read"
    await demote(container, ADMIN)
    assert await state_of(client, admin, asking) == {"active": False}
    assert (await state_of(client, both, asking))["scope"] == "items:read"


async def test_introspection_knows_no_token_of_a_client_that_may_not_have_it(
    client: httpx2.AsyncClient, container: Container
) -> None:
    asking = await register(client, SERVICE)
    user = await container.users.find_by_name(DEMO.username)
    other = await container.clients.find(asking["client_id"])
    assert user
    assert other
    old = await container.code_grant.issuer.issue(str(user.id), other, Target("auth:account"))
    assert await state_of(client, old.access_token, asking) == {"active": False}


async def test_a_new_secret_revokes_all_that_the_old_one_got(
    client: httpx2.AsyncClient,
) -> None:
    both = {**WEB, "confidential": True, "grants": [*WEB["grants"], *SERVICE["grants"]]}
    app, asking = await register(client, both), await register(client, SERVICE)
    own = (await client.post("/token", data={**OWN, **credentials_of(app)})).json()
    persons = (await redeem(client, await code_for(client, request_of(app)), app)).json()
    for token in (own["access_token"], persons["access_token"]):
        assert (await state_of(client, token, asking))["active"]
    admin = await bearer(client, ADMIN, scope="auth:admin")
    answer = await client.post(f"/clients/{app['client_id']}/secret", headers=admin)
    app["client_secret"] = answer.json()["client_secret"]
    for token in (own["access_token"], persons["access_token"]):
        assert await state_of(client, token, asking) == {"active": False}
    late = await refresh(client, persons["refresh_token"], **credentials_of(app))
    assert refused(late) == (400, "invalid_grant")
    fresh = (await client.post("/token", data={**OWN, **credentials_of(app)})).json()
    assert (await state_of(client, fresh["access_token"], asking))["active"]


@pytest.mark.parametrize("end", [removed, renewed])
async def test_a_client_that_ends_during_its_request_gets_no_token(
    client: httpx2.AsyncClient, container: Container, end: End
) -> None:
    app = await register(client, SERVICE)
    known = await container.clients.authenticate(credentials_of(app), None, AuditContext())
    await end(container.client_store, app["client_id"])
    with pytest.raises(ClientNotAuthenticated):
        await container.grants.exchange(OWN, known, AuditContext())


@pytest.mark.parametrize("end", [removed, renewed])
async def test_no_session_starts_through_a_client_that_ended_during_the_request(
    client: httpx2.AsyncClient, container: Container, database: Database, end: End
) -> None:
    app = await register(client, {**WEB, "confidential": True})
    code = await code_for(client, request_of(app))
    authenticate, known = container.clients.authenticate, credentials_of(app)
    before = await authenticate(known, None, AuditContext())
    await end(container.client_store, app["client_id"])
    form = {"code": code, "code_verifier": VERIFIER, "redirect_uri": REDIRECT_URI}
    with pytest.raises(InvalidGrant):
        await container.code_grant.exchange(form, before, AuditContext())
    left = select(sessions).where(sessions.c.client_id == app["client_id"]).limit(1)
    assert await database.fetch_all(left) == []


@pytest.mark.parametrize("end", [removed, renewed])
async def test_of_tokens_and_the_end_of_their_client_at_once_no_token_survives(
    client: httpx2.AsyncClient, container: Container, end: End
) -> None:
    asking = await register(client, SERVICE)
    for _ in range(5):
        app = await register(client, SERVICE)
        form = {**OWN, **credentials_of(app)}
        asked = [asyncio.create_task(client.post("/token", data=form)) for _ in range(4)]
        await asyncio.gather(*asked, end(container.client_store, app["client_id"]))
        for answer in [await each for each in asked]:
            if answer.status_code == 200:
                state = await state_of(client, answer.json()["access_token"], asking)
                assert state == {"active": False}
            else:
                assert refused(answer) == (401, "invalid_client")


@pytest.mark.parametrize("end", [removed, renewed])
async def test_of_refreshes_and_the_end_of_their_client_at_once_no_token_survives(
    client: httpx2.AsyncClient, container: Container, end: End
) -> None:
    asking = await register(client, SERVICE)
    for _ in range(5):
        app = await register(client, {**WEB, "confidential": True})
        tokens = (await redeem(client, await code_for(client, request_of(app)), app)).json()
        form = credentials_of(app)
        asked = [
            asyncio.create_task(refresh(client, tokens["refresh_token"], **form)) for _ in range(4)
        ]
        await asyncio.gather(*asked, end(container.client_store, app["client_id"]))
        for answer in [await each for each in asked]:
            if answer.status_code == 200:
                state = await state_of(client, answer.json()["access_token"], asking)
                assert state == {"active": False}
            else:
                assert answer.status_code in {400, 401}


async def test_a_token_waits_for_the_end_of_its_client_that_is_being_written(
    client: httpx2.AsyncClient, container: Container, database: Database, database_url: str
) -> None:
    if database_url.startswith("sqlite"):
        pytest.skip("SQLite locks the whole file")
    app = await register(client, SERVICE)
    known = await container.clients.authenticate(credentials_of(app), None, AuditContext())
    async with database.transaction() as statements:
        changed = update(clients_table).values(secret_digest="another")
        await statements.execute(changed)
        asked = asyncio.create_task(container.grants.exchange(OWN, known, AuditContext()))
        await asyncio.sleep(0.3)
        assert not asked.done()
    with pytest.raises(ClientNotAuthenticated):
        await asked
