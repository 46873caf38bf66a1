"""OpenID Connect: the ID token, `/auth/userinfo`, and what an authorization request may not hold."""

from base64 import urlsafe_b64encode
from hashlib import sha256
from typing import Any
from urllib.parse import parse_qsl

import httpx2
import pytest
from sqlalchemy import update

from auth_service.tables import users
from gatehouse_chassis.database import Database
from gatehouse_chassis.database.columns import now
from tests.auth_service.authorization import (
    allow,
    answer_in,
    code_for,
    redeem,
    request_of,
)
from tests.auth_service.databases import on_both_databases
from tests.auth_service.oauth.test_token_endpoint import parts_of
from tests.auth_service.people import (
    ADMIN,
    DEMO,
    URL,
    Person,
    bearer,
    header_of,
    make_user,
    refresh,
    refused,
    sign_in,
)
from tests.auth_service.registered_clients import SERVICE, WEB, register

DASHBOARD: dict[str, Any] = {
    **WEB,
    "name": "Dashboard",
    "confidential": True,
    "scopes": ["openid", "profile", "email", "offline_access", "items:read"],
}
WITHOUT_PKCE = {"code_challenge": "", "code_challenge_method": ""}


@pytest.fixture
async def dashboard(client: httpx2.AsyncClient) -> dict[str, Any]:
    return await register(client, DASHBOARD)


async def tokens_for(
    client: httpx2.AsyncClient, of: dict[str, Any], person: Person = DEMO, **changes: str
) -> dict[str, Any]:
    request = request_of(of, **{"scope": "openid", **changes})
    answer = await redeem(client, await code_for(client, request, person), of)
    assert answer.status_code == 200, answer.text
    tokens: dict[str, Any] = answer.json()
    return tokens


@on_both_databases
async def test_an_id_token_says_who_signed_in_when_and_how(
    client: httpx2.AsyncClient, dashboard: dict[str, Any]
) -> None:
    tokens = await tokens_for(client, dashboard, nonce="n-0S6_WzA2Mj")
    header, claims = parts_of(tokens["id_token"])
    access_header, access = parts_of(tokens["access_token"])
    assert (header["typ"], header["kid"]) == ("JWT", access_header["kid"])
    half = sha256(tokens["access_token"].encode()).digest()[:16]
    assert claims == {
        "iss": URL,
        "sub": access["sub"],
        "aud": dashboard["client_id"],
        "exp": access["exp"],
        "iat": access["iat"],
        "auth_time": claims["auth_time"],
        "nonce": "n-0S6_WzA2Mj",
        "acr": "1",
        "amr": ["pwd"],
        "sid": claims["sid"],
        "at_hash": urlsafe_b64encode(half).rstrip(b"=").decode(),
    }
    assert 0 <= claims["iat"] - claims["auth_time"] <= 60
    assert access["aud"] == ["auth"]


async def test_without_the_scope_openid_there_is_none(
    client: httpx2.AsyncClient, dashboard: dict[str, Any]
) -> None:
    assert "id_token" not in await tokens_for(client, dashboard, scope="items:read", nonce="n")
    assert "id_token" not in await sign_in(client, scope="openid items:read")


async def test_an_id_token_opens_nothing(
    client: httpx2.AsyncClient, dashboard: dict[str, Any]
) -> None:
    tokens = await tokens_for(client, dashboard)
    as_access = header_of({"access_token": tokens["id_token"]})
    assert (await client.get("/userinfo", headers=as_access)).status_code == 401


async def test_a_client_gets_no_scope_of_openid_that_it_is_not_registered_for(
    client: httpx2.AsyncClient,
) -> None:
    plain = await register(client, {**WEB, "scopes": ["openid"]})
    answer = answer_in(
        await client.get("/authorize", params=request_of(plain, scope="openid email"))
    )
    assert answer["error"] == "invalid_scope"
    machine = await register(client, SERVICE)
    own = {"grant_type": "client_credentials", "scope": "openid"}
    refusal = await client.post("/token", data=own, auth=_credentials(machine))
    assert refused(refusal) == (400, "invalid_scope")


_NONSENSE: list[dict[str, Any]] = [
    {"scopes": ["email", "items:read"]},
    {"grants": ["client_credentials"], "redirect_uris": []},
    {"grants": ["authorization_code"]},
    {"scopes": ["items:read"], "post_logout_redirect_uris": ["https://shop.example/"]},
    {"post_logout_redirect_uris": ["javascript:alert(1)"]},
    {"jwks": {"keys": []}},
    {"jwks": {"keys": [{"kty": "oct", "kid": "x", "k": "c2VjcmV0"}]}},
    {"confidential": False, "jwks": {"keys": []}},
]


async def test_a_registration_that_makes_no_sense_is_refused(client: httpx2.AsyncClient) -> None:
    admin = await bearer(client, ADMIN, scope="auth:admin")
    for changes in _NONSENSE:
        answer = await client.post("/clients", headers=admin, json={**DASHBOARD, **changes})
        assert answer.status_code == 422, changes


async def test_userinfo_says_what_the_scopes_let_a_client_know(
    client: httpx2.AsyncClient, dashboard: dict[str, Any], database: Database
) -> None:
    grace = Person("grace", "compile-the-7-cobol-cards")
    made = await make_user(client, grace, display_name="Grace H.", email="grace@example.com")
    name = {"name": "Grace H.", "preferred_username": "grace"}
    mail = {"email": "grace@example.com", "email_verified": False}
    await database.execute(
        update(users).where(users.c.username == "grace").values(email_verified_at=None)
    )
    for scope, known in (
        ("openid", {}),
        ("openid profile", name),
        ("openid email items:read", mail),
        ("email profile openid", name | mail),
    ):
        tokens = await tokens_for(client, dashboard, grace, scope=scope)
        for method in ("GET", "POST"):
            answer = await client.request(method, "/userinfo", headers=header_of(tokens))
            assert answer.json() == {"sub": made["id"], **known}
            assert answer.headers["Cache-Control"] == "no-store"
        assert parts_of(tokens["id_token"])[1]["sub"] == made["id"]
    await database.execute(
        update(users).where(users.c.username == "grace").values(email_verified_at=now())
    )
    answer = await client.get("/userinfo", headers=header_of(tokens))
    assert answer.json()["email_verified"] is True


async def test_userinfo_needs_a_token_with_openid_of_a_user_who_is_there(
    client: httpx2.AsyncClient, dashboard: dict[str, Any], database: Database
) -> None:
    assert (await client.get("/userinfo")).status_code == 401
    other = await tokens_for(client, dashboard, scope="items:read")
    assert (await client.get("/userinfo", headers=header_of(other))).status_code == 401
    without = await bearer(client, scope="auth:profile")
    answer = await client.get("/userinfo", headers=without)
    assert answer.status_code == 403
    assert 'scope="openid"' in answer.headers["WWW-Authenticate"]
    tokens = await tokens_for(client, dashboard)
    await database.execute(update(users).values(disabled_at=now()))
    assert (await client.get("/userinfo", headers=header_of(tokens))).status_code == 401


async def test_a_token_for_a_named_service_asks_nothing_about_the_user(
    client: httpx2.AsyncClient, dashboard: dict[str, Any]
) -> None:
    items = "http://localhost:8080/items"
    tokens = await tokens_for(client, dashboard, scope="openid items:read", resource=items)
    assert tokens["scope"] == "openid items:read"
    access = parts_of(tokens["access_token"])[1]
    assert (access["scope"], access["aud"]) == ("items:read", ["items", items])
    assert parts_of(tokens["id_token"])[1]["aud"] == dashboard["client_id"]
    tokens = await tokens_for(client, dashboard, scope="openid items:read", resource=URL)
    assert parts_of(tokens["access_token"])[1]["scope"] == "openid"
    assert (await client.get("/userinfo", headers=header_of(tokens))).status_code == 200


async def test_a_parameter_that_would_change_the_request_is_refused(
    client: httpx2.AsyncClient, dashboard: dict[str, Any]
) -> None:
    for name in ("request", "request_uri", "registration"):
        request = request_of(dashboard, scope="openid", **{name: "https://client.example/r.jwt"})
        answer = answer_in(await client.get("/authorize", params=request))
        assert (answer["error"], answer["state"]) == (f"{name}_not_supported", request["state"])


async def test_only_a_client_with_a_secret_that_asks_for_openid_may_leave_pkce_out(
    client: httpx2.AsyncClient, dashboard: dict[str, Any]
) -> None:
    public = await register(client, {**DASHBOARD, "confidential": False})
    for of, scope in ((public, "openid"), (dashboard, "items:read")):
        request = request_of(of, scope=scope, **WITHOUT_PKCE)
        answer = answer_in(await client.get("/authorize", params=request))
        assert answer["error"] == "invalid_request"
    request = request_of(dashboard, scope="openid", **WITHOUT_PKCE)
    for half in ("code_challenge", "code_challenge_method"):
        whole = request_of(dashboard, scope="openid", **{half: ""})
        answer = answer_in(await client.get("/authorize", params=whole))
        assert answer["error"] == "invalid_request"
    code = await code_for(client, request)
    assert (await redeem(client, code, dashboard, code_verifier="")).status_code == 200


async def test_pkce_cannot_be_taken_away_between_request_and_exchange(
    client: httpx2.AsyncClient, dashboard: dict[str, Any]
) -> None:
    with_challenge = await code_for(client, request_of(dashboard, scope="openid"))
    answer = await redeem(client, with_challenge, dashboard, code_verifier="")
    assert refused(answer) == (400, "invalid_request")
    without = await code_for(client, request_of(dashboard, scope="openid", **WITHOUT_PKCE))
    answer = await redeem(client, without, dashboard)
    assert refused(answer) == (400, "invalid_grant")


@on_both_databases
async def test_a_refreshed_id_token_says_the_same_of_the_sign_in(
    client: httpx2.AsyncClient, dashboard: dict[str, Any]
) -> None:
    first = await tokens_for(client, dashboard, scope="openid offline_access", nonce="n")
    again = request_of(dashboard, scope="openid", prompt="login")
    await code_for(client, again)
    own = {name: dashboard[name] for name in ("client_id", "client_secret")}
    renewed = (await refresh(client, first["refresh_token"], **own)).json()
    before, after = parts_of(first["id_token"])[1], parts_of(renewed["id_token"])[1]
    for name in ("iss", "sub", "aud", "auth_time", "acr", "amr", "sid"):
        assert after[name] == before[name], name
    assert "nonce" not in after
    assert after["at_hash"] != before["at_hash"]
    fewer = (await refresh(client, renewed["refresh_token"], scope="offline_access", **own)).json()
    assert "id_token" not in fewer


async def test_the_user_of_an_id_token_hint_is_the_only_one_who_is_answered_for(
    client: httpx2.AsyncClient, dashboard: dict[str, Any]
) -> None:
    hint = (await tokens_for(client, dashboard))["id_token"]
    silent = request_of(dashboard, scope="openid", prompt="none", id_token_hint=hint)
    assert "code" in answer_in(await client.get("/authorize", params=silent))
    other = request_of(dashboard, scope="openid", id_token_hint=hint)
    assert answer_in(await allow(client, other, ADMIN))["error"] == "login_required"
    assert answer_in(await client.get("/authorize", params=silent))["error"] == "login_required"
    broken = {**silent, "id_token_hint": hint[:-4] + "AAAA"}
    assert answer_in(await client.get("/authorize", params=broken))["error"] == "invalid_request"


async def test_a_request_may_be_posted(
    client: httpx2.AsyncClient, dashboard: dict[str, Any]
) -> None:
    request = request_of(dashboard, scope="openid", resource=URL)
    cross_site = {"Sec-Fetch-Site": "cross-site", "Origin": "https://shop.example"}
    answer = await client.post("/authorize", data=request, headers=cross_site)
    assert answer.status_code == 303
    location = answer.headers["Location"]
    assert location.startswith("authorize?")
    assert dict(parse_qsl(location.partition("?")[2])) == request
    assert (await client.get(f"/{location}")).status_code == 200


async def test_a_nonce_has_a_bound(client: httpx2.AsyncClient, dashboard: dict[str, Any]) -> None:
    for length, key in ((512, "code"), (513, "error")):
        request = request_of(dashboard, scope="openid", nonce="n" * length)
        page = await client.get("/authorize", params=request)
        found = (
            answer_in(page) if page.status_code == 303 else answer_in(await allow(client, request))
        )
        assert key in found


def _credentials(client: dict[str, Any]) -> tuple[str, str]:
    return client["client_id"], client["client_secret"]
