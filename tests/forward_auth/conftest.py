"""The real auth, and an echo that stands for a dashboard without a sign-in."""

from collections.abc import Iterator
from urllib.parse import urlencode

import pytest

from auth_service.main import create_app
from testing.echo import echo_service
from testing.http import send
from testing.services import SAMPLE
from testing.serving import served
from tests.auth_service.databases import fill, settings_for
from tests.auth_service.people import ADMIN, DEMO, Person
from tests.forward_auth.corpus import Credentials, form_token

SERVICES = (
    SAMPLE
    + """
[items.scopes]
"items:read" = { description = "Read your items", default = true }

[auth.scopes]
"auth:admin" = { description = "Administer everything", roles = ["admin"], first_party = true }

[dash]
title = "Dashboard"
description = "Has no sign-in."
prefix = "/dash"
upstream = "127.0.0.1:9000"
require = ["items:read"]

[vault]
title = "Vault"
description = "Has no sign-in, and is for administrators."
prefix = "/vault"
upstream = "127.0.0.1:9000"
require = ["auth:admin"]

[vault.body_limits]
"POST /imports/{name}" = 2000000
"""
)


@pytest.fixture(scope="session")
def auth(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    """The port of auth, which trusts the proxies of this machine."""
    folder = tmp_path_factory.mktemp("auth")
    file = folder / "services.toml"
    file.write_text(SERVICES, encoding="utf-8")
    settings = settings_for(f"sqlite:///{folder}/auth.db", state_dir=folder / "state")
    # Not for longer: tests of other folders follow while it runs.
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("GATEHOUSE_SERVICES", str(file))
        fill(settings)
        app = create_app(settings)
    with served(app) as port:
        yield port


@pytest.fixture(scope="session")
def dash() -> Iterator[int]:
    """The port of the dashboard."""
    with echo_service("dash") as port:
        yield port


def _enter(auth: int, person: Person) -> Credentials:
    url, form = (
        f"http://127.0.0.1:{auth}/auth",
        [("Content-Type", "application/x-www-form-urlencoded")],
    )
    page = send(url, "/sign-in")
    own = page.headers["Set-Cookie"].partition(";")[0]
    fields = {"form_token": form_token(page.body), "username": person.username}
    body = urlencode({**fields, "password": person.password}).encode()
    entered = send(url, "/sign-in", method="POST", headers=[*form, ("Cookie", own)], body=body)
    assert entered.status == 303, entered.body
    asked = urlencode({**person.password_grant, "scope": "items:read"}).encode()
    tokens = send(url, "/token", method="POST", headers=form, body=asked)
    return Credentials(entered.headers["Set-Cookie"].partition(";")[0], tokens.json["access_token"])


@pytest.fixture(scope="session")
def demo(auth: int) -> Credentials:
    """Of a person who may read items."""
    return _enter(auth, DEMO)


@pytest.fixture(scope="session")
def admin(auth: int) -> Credentials:
    """Of an administrator."""
    return _enter(auth, ADMIN)
