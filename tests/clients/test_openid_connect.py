"""Clients that nobody here wrote sign in by OpenID Connect: Authlib in the dashboard of the docs, `openid-client`."""

import secrets
from pathlib import Path
from runpy import run_path
from urllib.parse import urlsplit

import httpx2
import pytest

from testing.checkout import ROOT
from testing.http import send
from testing.stack import Stack
from tests.clients.conftest import REDIRECT_URI, SIGNED_OUT_URI, Registered
from tests.clients.conftest import Person as Visitor
from tests.clients.node_client import run_node_client
from tests.clients.openid.provider import Client, Person, Provider
from tests.clients.openid.test_plans import browser

DASHBOARD = "http://127.0.0.1:5000"


async def test_the_dashboard_of_the_page_signs_people_in_and_out(
    stack: Stack, monkeypatch: pytest.MonkeyPatch
) -> None:
    new = {
        "name": "My dashboard",
        "confidential": True,
        "grants": ["authorization_code", "refresh_token"],
        "redirect_uris": [f"{DASHBOARD}/callback"],
        "post_logout_redirect_uris": [f"{DASHBOARD}/"],
        "scopes": ["openid", "profile", "email"],
    }
    made = stack.call("POST", "/auth/clients", token=stack.sign_in_as_admin(), json=new).json
    issuer = f"{stack.url}/auth"
    for name, value in {
        "ISSUER": issuer,
        "CLIENT_ID": made["client_id"],
        "CLIENT_SECRET": made["client_secret"],
        "SESSION_SECRET": secrets.token_hex(16),
        "NO_PROXY": "*",
    }.items():
        monkeypatch.setenv(name, value)
    app = run_path(str(ROOT / "docs" / "code" / "dashboard.py"))["app"]
    client = Client(made["client_id"], made["client_secret"])
    provider = Provider(issuer, browser, stack.demo.username, stack.demo.password, (client, client))
    async with (
        httpx2.AsyncClient(transport=httpx2.ASGITransport(app), base_url=DASHBOARD) as dashboard,
        Person(provider) as person,
    ):
        asked = await dashboard.get("/")
        arrival = await person.visit(asked.headers["Location"])
        assert (await dashboard.get(arrival.url)).status_code == 307
        assert "hello" in (await dashboard.get("/")).json()
        left = await dashboard.get("/sign-out")
        arrival = await person.visit(left.headers["Location"], answers=False)
        assert (arrival.url, arrival.page) == (f"{DASHBOARD}/", None)
        asked = await dashboard.get("/")
        page = (await person.visit(asked.headers["Location"], answers=False)).page
        assert page is not None
        assert 'type="password"' in page.text


def test_openid_client_signs_in_by_discovery(
    stack: Stack,
    registered: Registered,
    person: Visitor,
    scripts: Path,
) -> None:
    settings = {
        "issuer": registered.issuer,
        "clientId": registered.client_id,
        "clientSecret": registered.client_secret,
        "redirectUri": REDIRECT_URI,
        "signedOutUri": SIGNED_OUT_URI,
    }
    outcome = run_node_client(scripts, "openid-connect", settings, person.visit)
    claims = outcome["claims"]
    assert (claims["iss"], claims["aud"]) == (registered.issuer, registered.client_id)
    assert outcome["info"]["preferred_username"] == stack.demo.username
    assert outcome["renewed"]["auth_time"] == claims["auth_time"]
    logout = urlsplit(outcome["logout"])
    back = send(stack.url, f"{logout.path}?{logout.query}")
    assert (back.status, back.headers["Location"]) == (303, SIGNED_OUT_URI)
