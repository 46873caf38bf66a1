"""An application that knows nothing of tokens becomes a protected resource: `server.protect(app)`."""

from collections.abc import Iterator
from contextlib import contextmanager

import httpx2
import pytest
from fastapi import FastAPI
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route
from starlette.types import ASGIApp

from gatehouse_chassis import (
    AccessTokenVerifier,
    PublicPrefixMiddleware,
    ResourceServer,
    ServiceSettings,
    create_service,
)
from gatehouse_chassis.testing import TestIssuer

RESOURCE = "https://example.com/outer/tools/mcp"
WELL_KNOWN = "/.well-known/oauth-protected-resource"


async def whoami(request: Request) -> JSONResponse:
    return JSONResponse({"user": request.state.principal.subject})


@pytest.fixture
def issuer() -> TestIssuer:
    return TestIssuer("https://example.com/outer/auth", audience=RESOURCE)


@pytest.fixture
def server(issuer: TestIssuer) -> Iterator[ResourceServer]:
    server = ResourceServer(
        issuer=issuer.url,
        resource=RESOURCE,
        scopes={"tools:use": "Use the tools"},
    )
    with issuer.trusted_by(server):
        yield server


@pytest.fixture
def app(server: ResourceServer) -> ASGIApp:
    inner = Starlette(routes=[Route("/tools/mcp", whoami, methods=["GET", "POST"])])
    return server.protect(inner, scopes=["tools:use"])


@contextmanager
def client_of(app: ASGIApp) -> Iterator[httpx2.AsyncClient]:
    transport = httpx2.ASGITransport(app, client=("127.0.0.1", 40_000))
    yield httpx2.AsyncClient(transport=transport, base_url="https://example.com", trust_env=False)


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


async def test_a_request_without_a_token_is_told_where_to_get_one(app: ASGIApp) -> None:
    with client_of(app) as client:
        answer = await client.post("/tools/mcp", json={})
    assert answer.status_code == 401
    assert answer.json()["code"] == "missing_token"
    assert answer.headers["WWW-Authenticate"] == (
        f'Bearer resource_metadata="{RESOURCE}{WELL_KNOWN}", scope="tools:use"'
    )


@pytest.mark.parametrize(
    "path",
    [
        # The proxy of the domain keeps the path; one before it has taken `/outer` away, or has not.
        f"{WELL_KNOWN}/tools/mcp",
        f"{WELL_KNOWN}/outer/tools/mcp",
        f"/tools/mcp{WELL_KNOWN}",
        f"/outer/tools/mcp{WELL_KNOWN}",
    ],
)
async def test_its_metadata_is_before_and_below_its_own_path(app: ASGIApp, path: str) -> None:
    with client_of(app) as client:
        answer = await client.get(path)
    assert answer.json() == {
        "resource": RESOURCE,
        "authorization_servers": ["https://example.com/outer/auth"],
        "bearer_methods_supported": ["header"],
        "scopes_supported": ["tools:use"],
    }
    assert answer.headers["Access-Control-Allow-Origin"] == "*"


@pytest.mark.parametrize(
    "path", [f"{WELL_KNOWN}/tools", f"{WELL_KNOWN}/other/mcp", f"{WELL_KNOWN}x", f"/x{WELL_KNOWN}"]
)
async def test_the_metadata_of_another_resource_is_not_here(app: ASGIApp, path: str) -> None:
    with client_of(app) as client:
        assert (await client.get(path)).status_code == 401


async def test_the_application_learns_who_is_asking(app: ASGIApp, issuer: TestIssuer) -> None:
    with client_of(app) as client:
        answer = await client.post(
            "/tools/mcp", headers=bearer(issuer.token(sub="ada", scope="tools:use"))
        )
    assert answer.json() == {"user": "ada"}


@pytest.mark.parametrize(
    ("claims", "status", "error"),
    [
        ({"scope": "tools:use", "aud": "tools"}, 401, "invalid_token"),
        ({"scope": "tools:use", "aud": "https://example.com/outer/tools"}, 401, "invalid_token"),
        ({"scope": "items:read"}, 403, "insufficient_scope"),
    ],
)
async def test_a_token_for_something_else_is_refused(
    app: ASGIApp, issuer: TestIssuer, claims: dict[str, str], status: int, error: str
) -> None:
    with client_of(app) as client:
        answer = await client.post("/tools/mcp", headers=bearer(issuer.token(**claims)))
    assert answer.status_code == status
    challenge = answer.headers["WWW-Authenticate"]
    assert f'error="{error}"' in challenge
    assert 'scope="tools:use"' in challenge
    assert f'resource_metadata="{RESOURCE}{WELL_KNOWN}"' in challenge


async def test_it_is_right_below_a_mount_and_behind_a_proxy_that_strips(
    server: ResourceServer,
) -> None:
    outer = FastAPI()
    outer.mount("/mcp", server.protect(Starlette(routes=[Route("/", whoami)])))
    wrapped = PublicPrefixMiddleware(outer, root_path="/tools", trusted_proxies=["127.0.0.1"])
    with client_of(wrapped) as client:
        for path in ("/tools/mcp", "/mcp"):
            assert (await client.get(f"{path}/")).status_code == 401
            assert (await client.get(path + WELL_KNOWN)).json()["resource"] == RESOURCE


def test_it_needs_the_address_that_clients_are_given(issuer: TestIssuer) -> None:
    server = ResourceServer(issuer=issuer.url, audience="tools")
    with pytest.raises(ValueError, match="resource"):
        server.protect(Starlette())


def test_a_resource_server_without_any_name_is_refused(issuer: TestIssuer) -> None:
    with pytest.raises(ValueError, match="audience or resource"):
        ResourceServer(issuer=issuer.url)


async def test_a_service_of_ours_has_such_a_resource_below_its_prefix(
    settings: ServiceSettings, issuer: TestIssuer
) -> None:
    app = create_service(
        settings,
        name="probe",
        title="Probe",
        description="A service.",
        routers=[],
        token_verifier=AccessTokenVerifier(issuer=issuer.url, audience="probe", keys=issuer),
    )
    own = "http://localhost:8080/probe"
    server = ResourceServer(issuer=issuer.url, resource=f"{own}/mcp")
    app.mount("/mcp", server.protect(Starlette(routes=[Route("/", whoami, methods=["POST"])])))
    app.include_router(server.metadata)
    transport = httpx2.ASGITransport(app, client=("127.0.0.1", 40_000))
    with issuer.trusted_by(server):
        async with httpx2.AsyncClient(transport=transport, base_url=own) as client:
            root = "http://localhost:8080"
            for url, resource in (
                (f"{root}{WELL_KNOWN}/probe/mcp", f"{own}/mcp"),
                (f"{own}/mcp{WELL_KNOWN}", f"{own}/mcp"),
                (f"{root}{WELL_KNOWN}/probe", own),
                (f"{own}{WELL_KNOWN}", own),
            ):
                assert (await client.get(url)).json()["resource"] == resource
            token = issuer.token(sub="ada", aud=f"{own}/mcp")
            answer = await client.post("/mcp/", headers=bearer(token))
            assert answer.json() == {"user": "ada"}
            refused = await client.post("/mcp/", headers=bearer(issuer.token(aud="probe")))
            assert refused.status_code == 401
