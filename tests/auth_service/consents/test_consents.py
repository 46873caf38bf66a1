"""An application that is not our own is allowed once, by name, and until the person takes it back."""

from typing import Any

import httpx2
import pytest

from tests.auth_service.authorization import (
    REDIRECT_URI,
    allow,
    answer_in,
    code_for,
    form_token_in,
    redeem,
    request_of,
)
from tests.auth_service.databases import on_both_databases
from tests.auth_service.people import ADMIN, bearer, refresh, refused, sign_in
from tests.auth_service.registered_clients import WEB, register


@pytest.fixture
async def shop(client: httpx2.AsyncClient) -> dict[str, Any]:
    return await register(client, WEB)


async def silently(client: httpx2.AsyncClient, request: dict[str, str], to: str) -> dict[str, str]:
    answer = await client.get("/authorize", params={**request, "prompt": "none"})
    return answer_in(answer, to)


async def consent(
    client: httpx2.AsyncClient, request: dict[str, str], answer: str = "allow"
) -> httpx2.Response:
    """What a person who is signed in answers on the page about the application."""
    page = await client.get("/authorize", params=request)
    assert page.status_code == 200
    assert 'name="password"' not in page.text
    form = {"form": "consent", "form_token": form_token_in(page), "answer": answer}
    return await client.post("/authorize", params=request, data=form)


@on_both_databases
async def test_what_was_allowed_once_is_not_asked_again_until_it_is_more(
    client: httpx2.AsyncClient, shop: dict[str, Any]
) -> None:
    reading = request_of(shop, scope="items:read")
    await allow(client, reading)
    assert "code" in await silently(client, reading, REDIRECT_URI)
    both = request_of(shop, scope="items:read items:write")
    assert (await silently(client, both, REDIRECT_URI))["error"] == "consent_required"
    assert "code" in answer_in(await consent(client, both))
    for request in (both, reading):
        assert "code" in answer_in(await client.get("/authorize", params=request))
    again = request_of(shop, prompt="consent")
    assert "Allow</button>" in (await client.get("/authorize", params=again)).text


async def test_the_page_says_who_asks_for_what_and_where_the_answer_goes(
    client: httpx2.AsyncClient, shop: dict[str, Any]
) -> None:
    await allow(client, request_of({"client_id": "gatehouse"}, redirect_uri=""))
    page = await client.get("/authorize", params=request_of(shop, scope="items:read"))
    for said in ("Allow Shop?", "Read your items", "shop.example", "signed in as"):
        assert said in page.text
    assert "form-action 'self' https://shop.example;" in page.headers["Content-Security-Policy"]
    assert page.headers["Cache-Control"] == "no-store"


async def test_who_says_no_is_asked_again_and_stays_signed_in(
    client: httpx2.AsyncClient, shop: dict[str, Any]
) -> None:
    await allow(client, request_of({"client_id": "gatehouse"}, redirect_uri=""))
    refusal = await consent(client, request_of(shop), "deny")
    assert answer_in(refusal)["error"] == "access_denied"
    assert (await silently(client, request_of(shop), REDIRECT_URI))["error"] == "consent_required"


@on_both_databases
async def test_a_person_lists_and_takes_back_what_an_application_may(
    client: httpx2.AsyncClient, shop: dict[str, Any]
) -> None:
    tokens = (await redeem(client, await code_for(client, request_of(shop)), shop)).json()
    own = await bearer(client)
    (listed,) = (await client.get("/users/me/applications", headers=own)).json()["items"]
    assert (listed["name"], listed["scope"]) == ("Shop", "items:read items:write")
    assert listed["client_id"] == shop["client_id"]

    path = f"/users/me/applications/{shop['client_id']}"
    others = await bearer(client, ADMIN)
    assert (await client.delete(path, headers=others)).status_code == 404
    assert (await client.delete(path, headers=own)).status_code == 204

    assert (await client.delete(path, headers=own)).status_code == 404
    assert (await client.get("/users/me/applications", headers=own)).json()["items"] == []
    assert (await silently(client, request_of(shop), REDIRECT_URI))["error"] == "consent_required"
    again = await refresh(client, tokens["refresh_token"], client_id=shop["client_id"])
    assert refused(again) == (400, "invalid_grant")


@on_both_databases
async def test_a_code_from_before_it_was_taken_back_begins_nothing(
    client: httpx2.AsyncClient, shop: dict[str, Any]
) -> None:
    code = await code_for(client, request_of(shop))
    path = f"/users/me/applications/{shop['client_id']}"
    assert (await client.delete(path, headers=await bearer(client))).status_code == 204
    assert refused(await redeem(client, code, shop)) == (400, "invalid_grant")


async def test_the_list_needs_the_scope_of_the_account(client: httpx2.AsyncClient) -> None:
    for scope, status in (("auth:profile", 403), ("auth:account", 200)):
        token = (await sign_in(client, scope=scope))["access_token"]
        headers = {"Authorization": f"Bearer {token}"}
        answer = await client.get("/users/me/applications", headers=headers)
        assert answer.status_code == status


@pytest.mark.parametrize(
    ("uri", "confidential", "is_remembered", "place"),
    [
        ("http://127.0.0.1/callback", False, False, "a program on your own computer (127.0.0.1)"),
        ("https://localhost/callback", False, False, "a program on your own computer (localhost)"),
        ("com.example.app:/callback", False, False, "opens com.example.app: links"),
        ("http://127.0.0.1/callback", True, True, "a program on your own computer (127.0.0.1)"),
        ("https://shop.example/callback", False, True, "shop.example"),
    ],
)
async def test_a_client_that_anybody_could_be_is_asked_for_each_time(
    client: httpx2.AsyncClient, uri: str, confidential: bool, is_remembered: bool, place: str
) -> None:
    app = await register(client, {**WEB, "redirect_uris": [uri], "confidential": confidential})
    request = request_of(app, redirect_uri=uri)
    page = await client.get("/authorize", params=request)
    assert place in page.text
    await allow(client, request)
    answer = await silently(client, request, uri)
    assert ("code" in answer) is is_remembered
    if not is_remembered:
        assert answer["error"] == "consent_required"
        assert "code" in answer_in(await consent(client, request), uri)


async def test_a_removed_client_leaves_no_consent(
    client: httpx2.AsyncClient, shop: dict[str, Any]
) -> None:
    await allow(client, request_of(shop))
    admin = await bearer(client, ADMIN, scope="auth:admin")
    await client.delete(f"/clients/{shop['client_id']}", headers=admin)
    own = await bearer(client)
    assert (await client.get("/users/me/applications", headers=own)).json()["items"] == []


async def test_the_audit_log_tells_of_both(
    client: httpx2.AsyncClient, shop: dict[str, Any]
) -> None:
    await allow(client, request_of(shop, scope="items:read"))
    path = f"/users/me/applications/{shop['client_id']}"
    await client.delete(path, headers=await bearer(client))
    admin = await bearer(client, ADMIN, scope="auth:admin")
    for event in ("consent_given", "consent_revoked"):
        told = await client.get("/audit", headers=admin, params={"event": event})
        assert told.json()["items"][0]["details"]["client"] == shop["client_id"]
