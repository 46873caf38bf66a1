"""Scopes, audiences, redirect pages and the issuer come from the list of services, whatever it holds."""

from collections.abc import AsyncIterator
from pathlib import Path

import httpx2
import pytest
from sqlalchemy import update

from auth_service.main import create_app
from auth_service.settings import AuthSettings
from auth_service.tables import sessions
from gatehouse_chassis.database import Database
from gatehouse_chassis.settings import SettingsError
from testing.apps import running
from tests.auth_service.authorization import request_of
from tests.auth_service.databases import KEY_SECRET, settings_for
from tests.auth_service.oauth.test_token_endpoint import parts_of
from tests.auth_service.people import ADMIN, DEMO, PUBLIC_URL, header_of, refresh, refused, sign_in

ALONE = """
[auth]
title = "Auth"
description = "Who you are."
prefix = "/auth"
package = "auth_service"

[auth.scopes]
"auth:profile" = { description = "Read your name" }
"auth:admin" = { description = "Administer everything", roles = ["admin"], first_party = true }
"""
WITH_NOTES = (
    ALONE.replace('"/auth"', '"/outer/id"')
    + """
[notes]
title = "Notes"
description = "What you wrote."
prefix = "/pages/notes"
package = "notes_service"

[notes.scopes]
"notes:read" = { description = "Read your notes", default = true }
"notes:share" = { description = "Share your notes" }

[chat]
title = "Chat"
description = "Not ours."
prefix = "/chat"
upstream = "127.0.0.1:9000"
"""
)
FIRST_PARTY = {"client_id": "gatehouse"}


def use(content: str, folder: Path, environment: pytest.MonkeyPatch) -> None:
    file = folder / "services.toml"
    file.write_text(content, encoding="utf-8")
    environment.setenv("GATEHOUSE_SERVICES", str(file))


@pytest.fixture
async def alone(
    database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[httpx2.AsyncClient]:
    """The auth service of a stack without another service."""
    use(ALONE, tmp_path, monkeypatch)
    app = create_app(settings_for(database_url))
    async with running(app, base_url=f"{PUBLIC_URL}/auth") as client:
        yield client


@pytest.fixture
async def beside_notes(
    database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[httpx2.AsyncClient]:
    """The auth service under another prefix, with other services than ours."""
    use(WITH_NOTES, tmp_path, monkeypatch)
    app = create_app(settings_for(database_url, root_path="/outer/id"))
    async with running(app, base_url=f"{PUBLIC_URL}/outer/id") as client:
        yield client


async def test_without_a_default_scope_one_must_be_asked_for_by_name(
    alone: httpx2.AsyncClient,
) -> None:
    answer = await alone.post("/token", data=DEMO.password_grant)
    assert refused(answer) == (400, "invalid_scope")
    tokens = await sign_in(alone, scope="auth:profile")
    claims = parts_of(tokens["access_token"])[1]
    assert tokens["scope"] == claims["scope"] == "auth:profile"
    assert claims["aud"] == ["auth"]
    profile = await alone.get("/users/me", headers=header_of(tokens))
    assert profile.status_code == 200


async def test_a_session_without_scopes_from_an_older_version_can_do_nothing(
    alone: httpx2.AsyncClient, database: Database
) -> None:
    tokens = await sign_in(alone, scope="auth:profile")
    await database.execute(update(sessions).values(scope="", resource=None))
    again = (await refresh(alone, tokens["refresh_token"])).json()
    assert again["scope"] == ""
    assert parts_of(again["access_token"])[1]["aud"] == ["auth"]
    assert (await alone.get("/users/me", headers=header_of(again))).status_code == 403
    more = await refresh(alone, again["refresh_token"], scope="auth:admin")
    assert refused(more) == (400, "invalid_scope")


async def test_a_token_may_be_asked_for_by_the_url_of_auth(
    alone: httpx2.AsyncClient,
) -> None:
    auth = f"{PUBLIC_URL}/auth"
    tokens = await sign_in(alone, resource=auth, scope="auth:profile")
    assert parts_of(tokens["access_token"])[1]["aud"] == ["auth", auth]
    assert (await alone.get("/users/me", headers=header_of(tokens))).status_code == 200


async def test_what_is_not_asked_for_is_granted_as_the_list_says(
    beside_notes: httpx2.AsyncClient,
) -> None:
    tokens = await sign_in(beside_notes)
    claims = parts_of(tokens["access_token"])[1]
    assert (claims["scope"], claims["aud"]) == ("notes:read", ["notes"])
    both = await sign_in(beside_notes, ADMIN, scope="notes:share auth:admin")
    assert parts_of(both["access_token"])[1]["aud"] == ["auth", "notes"]


async def test_a_scope_that_the_list_does_not_have_is_refused(
    beside_notes: httpx2.AsyncClient,
) -> None:
    answer = await beside_notes.post("/token", data={**ADMIN.password_grant, "scope": "items:read"})
    assert refused(answer) == (400, "invalid_scope")


async def test_the_issuer_is_the_origin_and_the_prefix_of_the_list(
    beside_notes: httpx2.AsyncClient,
) -> None:
    tokens = await sign_in(beside_notes)
    issuer = f"{PUBLIC_URL}/outer/id"
    assert parts_of(tokens["access_token"])[1]["iss"] == issuer
    address = f"{PUBLIC_URL}/.well-known/oauth-authorization-server/outer/id"
    metadata = (await beside_notes.get(address)).json()
    assert metadata["issuer"] == issuer
    assert metadata["protected_resources"] == [issuer, f"{PUBLIC_URL}/pages/notes"]
    assert set(metadata["scopes_supported"]) == {
        "auth:profile",
        "auth:admin",
        "notes:read",
        "notes:share",
        *("openid", "profile", "email", "offline_access"),
    }
    assert (await beside_notes.get(address.replace("/outer/id", "/auth"))).status_code == 404


@pytest.mark.parametrize(
    ("page", "status"),
    [
        ("/pages/notes/docs/oauth2-redirect", 303),
        ("/outer/id/docs/oauth2-redirect", 303),
        ("/docs/oauth2-redirect", 303),
        ("/chat/signed-in", 400),
    ],
)
async def test_the_docs_pages_of_our_services_are_redirect_pages(
    beside_notes: httpx2.AsyncClient, page: str, status: int
) -> None:
    asked = request_of(FIRST_PARTY, redirect_uri=f"{PUBLIC_URL}{page}", scope="items:read")
    answer = await beside_notes.get("/authorize", params=asked)
    assert answer.status_code == status
    if status == 303:
        assert answer.headers["Location"].startswith(f"../..{page}?error=invalid_scope")


@pytest.fixture
def environment(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    for name in ("AUTH_ROOT_PATH", "GATEHOUSE_SERVICES", "GATEHOUSE_PUBLIC_URL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AUTH_KEY_ENCRYPTION_SECRET", KEY_SECRET)
    return monkeypatch


def test_the_prefix_of_auth_is_the_one_of_the_list(
    environment: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    use(WITH_NOTES, tmp_path, environment)
    settings = AuthSettings.load()
    assert settings.root_path == "/outer/id"
    assert settings.issuer == "http://localhost:8080/outer/id"


def test_another_prefix_than_that_of_the_list_is_refused(environment: pytest.MonkeyPatch) -> None:
    environment.setenv("AUTH_ROOT_PATH", "/id")
    with pytest.raises(
        SettingsError, match=r"AUTH_ROOT_PATH is '/id', and .*services.toml .*'/auth'"
    ):
        AuthSettings.load()


def test_a_list_that_cannot_be_read_is_said_in_a_sentence(
    environment: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    environment.setenv("GATEHOUSE_SERVICES", str(tmp_path / "none.toml"))
    with pytest.raises(SettingsError, match=r"none\.toml cannot be read: No such file"):
        AuthSettings.load()
