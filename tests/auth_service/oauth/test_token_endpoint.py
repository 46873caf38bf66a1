"""`POST /auth/token` with a password: what it gives, and how it refuses (RFC 6749 sections 4.3 and 5)."""

import json
import time
from base64 import b64encode, urlsafe_b64decode
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import httpx2
import pytest
from fastapi import FastAPI

from auth_service.main import create_app
from gatehouse_chassis.auth.access_tokens import AccessTokenVerifier
from gatehouse_chassis.auth.issuer_keys import IssuerKeys
from testing.apps import client_of, running
from tests.auth_service.databases import on_both_databases, settings_for
from tests.auth_service.people import ADMIN, DEMO, URL, Person, bearer, refused, sign_in

FORM = {"Content-Type": "application/x-www-form-urlencoded"}
GOOD = DEMO.password_grant


def parts_of(token: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """Header and claims of a token, unchecked."""
    header, claims, _signature = (urlsafe_b64decode(f"{part}==") for part in token.split("."))
    return json.loads(header), json.loads(claims)


def basic(credentials: str) -> dict[str, str]:
    return {"Authorization": f"Basic {b64encode(credentials.encode()).decode()}"}


async def test_a_password_is_exchanged_for_tokens(client: httpx2.AsyncClient) -> None:
    answer = await client.post("/token", data=GOOD)
    assert answer.status_code == 200
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["Pragma"] == "no-cache"  # RFC 6749 section 5.1
    tokens = answer.json()
    assert set(tokens) == {"access_token", "token_type", "expires_in", "refresh_token", "scope"}
    assert tokens["token_type"] == "Bearer"
    assert tokens["expires_in"] == 600
    assert tokens["scope"] == "items:read items:write"
    assert len(tokens["refresh_token"]) >= 43  # 256 bits


async def test_an_access_token_is_one_of_rfc_9068(client: httpx2.AsyncClient) -> None:
    began = int(time.time())
    tokens = await sign_in(client)
    header, claims = parts_of(tokens["access_token"])
    (key,) = (await client.get("/.well-known/jwks.json")).json()["keys"]
    me = await client.get("/users/me", headers=await bearer(client))
    assert header == {"typ": "at+jwt", "alg": "ES256", "kid": key["kid"]}
    issued_at, token_id = claims.pop("iat"), claims.pop("jti")
    place = claims.pop("status")["status_list"]
    assert place["uri"] == "http://localhost:8080/auth/status-list"
    assert began <= issued_at <= time.time()
    assert claims == {
        "iss": "http://localhost:8080/auth",
        "sub": me.json()["id"],
        "aud": ["items"],
        "exp": issued_at + 600,
        "client_id": "gatehouse",
        "scope": "items:read items:write",
    }
    _, other_claims = parts_of((await sign_in(client))["access_token"])
    assert other_claims["jti"] != token_id
    assert other_claims["status"]["status_list"]["idx"] == place["idx"] + 2  # `bearer` had one


async def test_every_service_accepts_the_token_with_the_published_keys(
    app: FastAPI, client: httpx2.AsyncClient, tmp_path: Path
) -> None:
    keys = IssuerKeys(
        f"{URL}/.well-known/jwks.json", tmp_path / "keys.json", client=lambda: client_of(app, URL)
    )
    at_items = AccessTokenVerifier(issuer=URL, audience="items", keys=keys)
    principal = await at_items.verify((await sign_in(client))["access_token"])
    assert principal.client_id == "gatehouse"
    assert principal.scopes == {"items:read", "items:write"}


@pytest.mark.parametrize(
    ("setting", "issuer"),
    [
        ({"public_url": "", "port": 9000}, "http://localhost:9000/auth"),
        ({"public_url": "https://api.example.com/outer/"}, "https://api.example.com/outer/auth"),
    ],
)
async def test_the_issuer_is_the_public_url(
    database_url: str, setting: dict[str, Any], issuer: str
) -> None:
    async with running(create_app(settings_for(database_url, **setting)), base_url=URL) as client:
        tokens = await sign_in(client)
        assert parts_of(tokens["access_token"])[1]["iss"] == issuer


async def test_the_life_of_an_access_token_can_be_set(database_url: str) -> None:
    settings = settings_for(database_url, access_token_life=timedelta(minutes=1))
    async with running(create_app(settings), base_url=URL) as client:
        tokens = await sign_in(client)
    claims = parts_of(tokens["access_token"])[1]
    assert tokens["expires_in"] == claims["exp"] - claims["iat"] == 60


@pytest.mark.parametrize(
    ("person", "asked", "granted", "audience"),
    [
        (DEMO, "", "items:read items:write", ["items"]),
        (DEMO, "items:read", "items:read", ["items"]),
        (DEMO, "items:write items:read items:write", "items:write items:read", ["items"]),
        (ADMIN, "", "items:read items:write", ["items"]),
        (ADMIN, "auth:admin", "auth:admin", ["auth"]),
        (ADMIN, "items:read auth:admin", "items:read auth:admin", ["auth", "items"]),
    ],
)
async def test_the_audience_is_the_services_that_the_granted_scopes_name(
    client: httpx2.AsyncClient, person: Person, asked: str, granted: str, audience: list[str]
) -> None:
    tokens = await sign_in(client, person, scope=asked)
    claims = parts_of(tokens["access_token"])[1]
    assert tokens["scope"] == claims["scope"] == granted
    assert claims["aud"] == audience


@pytest.mark.parametrize(
    "asked",
    [
        "auth:admin",
        "items:read auth:admin",
        "items:delete",
        "ITEMS:READ",
        "items:read  items:write",
        " items:read",
        "items:read\titems:write",
        "phone",
    ],
)
async def test_a_scope_that_a_user_cannot_have_is_refused(
    shared_client: httpx2.AsyncClient, asked: str
) -> None:
    answer = await shared_client.post("/token", data={**GOOD, "scope": asked})
    assert refused(answer) == (400, "invalid_scope")


async def test_a_wrong_password_tells_nothing_about_scopes(
    shared_client: httpx2.AsyncClient,
) -> None:
    wrong = {**ADMIN.password_grant, "password": "wrong", "scope": "auth:admin"}
    assert refused(await shared_client.post("/token", data=wrong)) == (400, "invalid_grant")


@pytest.mark.parametrize("username", ["DEMO", "Demo"])
async def test_a_username_signs_in_in_any_case(client: httpx2.AsyncClient, username: str) -> None:
    assert await sign_in(client, Person(username, DEMO.password))


async def test_mistaken_unknown_and_disabled_users_get_one_answer(
    client: httpx2.AsyncClient,
) -> None:
    admin = await sign_in(client, ADMIN, scope="auth:admin")
    headers = {"Authorization": f"Bearer {admin['access_token']}"}
    users = (await client.get("/users", headers=headers)).json()["items"]
    (demo,) = (user for user in users if user["username"] == DEMO.username)
    mistaken = await client.post("/token", data={**GOOD, "password": "wrong"})
    unknown = await client.post("/token", data={**GOOD, "username": "nobody"})
    disable = await client.patch(f"/users/{demo['id']}", headers=headers, json={"disabled": True})
    assert disable.status_code == 200
    disabled = await client.post("/token", data=GOOD)
    assert refused(mistaken) == (400, "invalid_grant")
    for other in (unknown, disabled):
        assert other.status_code == mistaken.status_code
        assert other.content == mistaken.content
        assert set(other.headers) == set(mistaken.headers)


@on_both_databases
@pytest.mark.parametrize(
    ("username", "password"),
    [
        ("demo' OR '1'='1", "x"),
        ("\N{PILE OF POO}" * 500, "x"),
        ("x" * 4000, "x" * 4000),
        ("demo", "x" * 257),
    ],
)
async def test_hostile_credentials_are_only_wrong(
    client: httpx2.AsyncClient, username: str, password: str
) -> None:
    form = {**GOOD, "username": username, "password": password}
    assert refused(await client.post("/token", data=form)) == (400, "invalid_grant")


@on_both_databases
@pytest.mark.parametrize("name", ["grant_type", "username", "password", "scope", "client_id"])
async def test_no_parameter_may_hold_nul(client: httpx2.AsyncClient, name: str) -> None:
    form = {**GOOD, name: f"{GOOD.get(name, '')}\x00"}
    assert refused(await client.post("/token", data=form)) == (400, "invalid_request")


@pytest.mark.parametrize(
    ("form", "error"),
    [
        ({}, "invalid_request"),
        ({**GOOD, "grant_type": ""}, "invalid_request"),
        ({**GOOD, "grant_type": "Password"}, "unsupported_grant_type"),
        ({**GOOD, "grant_type": "authorization_code"}, "invalid_request"),
        ({**GOOD, "grant_type": 'evil"\\\n\N{PILE OF POO}'}, "unsupported_grant_type"),
        ({**GOOD, "username": ""}, "invalid_request"),
        ({**GOOD, "password": ""}, "invalid_request"),
        ({"grant_type": "password"}, "invalid_request"),
        ({"grant_type": "refresh_token"}, "invalid_request"),
        ({"grant_type": "refresh_token", "refresh_token": ""}, "invalid_request"),
        ({**GOOD, "password": "x" * 9000}, "invalid_request"),
        ({**GOOD, **{f"field{number}": "x" for number in range(30)}}, "invalid_request"),
    ],
)
async def test_a_form_that_asks_for_nothing_possible_is_refused(
    shared_client: httpx2.AsyncClient, form: dict[str, str], error: str
) -> None:
    assert refused(await shared_client.post("/token", data=form, headers=FORM)) == (400, error)


@pytest.mark.parametrize(
    "body",
    [
        f"{urlencode(GOOD)}&grant_type=password",
        f"{urlencode(GOOD)}&username=demo",
        f"{urlencode(GOOD)}&scope=&scope=items:read",
        f"{urlencode(GOOD)}&unknown=1&unknown=2",
        "grant_type=password&username=demo&password=%FF",
        "grant_type=password&username=demo&password=%C0%AF",
        "grant_type=password&username=demo&password=%ED%A0%80",
        b"grant_type=password&username=demo&password=\xc3\xa4",
        b"grant_type=password&username=demo&password=\xff",
        json.dumps(GOOD),
        "&&&",
    ],
)
async def test_a_body_that_is_no_clear_form_is_refused(
    shared_client: httpx2.AsyncClient, body: str | bytes
) -> None:
    answer = await shared_client.post("/token", content=body, headers=FORM)
    assert refused(answer) == (400, "invalid_request")


@pytest.mark.parametrize(
    "request_body",
    [
        {"json": GOOD},
        {"data": GOOD, "files": {"file": b"x"}},
        {"content": urlencode(GOOD)},
        {"content": urlencode(GOOD), "headers": {"Content-Type": "text/plain"}},
        {"params": GOOD},
        {"params": GOOD, "content": "", "headers": FORM},
    ],
)
async def test_credentials_are_read_from_a_form_only(
    shared_client: httpx2.AsyncClient, request_body: dict[str, Any]
) -> None:
    assert refused(await shared_client.post("/token", **request_body)) == (400, "invalid_request")


@pytest.mark.parametrize(
    "content_type",
    ["application/x-www-form-urlencoded; charset=UTF-8", "Application/X-WWW-Form-URLEncoded"],
)
async def test_a_form_is_one_with_a_charset_too(
    client: httpx2.AsyncClient, content_type: str
) -> None:
    answer = await client.post(
        "/token", content=urlencode(GOOD), headers={"Content-Type": content_type}
    )
    assert answer.status_code == 200


@pytest.mark.parametrize(
    ("headers", "form"),
    [
        (basic(":"), {}),  # what Swagger UI sends: `Basic Og==`
        (basic("gatehouse:"), {}),
        (basic("gatehouse:"), {"client_id": "gatehouse"}),
        (basic(":"), {"client_id": "gatehouse", "client_secret": ""}),
        ({}, {"client_id": "gatehouse"}),
    ],
)
async def test_the_built_in_client_may_name_itself_or_not(
    client: httpx2.AsyncClient, headers: dict[str, str], form: dict[str, str]
) -> None:
    answer = await client.post("/token", data={**GOOD, **form}, headers=headers)
    assert answer.status_code == 200


@pytest.mark.parametrize(
    ("headers", "form"),
    [
        ({}, {"client_id": "stranger"}),
        ({}, {"client_id": "gatehouse", "client_secret": "x"}),
        ({}, {"client_secret": "x"}),
        (basic("stranger:"), {}),
        (basic("gatehouse:secret"), {}),
        (basic(":secret"), {}),
        (basic("gatehouse"), {}),
        ({"Authorization": "Basic"}, {}),
        ({"Authorization": "Basic not-base64!"}, {}),
        ({"Authorization": "Basic /w=="}, {}),
        ({"Authorization": "Bearer Og=="}, {}),
        ({"Authorization": ""}, {}),
    ],
)
async def test_a_client_that_does_not_exist_or_proves_too_much_is_refused(
    shared_client: httpx2.AsyncClient, headers: dict[str, str], form: dict[str, str]
) -> None:
    answer = await shared_client.post("/token", data={**GOOD, **form}, headers=headers)
    assert refused(answer) == (401, "invalid_client")
    assert answer.headers["WWW-Authenticate"].startswith("Basic ")


async def test_two_clients_in_one_request_are_refused(shared_client: httpx2.AsyncClient) -> None:
    answer = await shared_client.post(
        "/token", data={**GOOD, "client_id": "other"}, headers=basic("gatehouse:")
    )
    assert refused(answer) == (400, "invalid_request")


@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "DELETE"])
async def test_the_token_endpoint_takes_post_only(
    shared_client: httpx2.AsyncClient, method: str
) -> None:
    answer = await shared_client.request(method, "/token")
    assert answer.status_code == 405
    assert answer.headers["Allow"] == "OPTIONS, POST"
    assert method == "HEAD" or answer.json()["code"] == "method_not_allowed"


async def test_the_published_keys_are_public(client: httpx2.AsyncClient) -> None:
    answer = await client.get("/.well-known/jwks.json")
    assert answer.headers["Cache-Control"] == "public, max-age=60"
    (key,) = answer.json()["keys"]
    assert set(key) == {"kty", "crv", "x", "y", "kid", "use", "alg"}
    assert (key["kty"], key["crv"], key["use"], key["alg"]) == ("EC", "P-256", "sig", "ES256")


async def test_while_the_database_is_away_the_token_endpoint_says_come_back(tmp_path: Path) -> None:
    nowhere = settings_for("postgresql://nobody:x@127.0.0.1:1/auth")
    async with running(create_app(nowhere), base_url=URL) as client:
        answer = await client.post("/token", data=DEMO.password_grant)
    assert refused(answer) == (503, "temporarily_unavailable")
    assert answer.headers["Retry-After"] == "2"
