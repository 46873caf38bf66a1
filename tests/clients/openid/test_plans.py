"""The ported certification plans: against Gatehouse in process, and against npm's `oidc-provider` as the control."""

from collections.abc import AsyncIterator, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import httpx2
import pytest
import pytest_asyncio

from auth_service.main import create_app
from auth_service.settings import AuthSettings
from testing.apps import client_of, running
from tests.auth_service.conftest import SERVICES
from tests.auth_service.databases import fill, settings_for
from tests.auth_service.people import URL, make_user
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


@pytest.fixture(scope="module", params=["RS256", pytest.param("ES256", marks=pytest.mark.sweep)])
def settings(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[AuthSettings]:
    """Of a service with one key, of either algorithm."""
    folder = tmp_path_factory.mktemp("auth")
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("GATEHOUSE_SERVICES", SERVICES)
        settings = settings_for(
            f"sqlite:///{folder / 'auth.db'}", state_dir=folder, signing_algorithm=request.param
        )
        fill(settings)
        yield settings


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def gatehouse(settings: AuthSettings) -> AsyncIterator[Provider]:
    app = create_app(settings)
    async with running(app, base_url=URL) as client:
        clients = await registered_at(client)
        await make_user(client, ADA, email="ada@example.com")
        browser = partial(client_of, app, URL)
        yield Provider(URL, browser, ADA.username, ADA.password, clients)


@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize("module", CASES)
async def test_gatehouse_passes(gatehouse: Provider, settings: AuthSettings, module: str) -> None:
    is_es256 = settings.signing_algorithm == "ES256"
    await check(module, gatehouse, OF_ES256 if is_es256 else DIFFERENCES)


def _browser() -> httpx2.AsyncClient:
    return httpx2.AsyncClient(trust_env=False, timeout=30)


@pytest.fixture(scope="module")
def control(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Provider]:
    folder: Path = tmp_path_factory.mktemp("npm")
    with running_oidc_provider(folder, "openid.js") as issuer:
        clients = [
            Client(method, "client-secret-of-a-test", method)
            for method in ("client_secret_basic", "client_secret_post")
        ]
        yield Provider(issuer, _browser, "ada", "any", (clients[0], clients[1]))


@pytest.mark.sweep
@pytest.mark.parametrize("module", CASES)
async def test_the_control_passes(control: Provider, module: str) -> None:
    await check(module, control, OF_CONTROL)
