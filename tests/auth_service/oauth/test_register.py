"""`/auth/register`: clients that register themselves (RFC 7591), where the setting lets them."""

import json
from datetime import timedelta
from typing import Any

import httpx2
import pytest
from sqlalchemy import update

from auth_service.clients import store
from auth_service.container import Container
from auth_service.main import create_app
from auth_service.settings import AuthSettings
from auth_service.tables import clients
from gatehouse_chassis.database import Database
from gatehouse_chassis.database.columns import now
from testing.apps import running
from tests.auth_service.authorization import (
    allow,
    answer_in,
    redeem,
    request_of,
)
from tests.auth_service.databases import on_both_databases, settings_for
from tests.auth_service.oauth.test_token_endpoint import parts_of
from tests.auth_service.people import ADMIN, URL, bearer, refresh, refused

CALLBACK = "http://localhost:33418/callback"
# As the Python SDK of MCP sends it.
NEW: dict[str, Any] = {
    "client_name": "An editor",
    "redirect_uris": [CALLBACK],
    "grant_types": ["authorization_code", "refresh_token"],
    "response_types": ["code"],
    "scope": "items:read offline_access",
    "application_type": "native",
}

SUBSTITUTED: list[tuple[dict[str, Any], dict[str, Any]]] = [
        ({"token_endpoint_auth_method": "client_secret_basic"}, {}),
        ({"scope": None}, {"scope": "auth:profile email items:read items:write "
                                    "offline_access openid profile"}),
        ({"scope": "auth:admin auth:account"}, {"scope": "auth:profile email items:read items:write "
                                                         "offline_access openid profile"}),
        ({"scope": "items:read auth:admin of:another"}, {"scope": "items:read"}),
        ({"grant_types": ["authorization_code", "client_credentials", "implicit", "password"]},
         {"grant_types": ["authorization_code"]}),
        ({"client_name": ""}, {"client_name": "localhost"}),
        ({"redirect_uris": ["https://app.example/callback"]}, {}),
        ({"logo_uri": "https://evil.example/x", "jwks": {"keys": []}, "contacts": 5}, {}),
    ]  # fmt: skip
REFUSED: list[tuple[dict[str, Any], str]] = [
    ({"redirect_uris": None}, "invalid_redirect_uri"),
    ({"redirect_uris": []}, "invalid_redirect_uri"),
    ({"redirect_uris": "https://app.example"}, "invalid_redirect_uri"),
    ({"redirect_uris": ["http://app.example/callback"]}, "invalid_redirect_uri"),
    ({"redirect_uris": ["javascript:alert(1)"]}, "invalid_redirect_uri"),
    ({"redirect_uris": ["https://app.example/#x"]}, "invalid_redirect_uri"),
    ({"redirect_uris": [CALLBACK] * 21}, "invalid_redirect_uri"),
    ({"redirect_uris": [7]}, "invalid_redirect_uri"),
    ({"client_name": "x" * 101}, "invalid_client_metadata"),
    ({"client_name": "two\nlines"}, "invalid_client_metadata"),
    ({"client_name": {"a": 1}}, "invalid_client_metadata"),
    ({"grant_types": ["client_credentials"]}, "invalid_client_metadata"),
    ({"response_types": ["token"]}, "invalid_client_metadata"),
    ({"scope": "x" * 3000}, "invalid_client_metadata"),
]
NO_DOCUMENTS = [
        (b"[]", "application/json", "invalid_client_metadata"),
        (b"{", "application/json", "invalid_client_metadata"),
        (b"\xff", "application/json", "invalid_client_metadata"),
        (b"[" * 16_000, "application/json", "invalid_client_metadata"),
        (json.dumps(NEW | {"x": "x" * 16_384}).encode(), "application/json",
         "invalid_client_metadata"),
        (json.dumps(NEW).encode(), "text/plain", "invalid_request"),
    ]  # fmt: skip


@pytest.fixture
def settings(database_url: str) -> AuthSettings:
    return settings_for(
        database_url, client_registration="on", cors_origins="https://inspector.example"
    )


async def register(client: httpx2.AsyncClient, **changes: Any) -> dict[str, Any]:
    answer = await client.post("/register", json=NEW | changes)
    assert answer.status_code == 201, answer.text
    made: dict[str, Any] = answer.json()
    return made


async def is_known(client: httpx2.AsyncClient, made: dict[str, Any]) -> bool:
    admin = await bearer(client, ADMIN, scope="auth:admin")
    answer = await client.get(f"/clients/{made['client_id']}", headers=admin)
    return answer.status_code == 200


async def test_nobody_registers_where_it_is_off(shared_client: httpx2.AsyncClient) -> None:
    assert refused(await shared_client.post("/register", json=NEW)) == (403, "access_denied")
    document = (await shared_client.get("/.well-known/oauth-authorization-server")).json()
    assert "registration_endpoint" not in document


@on_both_databases
async def test_a_client_registers_itself_and_signs_somebody_in(client: httpx2.AsyncClient) -> None:
    document = (await client.get("/.well-known/oauth-authorization-server")).json()
    assert document["registration_endpoint"] == f"{URL}/register"
    answer = await client.post("/register", json=NEW)
    assert answer.headers["Cache-Control"] == "no-store"
    made = answer.json()
    assert made.pop("client_id_issued_at") > 0
    asked = {name: value for name, value in NEW.items() if name != "application_type"}
    assert made == {
        **asked,
        "client_id": made["client_id"],
        "token_endpoint_auth_method": "none",
    }
    # The port is the one that was free this time.
    uri = CALLBACK.replace("33418", "50123")
    request = request_of(
        made, redirect_uri=uri, scope="items:read offline_access", resource=f"{URL[:-5]}/items/mcp"
    )
    code = answer_in(await allow(client, request), uri)["code"]
    tokens = (await redeem(client, code, made, redirect_uri=uri)).json()
    assert parts_of(tokens["access_token"])[1]["client_id"] == made["client_id"]
    renewed = await refresh(client, tokens["refresh_token"], client_id=made["client_id"])
    assert renewed.status_code == 200


async def test_the_consent_page_says_that_nobody_has_checked_it(client: httpx2.AsyncClient) -> None:
    made = await register(client, client_name="<b>Gatehouse</b>")
    page = await client.get("/authorize", params=request_of(made, redirect_uri=CALLBACK))
    for said in (
        "&lt;b&gt;Gatehouse&lt;/b&gt;",
        "a program on your own computer (localhost:33418)",
        "registered itself",
        "Nobody here has checked it",
    ):
        assert said in page.text
    # However often somebody has allowed it: anybody could be asking (RFC 8252 section 8.6).
    await allow(client, request_of(made, redirect_uri=CALLBACK))
    silent = request_of(made, redirect_uri=CALLBACK, prompt="none")
    answer = await client.get("/authorize", params=silent)
    assert answer_in(answer, CALLBACK)["error"] == "consent_required"


async def test_it_is_told_what_it_got(client: httpx2.AsyncClient) -> None:
    for changes, registered in SUBSTITUTED:
        made = await register(client, **changes)
        assert made["token_endpoint_auth_method"] == "none"
        assert "client_secret" not in made
        assert {name: made[name] for name in registered} == registered, changes


async def test_what_cannot_be_registered_is_refused(client: httpx2.AsyncClient) -> None:
    for changes, error in REFUSED:
        answer = await client.post("/register", json=NEW | changes)
        assert refused(answer) == (400, error), changes


async def test_what_is_no_document_is_refused(client: httpx2.AsyncClient) -> None:
    for body, media_type, error in NO_DOCUMENTS:
        headers = {"Content-Type": media_type}
        answer = await client.post("/register", content=body, headers=headers)
        assert refused(answer) == (400, error), body[:40]


async def test_a_page_of_another_site_registers_only_where_it_may_send(
    client: httpx2.AsyncClient,
) -> None:
    origin = "https://inspector.example"
    preflight = await client.options(
        "/register",
        headers={
            "Origin": origin,
            "Access-Control-Request-Method": "POST",
            "Access-Control-Request-Headers": "content-type",
        },
    )
    assert preflight.headers["Access-Control-Allow-Origin"] == origin
    page = {"Origin": origin, "Sec-Fetch-Site": "cross-site"}
    answer = await client.post("/register", json=NEW, headers=page)
    assert (answer.status_code, answer.headers["Access-Control-Allow-Origin"]) == (201, origin)
    other = page | {"Origin": "https://evil.example"}
    assert refused(await client.post("/register", json=NEW, headers=other)) == (
        403,
        "invalid_request",
    )


@on_both_databases
async def test_a_client_that_nobody_uses_is_forgotten(
    client: httpx2.AsyncClient, container: Container, database: Database
) -> None:
    used, unused, new = [await register(client) for _ in range(3)]
    code = answer_in(await allow(client, request_of(used, redirect_uri=CALLBACK)), CALLBACK)["code"]
    tokens = (await redeem(client, code, used, redirect_uri=CALLBACK)).json()
    long_ago = now() - timedelta(minutes=1)
    for one in (used, unused):
        await database.execute(
            update(clients)
            .where(clients.c.client_id == one["client_id"])
            .values(unused_until=long_ago)
        )
    assert await container.client_store.purge_expired(100) == 1
    assert [await is_known(client, one) for one in (used, unused, new)] == [True, False, True]
    renewed = await refresh(client, tokens["refresh_token"], client_id=used["client_id"])
    assert renewed.status_code == 200


@on_both_databases
async def test_too_many_unused_clients_push_out_the_oldest_of_them(
    client: httpx2.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(store, "MAX_UNUSED", 2)
    used, *others = [await register(client)]
    await code_for_loopback(client, used)
    others = [await register(client) for _ in range(3)]
    assert [await is_known(client, one) for one in (used, *others)] == [True, False, True, True]


async def code_for_loopback(client: httpx2.AsyncClient, made: dict[str, Any]) -> None:
    answer_in(await allow(client, request_of(made, redirect_uri=CALLBACK)), CALLBACK)


async def test_those_of_administrators_are_never_forgotten(
    client: httpx2.AsyncClient, container: Container
) -> None:
    admin = await bearer(client, ADMIN, scope="auth:admin")
    new = {"name": "Shop", "grants": ["authorization_code"], "scopes": ["items:read"]}
    new["redirect_uris"] = ["https://shop.example/callback"]
    made = (await client.post("/clients", headers=admin, json=new)).json()
    assert made["self_registered"] is False
    assert await container.client_store.purge_expired(100) == 0
    assert await is_known(client, made)


async def test_those_that_are_registered_stay_when_it_is_turned_off(
    client: httpx2.AsyncClient, database_url: str
) -> None:
    made = await register(client, redirect_uris=["https://app.example/callback"])
    async with running(create_app(settings_for(database_url)), base_url=URL) as later:
        request = request_of(made, redirect_uri="https://app.example/callback")
        assert (await later.get("/authorize", params=request)).status_code == 200
