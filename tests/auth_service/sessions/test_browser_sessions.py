"""One sign-in in the browser: what it opens, how long it lasts, and what ends it."""

from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

import httpx2
import pytest
from sqlalchemy import select, update

from auth_service.audit.context import AuditContext
from auth_service.container import Container
from auth_service.main import create_app
from auth_service.oauth.opaque_tokens import digest_of
from auth_service.sessions.store import EndOfSession
from auth_service.tables import authorization_codes, browser_sessions, sessions
from gatehouse_chassis.database import Database
from gatehouse_chassis.database.columns import now
from testing.apps import running
from tests.auth_service.authorization import (
    VERIFIER,
    allow,
    answer_in,
    forget_browser_session,
    form_token_in,
    redeem,
    request_of,
    sign_in_form,
)
from tests.auth_service.databases import on_both_databases, settings_for
from tests.auth_service.oauth.test_token_endpoint import parts_of
from tests.auth_service.people import (
    ADMIN,
    DEMO,
    OWN_ACCOUNT,
    URL,
    Person,
    bearer,
    header_of,
    refresh,
    refused,
)
from tests.auth_service.registered_clients import WEB, register

GATEHOUSE = {"client_id": "gatehouse"}
HTTPS = {"X-Forwarded-Proto": "https"}
COOKIE = "gatehouse-session"


def portal(**changes: str) -> dict[str, str]:
    """What the portal asks for."""
    return request_of(GATEHOUSE, **{"redirect_uri": "", "scope": OWN_ACCOUNT, **changes})


async def enter(client: httpx2.AsyncClient, person: Person = DEMO) -> httpx2.Response:
    """A person signs in on the portal."""
    return await allow(client, portal(), person)


async def asked_silently(client: httpx2.AsyncClient, **changes: str) -> dict[str, str]:
    """What the portal is answered without a page."""
    answer = await client.get("/authorize", params=portal(prompt="none", **changes))
    return answer_in(answer, "../?")


async def tokens_of_portal(client: httpx2.AsyncClient) -> dict[str, Any]:
    code = (await asked_silently(client))["code"]
    answer = await redeem(client, code, GATEHOUSE, redirect_uri="")
    assert answer.status_code == 200, answer.text
    tokens: dict[str, Any] = answer.json()
    return tokens


def cookie_in(answer: httpx2.Response) -> str:
    """The `Set-Cookie` of the session."""
    (found,) = [one for one in answer.headers.get_list("set-cookie") if COOKIE in one]
    return found


@on_both_databases
async def test_who_signed_in_once_is_asked_for_no_password_again(
    client: httpx2.AsyncClient,
) -> None:
    assert (await asked_silently(client))["error"] == "login_required"
    answer_in(await enter(client), "../?")
    tokens = await tokens_of_portal(client)
    assert "refresh_token" not in tokens
    assert (await client.get("/users/me", headers=header_of(tokens))).status_code == 200
    docs = request_of(GATEHOUSE, redirect_uri="http://localhost:8080/docs/oauth2-redirect")
    assert "code" in answer_in(
        await client.get("/authorize", params=docs), "../docs/oauth2-redirect"
    )


@on_both_databases
async def test_all_that_was_opened_in_a_browser_is_one_session(
    client: httpx2.AsyncClient, database: Database
) -> None:
    shop = await register(client, WEB)
    await enter(client)
    tokens = await tokens_of_portal(client)
    await tokens_of_portal(client)
    request = request_of(shop)
    page = await client.get("/authorize", params=request)
    consent = {"form": "consent", "form_token": form_token_in(page), "answer": "allow"}
    answer = await client.post("/authorize", params=request, data=consent)
    of_shop = (await redeem(client, answer_in(answer)["code"], shop)).json()

    listed = (await client.get("/users/me/sessions", headers=header_of(tokens))).json()["items"]
    (one,) = listed
    assert (one["browser"], one["client_id"]) == (True, "gatehouse")

    ended = await client.delete(f"/users/me/sessions/{one['id']}", headers=header_of(tokens))
    assert ended.status_code == 204
    assert (await asked_silently(client))["error"] == "login_required"
    again = await refresh(client, of_shop["refresh_token"], client_id=shop["client_id"])
    assert refused(again) == (400, "invalid_grant")
    rows = await database.fetch_all(select(sessions.c.ended_because).limit(9))
    assert [row["ended_because"] for row in rows if row["ended_because"]] == ["revoked"] * 2


async def sign_out(client: httpx2.AsyncClient) -> None:
    answer = await client.post("/sign-out")
    assert (answer.status_code, answer.headers["Location"]) == (303, "../")
    assert "Max-Age=0" in cookie_in(answer)


async def change_password(client: httpx2.AsyncClient) -> None:
    body = {"current_password": DEMO.password, "new_password": "another-heron-counts-5-boats"}
    headers = await bearer(client)
    assert (await client.post("/users/me/password", headers=headers, json=body)).status_code == 204


async def disable(client: httpx2.AsyncClient) -> None:
    admin = await bearer(client, ADMIN, scope="auth:admin")
    own = (await client.get("/users/me", headers=await bearer(client))).json()["id"]
    for disabled in (True, False):
        await client.patch(f"/users/{own}", headers=admin, json={"disabled": disabled})


async def end_everywhere(client: httpx2.AsyncClient) -> None:
    await client.delete("/users/me/sessions", headers=await bearer(client))


async def end_by_administrator(client: httpx2.AsyncClient) -> None:
    admin = await bearer(client, ADMIN, scope="auth:admin")
    own = (await client.get("/users/me", headers=await bearer(client))).json()["id"]
    await client.delete(f"/users/{own}/sessions", headers=admin)


@on_both_databases
@pytest.mark.parametrize(
    "end",
    [sign_out, change_password, disable, end_everywhere, end_by_administrator],
    ids=lambda end: end.__name__,
)
async def test_what_ends_the_session_ends_its_tokens_and_codes(
    client: httpx2.AsyncClient,
    container: Container,
    end: Callable[[httpx2.AsyncClient], Awaitable[None]],
) -> None:
    await enter(client)
    tokens = await tokens_of_portal(client)
    code = (await asked_silently(client))["code"]
    kept = client.cookies[COOKIE]

    await end(client)

    client.cookies.set(COOKIE, kept, domain="localhost.local", path="/")
    assert (await asked_silently(client))["error"] == "login_required"
    late = await redeem(client, code, GATEHOUSE, redirect_uri="")
    assert refused(late) == (400, "invalid_grant")
    jti = parts_of(tokens["access_token"])[1]["jti"]
    assert await container.revocation.is_revoked(jti)


async def test_end_all_ends_browsers_too(client: httpx2.AsyncClient, container: Container) -> None:
    await enter(client)
    await container.sessions.end_all(EndOfSession.REVOKED, AuditContext())
    assert (await asked_silently(client))["error"] == "login_required"


@pytest.mark.parametrize(
    ("column", "bound"),
    [("last_used_at", timedelta(days=1)), ("signed_in_at", timedelta(days=7))],
)
async def test_a_session_has_an_idle_and_an_absolute_bound(
    client: httpx2.AsyncClient, database: Database, column: str, bound: timedelta
) -> None:
    await enter(client)
    before = now() - bound
    await database.execute(update(browser_sessions).values({column: before + timedelta(minutes=1)}))
    assert "code" in await asked_silently(client)
    await database.execute(update(browser_sessions).values({column: before}))
    assert (await asked_silently(client))["error"] == "login_required"


async def test_a_use_is_noted_once_a_minute(client: httpx2.AsyncClient, database: Database) -> None:
    await enter(client)
    for age, is_noted in ((timedelta(seconds=50), False), (timedelta(seconds=70), True)):
        used = now() - age
        await database.execute(update(browser_sessions).values(last_used_at=used))
        await asked_silently(client)
        row = await database.fetch_one(select(browser_sessions.c.last_used_at))
        assert row
        assert (row["last_used_at"] > used) is is_noted


async def test_the_cookie_is_new_at_every_sign_in_and_none_that_was_planted_is_taken(
    client: httpx2.AsyncClient, database: Database
) -> None:
    planted = "A" * 43
    client.cookies.set(COOKIE, planted, domain="localhost.local", path="/")
    request = portal(prompt="login")
    seen, kept = {planted}, ""
    for _ in range(2):
        page = await client.get("/authorize", params=request)
        form = {"form_token": form_token_in(page), "answer": "allow"}
        credentials = {"username": DEMO.username, "password": DEMO.password}
        await client.post("/authorize", params=request, data={**form, **credentials})
        kept = client.cookies[COOKIE]
        assert kept not in seen
        seen.add(kept)
    (row,) = await database.fetch_all(select(browser_sessions.c.digest).limit(9))
    assert row["digest"] == digest_of(kept)
    for old in seen - {kept}:
        forget_browser_session(client)
        client.cookies.set(COOKIE, old, domain="localhost.local", path="/")
        assert (await asked_silently(client))["error"] == "login_required"


async def test_a_sign_in_again_keeps_the_tokens_and_somebody_else_s_ends_them(
    client: httpx2.AsyncClient, container: Container
) -> None:
    await enter(client)
    jti = parts_of((await tokens_of_portal(client))["access_token"])[1]["jti"]
    for person, is_over in ((DEMO, False), (ADMIN, True)):
        request = portal(prompt="select_account")
        page = await client.get("/authorize", params=request)
        form = {"form_token": form_token_in(page), "answer": "allow"}
        credentials = {"username": person.username, "password": person.password}
        await client.post("/authorize", params=request, data={**form, **credentials})
        assert await container.revocation.is_revoked(jti) is is_over


@pytest.mark.parametrize(
    ("headers", "name", "path"),
    [
        ({}, "gatehouse-session", "/"),
        (HTTPS, "__Host-gatehouse-session", "/"),
        ({"X-Forwarded-Prefix": "/outer"}, "gatehouse-session", "/outer"),
        ({"X-Forwarded-Prefix": "/outer/auth"}, "gatehouse-session", "/outer"),
        ({**HTTPS, "X-Forwarded-Prefix": "/a/b"}, "__Secure-gatehouse-session", "/a/b"),
    ],
)
async def test_the_cookie_belongs_to_the_stack_and_to_nobody_else(
    client: httpx2.AsyncClient, headers: dict[str, str], name: str, path: str
) -> None:
    request = portal()
    page = await client.get("/authorize", params=request, headers=headers)
    set_by_page = page.headers["Set-Cookie"].partition(";")[0]
    form = {"form_token": form_token_in(page), "username": DEMO.username, "answer": "allow"}
    answer = await client.post(
        "/authorize",
        params=request,
        data={**form, "password": DEMO.password},
        headers={**headers, "Cookie": set_by_page},
    )
    first, *attributes = cookie_in(answer).split("; ")
    assert first.partition("=")[0] == name
    expected = {"HttpOnly", f"Path={path}", "SameSite=lax"}
    assert set(attributes) == expected | ({"Secure"} if name.startswith("__") else set())

    sent = {**headers, "Cookie": f"{name}={'B' * 43}; {first}"}
    silent = await client.get("/authorize", params=portal(prompt="none"), headers=sent)
    assert "code" in answer_in(silent, "../?")


async def test_where_the_public_url_has_a_path_the_cookie_has_it_too(database_url: str) -> None:
    settings = settings_for(database_url, public_url="http://localhost:8080/outer")
    async with running(create_app(settings), base_url=URL) as client:
        page = await client.get("/authorize", params=portal())
        form = {"form_token": form_token_in(page), "username": DEMO.username, "answer": "allow"}
        answer = await client.post(
            "/authorize", params=portal(), data={**form, "password": DEMO.password}
        )
        assert "Path=/outer;" in cookie_in(answer)


async def test_prompt_and_max_age_ask_for_the_password_again(
    client: httpx2.AsyncClient, database: Database
) -> None:
    await enter(client)
    for changes in ({"prompt": "login"}, {"prompt": "select_account"}, {"max_age": "0"}):
        await database.execute(
            update(browser_sessions).values(signed_in_at=now() - timedelta(seconds=10))
        )
        page = await client.get("/authorize", params=portal(**changes))
        assert 'name="password"' in page.text
        assert f'value="{DEMO.username}"' in page.text  # who was signed in last
    assert "code" in await asked_silently(client, max_age="60")
    assert (await asked_silently(client, max_age="5"))["error"] == "login_required"
    page = await client.get("/authorize", params=portal(prompt="login", login_hint="ada"))
    assert 'value="ada"' in page.text


@pytest.mark.parametrize(
    "changes", [{"prompt": "none login"}, {"prompt": "more"}, {"max_age": "-1"}, {"max_age": "x"}]
)
async def test_a_prompt_that_means_nothing_is_refused(
    client: httpx2.AsyncClient, changes: dict[str, str]
) -> None:
    answer = await client.get("/authorize", params=portal(**changes))
    assert answer_in(answer, "../?")["error"] == "invalid_request"


async def test_a_silent_request_for_what_the_user_may_not_have_says_so(
    client: httpx2.AsyncClient,
) -> None:
    await enter(client)
    assert (await asked_silently(client, scope="auth:admin"))["error"] == "invalid_scope"


async def test_the_code_says_when_and_how_the_person_signed_in(
    client: httpx2.AsyncClient, database: Database
) -> None:
    await enter(client)
    await asked_silently(client)
    row = await database.fetch_one(select(browser_sessions))
    codes = await database.fetch_all(select(authorization_codes).limit(9))
    assert row
    assert len(codes) == 2
    for code in codes:
        assert (code["signed_in_at"], code["amr"]) == (row["signed_in_at"], "pwd")


async def test_a_code_of_the_portal_that_is_used_again_revokes_its_token_alone(
    client: httpx2.AsyncClient, container: Container
) -> None:
    await enter(client)
    code = (await asked_silently(client))["code"]
    first = (await redeem(client, code, GATEHOUSE, redirect_uri="")).json()
    other = await tokens_of_portal(client)
    again = await redeem(client, code, GATEHOUSE, redirect_uri="")
    assert refused(again) == (400, "invalid_grant")
    for tokens, is_over in ((first, True), (other, False)):
        jti = parts_of(tokens["access_token"])[1]["jti"]
        assert await container.revocation.is_revoked(jti) is is_over


async def test_another_site_can_neither_sign_a_person_out_nor_consent_for_them(
    client: httpx2.AsyncClient,
) -> None:
    shop = await register(client, WEB)
    await enter(client)
    session = client.cookies[COOKIE]
    foreign = {"Sec-Fetch-Site": "cross-site", "Origin": "https://evil.example"}
    assert (await client.post("/sign-out", headers=foreign)).status_code == 403
    assert "Sign out" in (await client.get("/sign-out")).text
    request = request_of(shop)
    page = await client.get("/authorize", params=request)
    form = {"form": "consent", "form_token": form_token_in(page), "answer": "allow"}
    for changes, headers in (
        ({"form_token": "0" * 64}, {}),
        ({"form_token": ""}, {}),
        ({}, foreign),
        ({}, {"Cookie": f"{COOKIE}={session}"}),
    ):
        answer = await client.post(
            "/authorize", params=request, data={**form, **changes}, headers=headers
        )
        assert answer.status_code == 403
        assert "Location" not in answer.headers
    # A page that was shown to one person is no consent of another.
    await sign_in_form(client, request)
    answer = await allow(client, portal(), ADMIN)
    assert (await client.post("/authorize", params=request, data=form)).status_code == 403


@on_both_databases
async def test_sessions_are_kept_as_long_as_they_last(
    client: httpx2.AsyncClient, database: Database, container: Container
) -> None:
    await enter(client)
    long_ago = now() - timedelta(days=2)
    await database.execute(update(sessions).values(created_at=long_ago))
    await container.sessions.purge_expired(100)
    assert "code" in await asked_silently(client)
    await database.execute(update(browser_sessions).values(last_used_at=long_ago))
    await container.sessions.purge_expired(100)
    assert await database.fetch_all(select(browser_sessions.c.digest).limit(9)) == []


async def test_the_answer_of_the_portal_is_relative_and_needs_no_verifier_of_its_own_kind(
    client: httpx2.AsyncClient,
) -> None:
    await enter(client)
    location = (await client.get("/authorize", params=portal())).headers["Location"]
    assert urlsplit(location).path == "../"
    code = (await asked_silently(client))["code"]
    wrong = await redeem(client, code, GATEHOUSE, redirect_uri="", code_verifier=VERIFIER + "x")
    assert refused(wrong) == (400, "invalid_grant")
