"""Auth is a service among others: its tokens name it, and what they may do there was granted on purpose (RFC 9068)."""

from typing import Any
from uuid import UUID

import httpx2
import pytest
from sqlalchemy import update

from auth_service.clients.authentication import Clients
from auth_service.container import Container
from auth_service.oauth.resources import Target
from auth_service.tables import clients
from gatehouse_chassis.database import Database
from tests.auth_service.authorization import allow, answer_in, code_for, redeem, request_of
from tests.auth_service.people import ADMIN, bearer, header_of, refused, sign_in
from tests.auth_service.registered_clients import SERVICE, WEB, register

SESSION = "01890000-0000-7000-8000-000000000001"
PROFILE = [("GET", "/users/me")]
ACCOUNT = [
    ("PATCH", "/users/me"),
    ("POST", "/users/me/password"),
    ("PUT", "/users/me/email"),
    ("GET", "/users/me/sessions"),
    ("DELETE", "/users/me/sessions"),
    ("DELETE", f"/users/me/sessions/{SESSION}"),
]
ADMINISTRATION = [
    ("GET", "/users"),
    ("POST", "/users"),
    ("PATCH", f"/users/{SESSION}"),
    ("GET", f"/users/{SESSION}/sessions"),
    ("DELETE", f"/users/{SESSION}/sessions"),
    ("GET", "/clients"),
    ("POST", "/clients"),
    ("GET", "/audit"),
]
NEEDED = [
    *((*route, "auth:profile") for route in PROFILE),
    *((*route, "auth:account") for route in ACCOUNT),
    *((*route, "auth:admin") for route in ADMINISTRATION),
]


async def ask(
    client: httpx2.AsyncClient, method: str, path: str, headers: dict[str, str]
) -> httpx2.Response:
    body: dict[str, str] | None = {} if method in {"PATCH", "POST", "PUT"} else None
    return await client.request(method, path, headers=headers, json=body)


@pytest.fixture
async def app_of_another(client: httpx2.AsyncClient) -> dict[str, Any]:
    return await register(client, {**WEB, "scopes": ["items:read", "auth:profile"]})


@pytest.mark.parametrize(("method", "path", "scope"), NEEDED)
async def test_a_token_for_another_service_is_told_which_scope_to_ask_for(
    shared_client: httpx2.AsyncClient, method: str, path: str, scope: str
) -> None:
    answer = await ask(shared_client, method, path, header_of(await sign_in(shared_client, ADMIN)))
    assert (answer.status_code, answer.json()["code"]) == (401, "invalid_token")
    challenge = answer.headers["WWW-Authenticate"]
    assert 'error="invalid_token"' in challenge
    assert f"the token is for another service; ask for the scope {scope}" in challenge


@pytest.mark.parametrize(("method", "path", "scope"), NEEDED)
async def test_a_token_for_auth_without_the_scope_is_told_which_one_is_missing(
    shared_client: httpx2.AsyncClient, method: str, path: str, scope: str
) -> None:
    another = "auth:account" if scope == "auth:profile" else "auth:profile"
    headers = await bearer(shared_client, ADMIN, scope=another)
    answer = await ask(shared_client, method, path, headers)
    assert (answer.status_code, answer.json()["code"]) == (403, "insufficient_scope")
    assert f'scope="{scope}"' in answer.headers["WWW-Authenticate"]


async def test_an_application_reads_the_profile_that_it_was_granted_and_changes_nothing(
    client: httpx2.AsyncClient, app_of_another: dict[str, Any]
) -> None:
    request = request_of(app_of_another, scope="auth:profile")
    code = await code_for(client, request)
    headers = header_of((await redeem(client, code, app_of_another)).json())
    assert (await client.get("/users/me", headers=headers)).status_code == 200
    for method, path in ACCOUNT + ADMINISTRATION:
        assert (await ask(client, method, path, headers)).status_code == 403


@pytest.mark.parametrize("scope", ["auth:account", "auth:admin"])
async def test_no_registered_client_is_granted_what_is_first_party(
    client: httpx2.AsyncClient, app_of_another: dict[str, Any], database: Database, scope: str
) -> None:
    admin = await bearer(client, ADMIN, scope="auth:admin")
    answer = await client.post("/clients", headers=admin, json={**WEB, "scopes": [scope]})
    assert answer.status_code == 422
    # A row from before there was the rule.
    await database.execute(update(clients).values(scopes=["items:read", scope]))
    redirect = await client.get("/authorize", params=request_of(app_of_another, scope=scope))
    told = answer_in(redirect)
    assert told["error"] == "invalid_scope"
    assert told["error_description"] == f"{scope} is granted to the built-in client only"


async def test_no_client_is_granted_first_party_scopes_for_itself(
    client: httpx2.AsyncClient, database: Database
) -> None:
    service = await register(client, SERVICE)
    await database.execute(update(clients).values(scopes=["items:read", "auth:account"]))
    own = {name: service[name] for name in ("client_id", "client_secret")}
    form = {"grant_type": "client_credentials", **own}
    assert (await client.post("/token", data=form)).json()["scope"] == "items:read"
    answer = await client.post("/token", data={**form, "scope": "auth:account"})
    assert refused(answer) == (400, "invalid_scope")


async def test_a_token_of_another_client_from_before_the_rule_changes_nothing(
    client: httpx2.AsyncClient, container: Container, app_of_another: dict[str, Any]
) -> None:
    me = (await client.get("/users/me", headers=await bearer(client, ADMIN))).json()["id"]
    found: Clients = container.clients
    other = await found.find(app_of_another["client_id"])
    assert other
    old = Target("auth:profile auth:account auth:admin")
    issued = await container.code_grant.issuer.issue(str(UUID(me)), other, old)
    headers = header_of(issued.model_dump())
    assert (await client.get("/users/me", headers=headers)).status_code == 200
    for method, path in ACCOUNT + ADMINISTRATION:
        answer = await ask(client, method, path, headers)
        assert (answer.status_code, answer.json()["code"]) == (403, "first_party_required")
        assert 'error="insufficient_scope"' in answer.headers["WWW-Authenticate"]


async def test_the_built_in_client_asks_a_person_for_the_account(
    client: httpx2.AsyncClient,
) -> None:
    page = "http://localhost:8080/docs/oauth2-redirect"
    request = request_of(
        {"client_id": "gatehouse"}, redirect_uri=page, scope="auth:profile auth:account"
    )
    code = answer_in(await allow(client, request), "../docs/oauth2-redirect")["code"]
    own = {"client_id": "gatehouse"}
    headers = header_of((await redeem(client, code, own, redirect_uri=page)).json())
    renamed = await client.patch("/users/me", headers=headers, json={"display_name": "Demi"})
    assert renamed.json()["display_name"] == "Demi"
