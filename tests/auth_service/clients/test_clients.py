"""Registered clients: what administrators do with them, and the tokens that they get for themselves."""

from base64 import b64encode
from typing import Any

import httpx2
import pytest
from fastapi import FastAPI
from sqlalchemy import select, update

from auth_service.main import create_app
from auth_service.settings import AuthSettings
from auth_service.tables import clients as clients_table
from gatehouse_chassis.database import Database
from testing.apps import running
from tests.auth_service.databases import on_both_databases, settings_for
from tests.auth_service.oauth.test_token_endpoint import parts_of
from tests.auth_service.people import ADMIN, DEMO, URL, bearer, refused, sign_in
from tests.auth_service.registered_clients import SERVICE, WEB, register


@pytest.fixture
async def admin(client: httpx2.AsyncClient) -> dict[str, str]:
    return await bearer(client, ADMIN, scope="auth:admin")


def basic(client: dict[str, Any]) -> dict[str, str]:
    credentials = f"{client['client_id']}:{client['client_secret']}"
    return {"Authorization": f"Basic {b64encode(credentials.encode()).decode()}"}


def credentials_of(client: dict[str, Any]) -> dict[str, str]:
    return {name: client[name] for name in ("client_id", "client_secret")}


OWN = {"grant_type": "client_credentials"}


@on_both_databases
async def test_an_administrator_registers_reads_and_removes_a_client(
    client: httpx2.AsyncClient, admin: dict[str, str]
) -> None:
    answer = await client.post("/clients", headers=admin, json=SERVICE)
    assert answer.status_code == 201
    assert answer.headers["Cache-Control"] == "no-store"
    made = answer.json()
    secret = made.pop("client_secret")
    assert len(secret) >= 43
    assert made["grants"] == ["client_credentials"]
    read = await client.get(f"/{answer.headers['Location']}", headers=admin)
    assert read.json() == made
    assert (await client.get("/clients", headers=admin)).json()["items"] == [made]
    path = f"/clients/{made['client_id']}"
    assert (await client.delete(path, headers=admin)).status_code == 204
    for method in ("GET", "DELETE"):
        assert (await client.request(method, path, headers=admin)).status_code == 404


async def test_the_secret_is_stored_as_a_digest(
    client: httpx2.AsyncClient, admin: dict[str, str], database: Database
) -> None:
    made = await register(client, SERVICE)
    (row,) = await database.fetch_all(select(clients_table).limit(2))
    assert made["client_secret"] not in str(dict(row))


async def test_a_public_client_has_no_secret(client: httpx2.AsyncClient) -> None:
    assert "client_secret" not in await register(client, WEB)


@pytest.mark.parametrize("path", ["/clients", "/clients/client-0000000000000000"])
async def test_only_administrators_see_clients(client: httpx2.AsyncClient, path: str) -> None:
    assert (await client.get(path)).status_code == 401
    assert (await client.get(path, headers=await bearer(client, DEMO))).status_code == 403


@pytest.mark.parametrize(
    "change",
    [
        {"name": " "},
        {"name": "x" * 101},
        {"name": "Shop\x1b[31m of Ada"},
        {"name": "Shop\u202eadA fo"},
        {"name": "Shop\nof Ada"},
        {"grants": []},
        {"grants": ["password"]},
        {"grants": ["refresh_token"], "redirect_uris": []},
        {"grants": ["authorization_code"], "redirect_uris": []},
        {"grants": ["client_credentials"], "redirect_uris": [], "confidential": False},
        {"scopes": []},
        {"scopes": ["items:delete"]},
        {"redirect_uris": [f"https://app.example/{number}" for number in range(21)]},
        {"surprise": 1},
    ],
)
async def test_a_client_that_makes_no_sense_is_refused(
    client: httpx2.AsyncClient, admin: dict[str, str], change: dict[str, Any]
) -> None:
    answer = await client.post("/clients", headers=admin, json={**WEB, **change})
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid_input")


async def test_clients_are_listed_page_by_page_newest_first(
    client: httpx2.AsyncClient, admin: dict[str, str]
) -> None:
    made = [(await register(client, SERVICE))["client_id"] for _ in range(3)]
    first = (await client.get("/clients", headers=admin, params={"limit": 2})).json()
    rest = (
        await client.get(
            "/clients", headers=admin, params={"limit": 2, "cursor": first["next_cursor"]}
        )
    ).json()
    listed = [each["client_id"] for each in first["items"] + rest["items"]]
    assert listed == made[::-1]
    assert rest["next_cursor"] is None


@on_both_databases
@pytest.mark.parametrize("method", ["header", "form"])
async def test_a_client_gets_a_token_for_itself(client: httpx2.AsyncClient, method: str) -> None:
    service = await register(client, SERVICE)
    headers, form = (basic(service), {}) if method == "header" else ({}, credentials_of(service))
    answer = await client.post("/token", data={**OWN, **form}, headers=headers)
    assert answer.status_code == 200, answer.text
    assert answer.headers["Cache-Control"] == "no-store"
    tokens = answer.json()
    assert set(tokens) == {"access_token", "token_type", "expires_in", "scope"}
    claims = parts_of(tokens["access_token"])[1]
    assert claims["sub"] == claims["client_id"] == service["client_id"]
    assert claims["scope"] == tokens["scope"] == "items:read items:write"
    assert claims["aud"] == ["items"]


async def test_a_client_is_given_no_more_than_it_was_registered_for(
    client: httpx2.AsyncClient,
) -> None:
    service = await register(client, {**SERVICE, "scopes": ["items:read"]})
    form = {**OWN, **credentials_of(service)}
    assert (await client.post("/token", data=form)).json()["scope"] == "items:read"
    for scope in ("items:write", "auth:admin", "items:read auth:admin", "nothing"):
        answer = await client.post("/token", data={**form, "scope": scope})
        assert refused(answer) == (400, "invalid_scope")


async def test_a_client_with_users_scopes_only_gets_nothing_for_itself(
    client: httpx2.AsyncClient, database: Database
) -> None:
    service = await register(client, SERVICE)
    # Registered before such a scope was for the built-in client alone.
    await database.execute(update(clients_table).values(scopes=["auth:admin"]))
    answer = await client.post("/token", data={**OWN, **credentials_of(service)})
    assert refused(answer) == (400, "invalid_scope")


async def test_a_wrong_secret_is_refused(client: httpx2.AsyncClient) -> None:
    service = await register(client, SERVICE)
    other = await register(client, SERVICE)
    wrong = {**service, "client_secret": other["client_secret"]}
    attempts: list[dict[str, Any]] = [
        {"headers": basic(wrong), "data": OWN},
        {"data": {**OWN, **credentials_of(wrong)}},
        {"data": {**OWN, "client_id": service["client_id"]}},
        {"headers": basic({**service, "client_secret": ""}), "data": OWN},
        {"data": {**OWN, "client_id": "client-\x1f", "client_secret": "x"}},
    ]
    for attempt in attempts:
        answer = await client.post("/token", **attempt)
        assert refused(answer) == (401, "invalid_client")


async def test_a_secret_in_the_header_and_in_the_form_is_refused(
    client: httpx2.AsyncClient,
) -> None:
    service = await register(client, SERVICE)
    answer = await client.post(
        "/token", data={**OWN, **credentials_of(service)}, headers=basic(service)
    )
    assert refused(answer) == (400, "invalid_request")


async def test_a_public_client_that_comes_with_a_secret_is_refused(
    client: httpx2.AsyncClient,
) -> None:
    web = await register(client, WEB)
    form = {**OWN, "client_id": web["client_id"], "client_secret": "x"}
    assert refused(await client.post("/token", data=form)) == (401, "invalid_client")


@pytest.mark.parametrize("grant", ["password", "refresh_token"])
async def test_a_client_uses_its_own_grants_only(client: httpx2.AsyncClient, grant: str) -> None:
    service = await register(client, SERVICE)
    form = {**DEMO.password_grant, "refresh_token": "x", **credentials_of(service)}
    answer = await client.post("/token", data={**form, "grant_type": grant})
    assert refused(answer) == (400, "unauthorized_client")


async def test_the_built_in_client_gets_no_token_for_itself(
    shared_client: httpx2.AsyncClient,
) -> None:
    answer = await shared_client.post("/token", data=OWN)
    assert refused(answer) == (400, "unauthorized_client")


async def test_a_new_secret_ends_the_old_one(
    client: httpx2.AsyncClient, admin: dict[str, str]
) -> None:
    service = await register(client, SERVICE)
    answer = await client.post(f"/clients/{service['client_id']}/secret", headers=admin)
    assert answer.status_code == 200
    assert answer.headers["Cache-Control"] == "no-store"
    old = await client.post("/token", data=OWN, headers=basic(service))
    new = await client.post("/token", data=OWN, headers=basic({**service, **answer.json()}))
    assert refused(old) == (401, "invalid_client")
    assert new.status_code == 200


async def test_a_public_client_gets_no_new_secret(
    client: httpx2.AsyncClient, admin: dict[str, str]
) -> None:
    web = await register(client, WEB)
    answer = await client.post(f"/clients/{web['client_id']}/secret", headers=admin)
    assert answer.status_code == 404


async def test_a_removed_client_gets_no_token(
    client: httpx2.AsyncClient, admin: dict[str, str]
) -> None:
    service = await register(client, SERVICE)
    await client.delete(f"/clients/{service['client_id']}", headers=admin)
    answer = await client.post("/token", data=OWN, headers=basic(service))
    assert refused(answer) == (401, "invalid_client")


async def test_a_token_of_no_user_is_told_that_a_user_is_needed(
    client: httpx2.AsyncClient,
) -> None:
    service = await register(client, {**SERVICE, "scopes": ["auth:profile"]})
    tokens = (await client.post("/token", data={**OWN, **credentials_of(service)})).json()
    headers = {"Authorization": f"Bearer {tokens['access_token']}"}
    for path, code in (
        ("/users/me", "user_required"),
        ("/users", "insufficient_scope"),
        ("/clients", "insufficient_scope"),
    ):
        answer = await client.get(path, headers=headers)
        assert (answer.status_code, answer.json()["code"]) == (403, code)
        assert 'error="insufficient_scope"' in answer.headers["WWW-Authenticate"]


async def test_the_password_grant_can_be_turned_off(settings: AuthSettings) -> None:
    without = settings_for(settings.database_url, password_grant="off")
    async with running(create_app(without), base_url=URL) as client:
        answer = await client.post("/token", data=DEMO.password_grant)
    assert refused(answer) == (400, "unauthorized_client")


async def test_the_password_grant_is_on_unless_turned_off(
    app: FastAPI, client: httpx2.AsyncClient
) -> None:
    assert await sign_in(client)
