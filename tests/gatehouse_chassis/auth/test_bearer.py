"""What a protected route answers (RFC 6750 section 3), and what its OpenAPI document says of it."""

import httpx2
import pytest
from fastapi import FastAPI

from gatehouse_chassis.auth.access_tokens import (
    AccessTokenVerifier,
    KeysUnavailable,
    VerificationKey,
)
from testing.apps import client_of
from testing.tokens import TestIssuer

METADATA = 'resource_metadata="http://localhost:8080/probe/.well-known/oauth-protected-resource"'


def _bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


async def test_a_good_token_is_let_in(client: httpx2.AsyncClient, issuer: TestIssuer) -> None:
    token = issuer.token(aud=["probe"], scope="probe:read", sub="me")
    answer = await client.get("/me", headers=_bearer(token))
    assert (answer.status_code, answer.json()) == (200, "me")


@pytest.mark.parametrize("scheme", ["bearer", "BEARER"])
async def test_the_scheme_is_written_in_any_case(
    client: httpx2.AsyncClient, issuer: TestIssuer, scheme: str
) -> None:
    token = issuer.token(aud=["probe"], scope="probe:read")
    answer = await client.get("/me", headers={"Authorization": f"{scheme} {token}"})
    assert answer.status_code == 200


@pytest.mark.parametrize("authorization", [None, "", "Bearer", "Bearer ", "Basic Og==", "Token x"])
async def test_a_request_without_a_bearer_token_is_told_the_scheme_and_no_error(
    client: httpx2.AsyncClient, authorization: str | None
) -> None:
    headers = {} if authorization is None else {"Authorization": authorization}
    answer = await client.get("/me", headers=headers)
    assert answer.status_code == 401
    assert answer.headers["www-authenticate"] == f"Bearer {METADATA}"
    assert answer.json()["code"] == "missing_token"


@pytest.mark.parametrize("token", ["x", "a.b.c", "\x7f", "é", '"', "a b", "x" * 5000])
async def test_an_invalid_token_is_refused_with_the_reason(
    client: httpx2.AsyncClient, token: str
) -> None:
    headers = {b"Authorization": f"Bearer {token}".encode("latin-1")}
    answer = await client.get("/me", headers=headers)
    assert answer.status_code == 401
    challenge = answer.headers["www-authenticate"]
    assert challenge.startswith('Bearer error="invalid_token", error_description="the token is ')
    assert answer.json()["code"] == "invalid_token"
    assert answer.json()["detail"].startswith("The access token is not accepted: ")


async def test_a_token_in_the_query_is_no_token(
    client: httpx2.AsyncClient, issuer: TestIssuer
) -> None:
    token = issuer.token(aud=["probe"], scope="probe:read")
    answer = await client.get("/me", params={"access_token": token})
    assert answer.headers["www-authenticate"] == f"Bearer {METADATA}"


@pytest.mark.parametrize(
    "scope", ["", "probe:read", "probe", "probe:write2 probe:read", "PROBE:WRITE"]
)
async def test_a_token_without_a_needed_scope_is_refused_with_the_scopes(
    client: httpx2.AsyncClient, issuer: TestIssuer, scope: str
) -> None:
    token = issuer.token(aud=["probe"], scope=scope)
    answer = await client.put("/me", headers=_bearer(token))
    assert answer.status_code == 403
    assert answer.headers["www-authenticate"] == (
        f'Bearer error="insufficient_scope", scope="probe:read probe:write", {METADATA}'
    )
    assert answer.json()["code"] == "insufficient_scope"


async def test_the_token_is_checked_before_the_rest_of_the_request(
    client: httpx2.AsyncClient,
) -> None:
    answer = await client.get("/me?limit=none", headers={"If-Match": "x"})
    assert answer.status_code == 401


async def test_a_token_that_cannot_be_checked_is_answered_with_503(app: FastAPI) -> None:
    class NoKeys:
        async def find(self, kid: str) -> VerificationKey:
            raise KeysUnavailable

        def is_withdrawn(self, kid: str) -> bool:
            return False

    issuer = TestIssuer()
    app.state.token_verifier = AccessTokenVerifier(
        issuer=issuer.url, audience="probe", keys=NoKeys()
    )
    token = issuer.token(aud=["probe"], scope="probe:read")
    async with client_of(app, "http://localhost:8080/probe") as client:
        answer = await client.get("/me", headers=_bearer(token))
    assert (answer.status_code, answer.json()["code"]) == (503, "service_unavailable")
    assert answer.headers["retry-after"] == "10"
    assert "www-authenticate" not in answer.headers


def test_the_document_tells_the_token_endpoint_and_the_scopes_of_each_operation(
    app: FastAPI,
) -> None:
    document = app.openapi()
    scheme = document["components"]["securitySchemes"]["OAuth2PasswordBearer"]
    # Swagger UI offers them in this order.
    assert list(scheme["flows"]) == ["authorizationCode", "password"]
    assert scheme["flows"]["password"] == {
        "tokenUrl": "../auth/token",
        "scopes": {"probe:read": "Read", "probe:write": "Write"},
    }
    assert scheme["flows"]["authorizationCode"] == {
        "authorizationUrl": "../auth/authorize",
        "tokenUrl": "../auth/token",
        "scopes": {"probe:read": "Read", "probe:write": "Write"},
    }
    paths = document["paths"]
    assert paths["/me"]["get"]["security"] == [{"OAuth2PasswordBearer": ["probe:read"]}]
    assert paths["/me"]["put"]["security"] == [
        {"OAuth2PasswordBearer": ["probe:read", "probe:write"]}
    ]
    assert "security" not in paths["/bug"]["get"]
    assert {"401", "403"} <= paths["/me"]["get"]["responses"].keys()
