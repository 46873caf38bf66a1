"""The metadata of the authorization server (RFC 8414), at both addresses where clients look for it."""

import httpx2
import pytest

from auth_service.main import create_app
from testing.apps import running
from tests.auth_service.databases import settings_for
from tests.auth_service.people import URL

PATHS = [
    "http://localhost:8080/auth/.well-known/oauth-authorization-server",
    "http://localhost:8080/.well-known/oauth-authorization-server/auth",
]
OPENID_PATHS = [
    path.replace("oauth-authorization-server", "openid-configuration") for path in PATHS
]


@pytest.mark.parametrize("path", [*PATHS, *OPENID_PATHS])
async def test_the_document_names_every_endpoint_below_the_issuer(
    shared_client: httpx2.AsyncClient, path: str
) -> None:
    answer = await shared_client.get(path)
    assert answer.status_code == 200
    assert answer.headers["Cache-Control"] == "public, max-age=300"
    document = answer.json()
    assert document["issuer"] == URL
    for name, value in document.items():
        if name.endswith(("_endpoint", "_uri")):
            assert value.startswith(f"{URL}/")
    keys = await shared_client.get(document["jwks_uri"])
    assert keys.json()["keys"]


async def test_what_is_said_to_be_supported_is(shared_client: httpx2.AsyncClient) -> None:
    document = (await shared_client.get(PATHS[0])).json()
    for grant in document["grant_types_supported"]:
        answer = await shared_client.post(document["token_endpoint"], data={"grant_type": grant})
        assert answer.json()["error"] in {"invalid_request", "unauthorized_client"}
    assert document["code_challenge_methods_supported"] == ["S256"]
    assert document["authorization_response_iss_parameter_supported"] is True
    assert set(document["scopes_supported"]) == {
        "openid",
        "profile",
        "email",
        "offline_access",
        "items:read",
        "items:write",
        "auth:profile",
        "auth:account",
        "auth:admin",
    }


async def test_an_openid_provider_says_the_same_and_more(shared_client: httpx2.AsyncClient) -> None:
    server = (await shared_client.get(PATHS[0])).json()
    provider = (await shared_client.get(OPENID_PATHS[0])).json()
    assert provider.items() >= server.items()
    assert (await shared_client.get(OPENID_PATHS[1])).json() == provider
    assert provider["userinfo_endpoint"] == f"{URL}/userinfo"
    assert provider["subject_types_supported"] == ["public"]
    assert provider["id_token_signing_alg_values_supported"] == ["ES256"]
    for name in ("claims", "request", "request_uri"):
        assert provider[f"{name}_parameter_supported"] is False
    elsewhere = "http://localhost:8080/.well-known/openid-configuration/elsewhere"
    assert (await shared_client.get(elsewhere)).status_code == 404


async def test_a_grant_that_is_turned_off_is_not_told_of(database_url: str) -> None:
    settings = settings_for(database_url, password_grant="off")
    async with running(create_app(settings), base_url=URL) as client:
        document = (await client.get(PATHS[0])).json()
    assert "password" not in document["grant_types_supported"]


@pytest.mark.parametrize("path", [*PATHS, *OPENID_PATHS, "/.well-known/jwks.json", "/status-list"])
async def test_the_script_of_any_page_may_read_what_is_public(
    shared_client: httpx2.AsyncClient, path: str
) -> None:
    answer = await shared_client.get(path, headers={"Origin": "https://app.example"})
    assert answer.headers["Access-Control-Allow-Origin"] == "*"
    assert "Access-Control-Allow-Credentials" not in answer.headers
