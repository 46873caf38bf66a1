"""Authorization codes: used once, bound to client, redirect URI and verifier, short-lived."""

import asyncio
from typing import Any

import httpx2
import pytest
from sqlalchemy import update

from auth_service.tables import authorization_codes
from gatehouse_chassis.database import Database
from gatehouse_chassis.database.columns import now
from tests.auth_service.authorization import REDIRECT_URI, VERIFIER, code_for, redeem, request_of
from tests.auth_service.databases import on_both_databases
from tests.auth_service.oauth.test_token_endpoint import parts_of
from tests.auth_service.people import ADMIN, DEMO, bearer, refresh, refused, sign_in
from tests.auth_service.registered_clients import WEB, register


@pytest.fixture
async def web(client: httpx2.AsyncClient) -> dict[str, Any]:
    return await register(client, WEB)


@on_both_databases
async def test_a_code_that_is_used_again_ends_what_it_gave(
    client: httpx2.AsyncClient, web: dict[str, Any]
) -> None:
    code = await code_for(client, request_of(web))
    tokens = (await redeem(client, code, web)).json()
    assert refused(await redeem(client, code, web)) == (400, "invalid_grant")
    answer = await refresh(client, tokens["refresh_token"], client_id=web["client_id"])
    assert refused(answer) == (400, "invalid_grant")


@on_both_databases
async def test_of_two_at_once_one_at_most_gets_tokens_and_neither_keeps_them(
    client: httpx2.AsyncClient, web: dict[str, Any]
) -> None:
    for _ in range(10):
        code = await code_for(client, request_of(web))
        answers = await asyncio.gather(*(redeem(client, code, web) for _ in range(3)))
        (good,) = [answer for answer in answers if answer.status_code == 200]
        again = await refresh(client, good.json()["refresh_token"], client_id=web["client_id"])
        assert refused(again) == (400, "invalid_grant")


@pytest.mark.parametrize(
    "changes",
    [
        {"redirect_uri": "https://shop.example/signed-in"},
        {"code_verifier": VERIFIER + "x"},
        {"code_verifier": VERIFIER.upper()},
    ],
)
async def test_a_code_in_wrong_hands_is_used_up(
    client: httpx2.AsyncClient, web: dict[str, Any], changes: dict[str, str]
) -> None:
    code = await code_for(client, request_of(web))
    for attempt in (changes, {}):
        answer = await redeem(client, code, web, **attempt)
        assert refused(answer) == (400, "invalid_grant")


async def test_a_code_is_good_for_its_own_client_only(
    client: httpx2.AsyncClient, web: dict[str, Any]
) -> None:
    other = await register(client, WEB)
    code = await code_for(client, request_of(web))
    assert refused(await redeem(client, code, other)) == (400, "invalid_grant")
    assert refused(await redeem(client, code, web)) == (400, "invalid_grant")


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"code": ""}, "invalid_request"),
        ({"redirect_uri": ""}, "invalid_request"),
        ({"code_verifier": ""}, "invalid_request"),
        ({"code_verifier": "short"}, "invalid_request"),
        ({"code_verifier": "x" * 129}, "invalid_request"),
        ({"code": "unknown"}, "invalid_grant"),
    ],
)
async def test_a_request_that_misses_something_does_not_use_the_code_up(
    client: httpx2.AsyncClient, web: dict[str, Any], changes: dict[str, str], error: str
) -> None:
    code = await code_for(client, request_of(web))
    sent = {"code": code, **changes}
    answer = await redeem(client, sent.pop("code"), web, **sent)
    assert refused(answer) == (400, error)
    assert (await redeem(client, code, web)).status_code == 200


async def test_a_code_is_good_for_a_minute(
    client: httpx2.AsyncClient, web: dict[str, Any], database: Database
) -> None:
    code = await code_for(client, request_of(web))
    await database.execute(update(authorization_codes).values(expires_at=now()))
    assert refused(await redeem(client, code, web)) == (400, "invalid_grant")


async def test_a_confidential_client_must_prove_itself(client: httpx2.AsyncClient) -> None:
    server = await register(client, {**WEB, "confidential": True})
    code = await code_for(client, request_of(server))
    answer = await redeem(client, code, {"client_id": server["client_id"]})
    assert refused(answer) == (401, "invalid_client")
    assert (await redeem(client, code, server)).status_code == 200


async def test_a_client_without_refresh_gets_no_refresh_token(
    client: httpx2.AsyncClient,
) -> None:
    brief = await register(client, {**WEB, "grants": ["authorization_code"]})
    tokens = await redeem(client, await code_for(client, request_of(brief)), brief)
    assert "refresh_token" not in tokens.json()


@on_both_databases
async def test_a_new_password_makes_the_code_void(
    client: httpx2.AsyncClient, web: dict[str, Any]
) -> None:
    code = await code_for(client, request_of(web))
    changed = await client.post(
        "/users/me/password",
        headers=await bearer(client, DEMO),
        json={"current_password": DEMO.password, "new_password": "another-heron-counts-5-boats"},
    )
    assert changed.status_code == 204
    assert refused(await redeem(client, code, web)) == (400, "invalid_grant")


async def test_a_disabled_user_gets_nothing_for_a_code(
    client: httpx2.AsyncClient, web: dict[str, Any]
) -> None:
    code = await code_for(client, request_of(web))
    admin = await bearer(client, ADMIN, scope="auth:admin")
    subject = parts_of((await sign_in(client))["access_token"])[1]["sub"]
    await client.patch(f"/users/{subject}", headers=admin, json={"disabled": True})
    assert refused(await redeem(client, code, web)) == (400, "invalid_grant")


async def test_the_sessions_of_a_removed_client_end(
    client: httpx2.AsyncClient, web: dict[str, Any]
) -> None:
    tokens = (await redeem(client, await code_for(client, request_of(web)), web)).json()
    admin = await bearer(client, ADMIN, scope="auth:admin")
    await client.delete(f"/clients/{web['client_id']}", headers=admin)
    answer = await refresh(client, tokens["refresh_token"], client_id=web["client_id"])
    assert refused(answer) == (401, "invalid_client")


async def test_a_token_is_for_the_resource_that_its_request_names(
    client: httpx2.AsyncClient,
) -> None:
    console = await register(client, {**WEB, "scopes": ["auth:profile", "items:read"]})
    request = request_of(console, scope="auth:profile items:read")
    code = await code_for(client, request)
    items, auth = "http://localhost:8080/items", "http://localhost:8080/auth/"
    tokens = (await redeem(client, code, console, resource=items)).json()
    assert tokens["scope"] == "items:read"
    own = {"client_id": console["client_id"]}
    answer = await refresh(client, tokens["refresh_token"], resource="https://other.example", **own)
    assert refused(answer) == (400, "invalid_target")
    renewed = (await refresh(client, tokens["refresh_token"], resource=auth, **own)).json()
    assert parts_of(renewed["access_token"])[1]["aud"] == ["auth", "http://localhost:8080/auth"]
    both = (await refresh(client, renewed["refresh_token"], **own)).json()
    assert both["scope"] == "auth:profile items:read"


async def test_the_code_and_the_password_are_in_no_table(
    client: httpx2.AsyncClient, web: dict[str, Any], database: Database
) -> None:
    code = await code_for(client, request_of(web))
    rows = await database.fetch_all(authorization_codes.select().limit(10))
    assert len(rows) == 1
    assert code not in str(dict(rows[0]))
    assert "argon2" not in str(dict(rows[0]))
    assert rows[0]["redirect_uri"] == REDIRECT_URI
