"""`/auth/logout`: RP-initiated logout (OpenID Connect RP-Initiated Logout 1.0)."""

from typing import Any
from urllib.parse import parse_qsl, urlsplit

import httpx2
import pytest

from tests.auth_service.authorization import answer_in, code_for, redeem, request_of
from tests.auth_service.databases import on_both_databases
from tests.auth_service.oauth.test_openid import DASHBOARD
from tests.auth_service.people import ADMIN, refresh
from tests.auth_service.registered_clients import register

AFTER = "https://shop.example/signed-out?from=gatehouse"


@pytest.fixture
async def dashboard(client: httpx2.AsyncClient) -> dict[str, Any]:
    return await register(client, {**DASHBOARD, "post_logout_redirect_uris": [AFTER]})


async def signed_in(client: httpx2.AsyncClient, of: dict[str, Any]) -> dict[str, Any]:
    code = await code_for(client, request_of(of, scope="openid offline_access"))
    tokens: dict[str, Any] = (await redeem(client, code, of)).json()
    return tokens


async def is_signed_in(client: httpx2.AsyncClient, at: dict[str, Any]) -> bool:
    silent = request_of(at, scope="openid", prompt="none")
    return "code" in answer_in(await client.get("/authorize", params=silent))


def gone_to(answer: httpx2.Response) -> dict[str, str]:
    assert answer.status_code == 303, answer.text
    location = answer.headers["Location"]
    assert location.startswith(AFTER)
    return dict(parse_qsl(urlsplit(location).query))


@on_both_databases
async def test_an_application_signs_its_user_out_everywhere(
    client: httpx2.AsyncClient, dashboard: dict[str, Any]
) -> None:
    tokens = await signed_in(client, dashboard)
    request = {
        "id_token_hint": tokens["id_token"],
        "post_logout_redirect_uri": AFTER,
        "state": "a & b",
        "client_id": dashboard["client_id"],
    }
    answer = await client.get("/logout", params=request)
    assert gone_to(answer) == {"from": "gatehouse", "state": "a & b"}
    assert not await is_signed_in(client, dashboard)
    own = {name: dashboard[name] for name in ("client_id", "client_secret")}
    about = {"token": tokens["access_token"], **own}
    assert (await client.post("/introspect", data=about)).json() == {"active": False}
    assert (await refresh(client, tokens["refresh_token"], **own)).status_code == 400
    # Nobody is signed in any more, and the application is told so all the same.
    assert gone_to(await client.get("/logout", params=request))["state"] == "a & b"


async def test_without_state_none_comes_back_and_without_address_the_browser_stays(
    client: httpx2.AsyncClient, dashboard: dict[str, Any]
) -> None:
    hint = (await signed_in(client, dashboard))["id_token"]
    request = {"id_token_hint": hint, "post_logout_redirect_uri": AFTER}
    assert gone_to(await client.get("/logout", params=request)) == {"from": "gatehouse"}
    hint = (await signed_in(client, dashboard))["id_token"]
    page = await client.get("/logout", params={"id_token_hint": hint, "state": "x"})
    assert (page.status_code, "You are signed out" in page.text) == (200, True)
    assert not await is_signed_in(client, dashboard)


async def test_who_cannot_show_an_id_token_has_the_person_asked(
    client: httpx2.AsyncClient, dashboard: dict[str, Any]
) -> None:
    hint = (await signed_in(client, dashboard))["id_token"]
    other = await register(client, {**DASHBOARD, "post_logout_redirect_uris": [AFTER]})
    unsigned = f"eyJhbGciOiJub25lIiwidHlwIjoiSldUIn0.{hint.split('.')[1]}."
    asked: list[tuple[dict[str, str], bool]] = [
        ({}, False),
        ({"post_logout_redirect_uri": AFTER}, False),
        ({"id_token_hint": hint, "post_logout_redirect_uri": f"{AFTER}&more=1"}, False),
        ({"id_token_hint": unsigned, "post_logout_redirect_uri": AFTER}, False),
        ({"id_token_hint": f"{hint[:-4]}AAAA", "post_logout_redirect_uri": AFTER}, False),
        ({"id_token_hint": "x" * 5000, "post_logout_redirect_uri": AFTER}, False),
        (
            {
                "id_token_hint": hint,
                "client_id": other["client_id"],
                "post_logout_redirect_uri": AFTER,
            },
            False,
        ),
        ({"client_id": dashboard["client_id"], "post_logout_redirect_uri": AFTER}, True),
    ]
    for request, _ in asked:
        page = await client.get("/logout", params=request)
        assert (page.status_code, "<form" in page.text) == (200, True), request
        assert await is_signed_in(client, dashboard), request
    for request, comes_back in asked[-2:]:
        answer = await client.post("/logout", params=request, data={"answer": "sign-out"})
        assert (answer.status_code == 303) is comes_back, request
        assert not await is_signed_in(client, dashboard), request
        await signed_in(client, dashboard)


async def test_an_id_token_of_another_user_signs_nobody_out_unasked(
    client: httpx2.AsyncClient, dashboard: dict[str, Any]
) -> None:
    hint = (await signed_in(client, dashboard))["id_token"]
    await code_for(client, request_of(dashboard, scope="openid"), ADMIN)
    page = await client.get("/logout", params={"id_token_hint": hint})
    assert "Dashboard" in page.text
    assert "<form" in page.text
    assert await is_signed_in(client, dashboard)


async def test_no_other_site_signs_anybody_out(
    client: httpx2.AsyncClient, dashboard: dict[str, Any]
) -> None:
    await signed_in(client, dashboard)
    cross_site = {"Sec-Fetch-Site": "cross-site", "Origin": "https://evil.example"}
    answer = await client.post("/logout", data={"answer": "sign-out"}, headers=cross_site)
    assert answer.status_code == 403
    assert await is_signed_in(client, dashboard)


async def test_a_request_may_be_posted(
    client: httpx2.AsyncClient, dashboard: dict[str, Any]
) -> None:
    hint = (await signed_in(client, dashboard))["id_token"]
    request = {"id_token_hint": hint, "post_logout_redirect_uri": AFTER, "state": "x"}
    cross_site = {"Sec-Fetch-Site": "cross-site", "Origin": "https://shop.example"}
    answer = await client.post("/logout", data=request, headers=cross_site)
    assert answer.status_code == 303
    location = answer.headers["Location"]
    assert location.startswith("logout?")
    assert gone_to(await client.get(f"/{location}"))["state"] == "x"


async def test_what_cannot_be_read_is_told_on_a_page(client: httpx2.AsyncClient) -> None:
    for answer in (
        await client.get("/logout?state=1&state=2"),
        await client.post("/logout", content=b"\xff"),
    ):
        assert answer.status_code == 400
        assert answer.headers["Content-Type"].startswith("text/html")
