"""`/auth/revoke` and `/auth/introspect` (RFC 7009, RFC 7662)."""

from typing import Any

import httpx2
import pytest

from tests.auth_service.authorization import code_for, redeem, request_of
from tests.auth_service.databases import on_both_databases
from tests.auth_service.oauth.test_token_endpoint import parts_of
from tests.auth_service.people import ADMIN, bearer, refresh, refused, sign_in
from tests.auth_service.registered_clients import SERVICE, WEB, register


@pytest.fixture
async def server(client: httpx2.AsyncClient) -> dict[str, Any]:
    """An application with a secret, through which people sign in."""
    return await register(client, {**WEB, "confidential": True})


def credentials_of(client: dict[str, Any]) -> dict[str, str]:
    return {name: client[name] for name in ("client_id", "client_secret")}


async def tokens_of(client: httpx2.AsyncClient, server: dict[str, Any]) -> dict[str, Any]:
    tokens: dict[str, Any] = (
        await redeem(client, await code_for(client, request_of(server)), server)
    ).json()
    return tokens


async def state_of(
    client: httpx2.AsyncClient, token: str, asking: dict[str, Any]
) -> dict[str, Any]:
    answer = await client.post("/introspect", data={"token": token, **credentials_of(asking)})
    assert answer.status_code == 200, answer.text
    assert answer.headers["Cache-Control"] == "no-store"
    state: dict[str, Any] = answer.json()
    return state


@on_both_databases
async def test_a_revoked_refresh_token_ends_its_session(client: httpx2.AsyncClient) -> None:
    first = await sign_in(client)
    newer = (await refresh(client, first["refresh_token"])).json()
    answer = await client.post("/revoke", data={"token": newer["refresh_token"]})
    assert (answer.status_code, answer.content) == (200, b"")
    assert answer.headers["Cache-Control"] == "no-store"
    assert refused(await refresh(client, newer["refresh_token"])) == (400, "invalid_grant")


async def test_a_used_refresh_token_revokes_its_session_too(client: httpx2.AsyncClient) -> None:
    first = await sign_in(client)
    newer = (await refresh(client, first["refresh_token"])).json()
    assert (await client.post("/revoke", data={"token": first["refresh_token"]})).status_code == 200
    assert refused(await refresh(client, newer["refresh_token"])) == (400, "invalid_grant")


@pytest.mark.parametrize("token", ["unknown", "a.b.c", "\N{SNOWMAN}"])
async def test_to_revoke_what_is_no_token_is_no_error(
    shared_client: httpx2.AsyncClient, token: str
) -> None:
    answer = await shared_client.post("/revoke", data={"token": token, "token_type_hint": "what"})
    assert answer.status_code == 200


async def test_a_client_revokes_its_own_tokens_only(
    client: httpx2.AsyncClient, server: dict[str, Any]
) -> None:
    tokens = await tokens_of(client, server)
    for kind in ("refresh_token", "access_token"):
        answer = await client.post("/revoke", data={"token": tokens[kind]})
        assert refused(answer) == (400, "unauthorized_client")
    own = credentials_of(server)
    assert (await refresh(client, tokens["refresh_token"], **own)).status_code == 200


async def test_a_confidential_client_must_prove_itself(
    client: httpx2.AsyncClient, server: dict[str, Any]
) -> None:
    tokens = await tokens_of(client, server)
    for path in ("/revoke", "/introspect"):
        form = {"token": tokens["refresh_token"], "client_id": server["client_id"]}
        assert refused(await client.post(path, data=form)) == (401, "invalid_client")


@on_both_databases
async def test_an_access_token_is_described_to_a_client_that_proves_itself(
    client: httpx2.AsyncClient, server: dict[str, Any]
) -> None:
    token = (await tokens_of(client, server))["access_token"]
    claims = parts_of(token)[1]
    other = await register(client, SERVICE)
    state = await state_of(client, token, other)
    assert state == {
        "active": True,
        "token_type": "Bearer",
        **{
            name: claims[name] for name in ("iss", "sub", "aud", "exp", "jti", "client_id", "scope")
        },
    }


async def test_a_refresh_token_is_described_to_its_own_client_only(
    client: httpx2.AsyncClient, server: dict[str, Any]
) -> None:
    token = (await tokens_of(client, server))["refresh_token"]
    state = await state_of(client, token, server)
    assert state.pop("exp") > 0
    assert state.pop("sub")
    assert state == {
        "active": True,
        "client_id": server["client_id"],
        "scope": "items:read items:write",
    }
    other = await register(client, SERVICE)
    assert await state_of(client, token, other) == {"active": False}


async def test_of_a_token_that_is_over_nothing_is_told(
    client: httpx2.AsyncClient, server: dict[str, Any]
) -> None:
    tokens = await tokens_of(client, server)
    newer = (await refresh(client, tokens["refresh_token"], **credentials_of(server))).json()
    await client.post("/revoke", data={"token": newer["refresh_token"], **credentials_of(server)})
    for token in (tokens["refresh_token"], newer["refresh_token"], "unknown", "a.b.c"):
        assert await state_of(client, token, server) == {"active": False}


@on_both_databases
@pytest.mark.parametrize("kind", ["access_token", "refresh_token"])
async def test_a_revoked_access_token_is_over_at_once_by_itself_or_with_its_session(
    client: httpx2.AsyncClient, server: dict[str, Any], kind: str
) -> None:
    tokens = await tokens_of(client, server)
    assert (await state_of(client, tokens["access_token"], server))["active"]
    own = credentials_of(server)
    answer = await client.post("/revoke", data={"token": tokens[kind], **own})
    assert (answer.status_code, answer.content) == (200, b"")
    assert await state_of(client, tokens["access_token"], server) == {"active": False}


async def test_public_clients_cannot_ask_about_tokens(client: httpx2.AsyncClient) -> None:
    token = (await sign_in(client))["access_token"]
    answer = await client.post("/introspect", data={"token": token})
    assert refused(answer) == (401, "invalid_client")


@pytest.mark.parametrize("path", ["/revoke", "/introspect"])
async def test_a_form_without_a_token_is_refused(
    client: httpx2.AsyncClient, server: dict[str, Any], path: str
) -> None:
    own = credentials_of(server)
    bodies: list[dict[str, Any]] = [{"data": own}, {"json": {"token": "x", **own}}]
    for body in bodies:
        assert refused(await client.post(path, **body)) == (400, "invalid_request")


async def test_a_disabled_users_refresh_token_is_over(
    client: httpx2.AsyncClient, server: dict[str, Any]
) -> None:
    tokens = await tokens_of(client, server)
    admin = await bearer(client, ADMIN, scope="auth:admin")
    subject = parts_of(tokens["access_token"])[1]["sub"]
    await client.patch(f"/users/{subject}", headers=admin, json={"disabled": True})
    assert await state_of(client, tokens["refresh_token"], server) == {"active": False}
