"""The ported certification plans against Gatehouse, in process and as a stack, and against npm's `oidc-provider`."""

import secrets
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2
import pytest
import pytest_asyncio
from fastapi import FastAPI

from auth_service.main import create_app
from auth_service.settings import AuthSettings
from testing.apps import PROXY, running
from testing.stack import Stack
from testing.stack import User as StackUser
from tests.auth_service.conftest import SERVICES
from tests.auth_service.databases import fill, settings_for
from tests.auth_service.people import PUBLIC_URL, URL, make_user
from tests.auth_service.people import Person as User
from tests.auth_service.registered_clients import register
from tests.clients.oidc_provider import running_oidc_provider
from tests.clients.openid.plans import BASIC, CONFIG, LOGOUT, Case
from tests.clients.openid.provider import (
    REDIRECT_URI,
    SIGNED_OUT_URI,
    Client,
    Flow,
    NotApplicable,
    Person,
    Provider,
)

ADA = User("ada", "analytical-engine-of-7-cogs")
CASES = {**BASIC, **CONFIG, **LOGOUT}

_SAME = {
    "oidcc-idtoken-unsigned": "no ID token is unsigned",
    "oidcc-scope-address": "nobody's address is stored",
    "oidcc-scope-phone": "nobody's number is stored",
    "oidcc-scope-all": "the same",
    "oidcc-claims-essential": "the parameter claims is not read",
}
DIFFERENCES = {**_SAME, "oidcc-userinfo-post-body": "a token belongs into the header"}
"""What Gatehouse is not asked for, as the suite lets a provider that says so in its configuration."""

OF_ES256 = {
    **DIFFERENCES,
    "oidcc-idtoken-signature": "signed with ES256 unless AUTH_SIGNING_ALGORITHM says RS256",
    "oidcc-discovery-endpoint-verification": "the same",
}
OF_CONTROL = {**_SAME, "oidcc-ensure-request-with-acr-values-succeeds": "it says no acr"}

REGISTERED: dict[str, Any] = {
    "name": "Certification",
    "confidential": True,
    "grants": ["authorization_code", "refresh_token"],
    "redirect_uris": [REDIRECT_URI],
    "post_logout_redirect_uris": [SIGNED_OUT_URI],
    "scopes": ["openid", "profile", "email", "offline_access"],
}


async def run(case: Case, provider: Provider) -> None:
    configuration = await provider.configuration()
    async with Person(provider) as person:
        await case(Flow(provider, person, provider.basic, configuration))


async def check(module: str, provider: Provider, differences: dict[str, str]) -> None:
    """The case passes, or is one of those that the provider says it cannot do."""
    if module not in differences:
        await run(CASES[module], provider)
        return
    with pytest.raises(NotApplicable):
        await run(CASES[module], provider)


async def registered_at(client: httpx2.AsyncClient) -> tuple[Client, Client]:
    made = [await register(client, REGISTERED) for _ in range(2)]
    basic, post = ((one["client_id"], one["client_secret"]) for one in made)
    return Client(*basic), Client(*post, method="client_secret_post")


@dataclass(frozen=True)
class Place:
    """Where the service is, and what it signs with."""

    algorithm: str
    prefix: str
    """Before the service's own; nobody announces it."""

    stripped: str
    """What a proxy takes away from the path."""


PLACES = [
    pytest.param(Place("RS256", "/outer", "/outer"), id="outer prefix"),
    pytest.param(Place("RS256", "/outer", "/outer/auth"), id="stripped", marks=pytest.mark.sweep),
    pytest.param(Place("RS256", "", ""), id="kept", marks=pytest.mark.sweep),
    pytest.param(Place("ES256", "", "/auth"), id="ES256", marks=pytest.mark.sweep),
]


class Stripping(httpx2.AsyncBaseTransport):
    """A proxy before an application, which takes the beginning of the path away and says nothing of it."""

    def __init__(self, app: FastAPI, prefix: str) -> None:
        self._app = httpx2.ASGITransport(app, client=PROXY, raise_app_exceptions=False)
        self._prefix = prefix

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        path = request.url.raw_path.decode()
        if not path.startswith(f"{self._prefix}/"):
            return httpx2.Response(404)
        # Another request: the client reads its own again to see for which path a cookie is.
        inner = httpx2.Request(
            request.method,
            request.url.copy_with(raw_path=path.removeprefix(self._prefix).encode()),
            headers=request.headers,
            stream=request.stream,
            extensions=request.extensions,
        )
        return await self._app.handle_async_request(inner)


@pytest.fixture(scope="module", params=PLACES)
def place(request: pytest.FixtureRequest) -> Place:
    found: Place = request.param
    return found


@pytest.fixture(scope="module")
def settings(place: Place, tmp_path_factory: pytest.TempPathFactory) -> Iterator[AuthSettings]:
    folder = tmp_path_factory.mktemp("auth")
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("GATEHOUSE_SERVICES", SERVICES)
        settings = settings_for(
            f"sqlite:///{folder / 'auth.db'}",
            state_dir=folder,
            signing_algorithm=place.algorithm,
            public_url=f"{PUBLIC_URL}{place.prefix}",
        )
        fill(settings)
        yield settings


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def gatehouse(place: Place, settings: AuthSettings) -> AsyncIterator[Provider]:
    app = create_app(settings)

    def new_browser() -> httpx2.AsyncClient:
        return httpx2.AsyncClient(transport=Stripping(app, place.stripped), trust_env=False)

    async with running(app, base_url=URL) as client:
        clients = await registered_at(client)
        await make_user(client, ADA, email="ada@example.com")
        yield Provider(settings.issuer, new_browser, ADA.username, ADA.password, clients)


@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize("module", CASES)
async def test_gatehouse_passes(gatehouse: Provider, place: Place, module: str) -> None:
    await check(module, gatehouse, OF_ES256 if place.algorithm == "ES256" else DIFFERENCES)


def browser() -> httpx2.AsyncClient:
    return httpx2.AsyncClient(trust_env=False, timeout=30)


@pytest.fixture(scope="module")
def control(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Provider]:
    folder: Path = tmp_path_factory.mktemp("npm")
    with running_oidc_provider(folder, "openid.js") as issuer:
        clients = [
            Client(method, "client-secret-of-a-test", method)
            for method in ("client_secret_basic", "client_secret_post")
        ]
        yield Provider(issuer, browser, "ada", "any", (clients[0], clients[1]))


@pytest.mark.sweep
@pytest.mark.parametrize("module", CASES)
async def test_the_control_passes(control: Provider, module: str) -> None:
    await check(module, control, OF_CONTROL)


@pytest.fixture(scope="module")
def stack_provider(stack: Stack) -> Provider:
    grace = StackUser("grace", secrets.token_urlsafe(16))
    stack.make_user(grace, email="grace@example.com")
    admin = stack.sign_in_as_admin()
    made = [
        stack.call("POST", "/auth/clients", token=admin, json=REGISTERED).json for _ in range(2)
    ]
    basic, post = ((one["client_id"], one["client_secret"]) for one in made)
    clients = Client(*basic), Client(*post, method="client_secret_post")
    return Provider(f"{stack.url}/auth", browser, grace.username, grace.password, clients)


SAMPLE = ("oidcc-rp-initiated-logout", "oidcc-ensure-post-request-succeeds")


@pytest.mark.stack
@pytest.mark.parametrize(
    "module",
    [pytest.param(m, marks=[] if m in SAMPLE else pytest.mark.sweep) for m in CASES],
)
async def test_a_stack_passes(stack_provider: Provider, module: str) -> None:
    await check(module, stack_provider, OF_ES256)
