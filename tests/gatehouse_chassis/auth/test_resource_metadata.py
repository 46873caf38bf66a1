"""What a service tells of itself to a client that has no token yet (RFC 9728)."""

import httpx2
import pytest

from gatehouse_chassis.application import create_service
from gatehouse_chassis.auth.access_tokens import AccessTokenVerifier
from gatehouse_chassis.settings import ServiceSettings
from testing.apps import client_of
from testing.tokens import TestIssuer


@pytest.mark.parametrize(
    "url",
    [
        "/.well-known/oauth-protected-resource",
        "http://localhost:8080/.well-known/oauth-protected-resource/probe",
    ],
)
async def test_a_service_says_who_gives_tokens_for_it(client: httpx2.AsyncClient, url: str) -> None:
    answer = await client.get(url)
    assert answer.status_code == 200
    assert answer.headers["cache-control"] == "public, max-age=300"
    assert answer.json() == {
        "resource": "http://localhost:8080/probe",
        "resource_name": "Probe",
        "resource_documentation": "http://localhost:8080/probe/docs",
        "authorization_servers": ["http://localhost:8080/auth"],
        "bearer_methods_supported": ["header"],
        "scopes_supported": ["probe:read", "probe:write"],
    }


@pytest.mark.parametrize(
    "headers",
    [
        {"Host": "evil.example"},
        {"X-Forwarded-Host": "evil.example"},
        {"X-Forwarded-Prefix": "/evil", "X-Forwarded-Proto": "https"},
    ],
)
async def test_no_request_changes_the_addresses_in_it(
    client: httpx2.AsyncClient, headers: dict[str, str]
) -> None:
    plain = await client.get("/.well-known/oauth-protected-resource")
    asked = await client.get("/.well-known/oauth-protected-resource", headers=headers)
    assert asked.json() == plain.json()
    for answer in (
        await client.get("/me", headers=headers),
        await client.get("/me", headers={**headers, "Authorization": "Bearer x"}),
    ):
        assert (
            'resource_metadata="http://localhost:8080/probe/.well-known/oauth-protected-resource"'
            in answer.headers["www-authenticate"]
        )


async def test_a_service_below_another_prefix_than_its_name_is_named_by_the_prefix(
    settings: ServiceSettings, issuer: TestIssuer
) -> None:
    app = create_service(
        settings.model_copy(update={"root_path": "/team/notes"}),
        name="notes",
        title="Notes",
        description="What you wrote.",
        routers=[],
        token_verifier=AccessTokenVerifier(issuer=issuer.url, audience="notes", keys=issuer),
    )
    well_known = "http://localhost:8080/.well-known/oauth-protected-resource/team/notes"
    async with client_of(app, "http://localhost:8080") as client:
        document = (await client.get(well_known)).json()
    assert document["resource"] == "http://localhost:8080/team/notes"


async def test_the_script_of_any_page_may_read_it(client: httpx2.AsyncClient) -> None:
    answer = await client.get(
        "/.well-known/oauth-protected-resource", headers={"Origin": "https://app.example"}
    )
    assert answer.headers["Access-Control-Allow-Origin"] == "*"
