"""What a proxy is told that asks `/auth/verify` about a request, and the way to the sign-in page and back."""

from typing import Any
from urllib.parse import parse_qs, urljoin, urlsplit

import httpx2
import pytest
from fastapi import FastAPI

from auth_service.forward_auth.addresses import returnable, way_back
from testing.apps import STRANGER, client_of
from tests.auth_service.authorization import code_for, form_token_in, redeem, request_of
from tests.auth_service.people import (
    ADMIN,
    DEMO,
    OWN_ACCOUNT,
    URL,
    Person,
    bearer,
    header_of,
    make_user,
    sign_in,
)
from tests.auth_service.registered_clients import SERVICE, WEB, register

BROWSER = {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8", "Sec-Fetch-Mode": "navigate"}
READER = {"require": "items:read"}


def asking(target: str = "/dash/x?y=1&z=%2F", method: str = "GET", **more: str) -> dict[str, str]:
    """What a proxy says of a browser's request."""
    return {**BROWSER, "X-Forwarded-Uri": target, "X-Forwarded-Method": method, **more}


async def enter(
    client: httpx2.AsyncClient,
    person: Person = DEMO,
    return_to: str = "/dash/",
    headers: dict[str, str] | None = None,
) -> httpx2.Response:
    """The answer to a person who signs in on the page without an application."""
    query = {"return_to": return_to}
    page = await client.get("/sign-in", params=query, headers=headers)
    form = {"form_token": form_token_in(page), "answer": "allow"}
    form |= {"username": person.username, "password": person.password}
    return await client.post("/sign-in", params=query, data=form, headers=headers)


async def test_a_browser_is_sent_to_sign_in_and_back_to_exactly_where_it_wanted_to_go(
    client: httpx2.AsyncClient,
) -> None:
    asked = "http://localhost:8080/outer/dash/a%20b/?y=1&z=%2F&q=a+b"
    target = asked.removeprefix("http://localhost:8080/outer")
    refused = await client.get("/verify", params=READER, headers=asking(target))
    assert refused.status_code == 303
    # Relative, so also right under /outer, of which nobody has told.
    sign_in_page = urljoin(asked, refused.headers["Location"])
    assert sign_in_page.startswith("http://localhost:8080/outer/auth/sign-in?return_to=")
    [return_to] = parse_qs(urlsplit(sign_in_page).query)["return_to"]

    entered = await enter(client, return_to=return_to)
    assert entered.status_code == 303
    assert urljoin(sign_in_page, entered.headers["Location"]) == asked

    answer = await client.get("/verify", params=READER, headers=asking(target))
    assert answer.status_code == 200
    told = {name: value for name, value in answer.headers.items() if name.startswith("remote-")}
    assert told == {
        "remote-user": "demo",
        "remote-groups": "user",
        "remote-scopes": "auth:account auth:profile items:read items:write",
    }
    assert answer.headers["Cache-Control"] == "no-store"


async def test_under_an_announced_prefix_the_way_is_the_same(client: httpx2.AsyncClient) -> None:
    for target in ("/dash/x", "/outer/dash/x"):
        headers = asking(target, **{"X-Forwarded-Prefix": "/outer"})
        location = (await client.get("/verify", headers=headers)).headers["Location"]
        assert location == "../auth/sign-in?return_to=/dash/x"
    entered = await enter(client, return_to="/dash/x", headers={"X-Forwarded-Prefix": "/outer"})
    assert entered.headers["Location"] == "../dash/x"
    assert "Path=/outer;" in entered.headers["Set-Cookie"]


async def test_a_program_gets_the_challenge_and_no_page(
    shared_client: httpx2.AsyncClient,
) -> None:
    for changes in (
        {"Accept": "application/json"},
        {"Accept": "*/*"},
        {"Sec-Fetch-Mode": "cors"},
        {"X-Forwarded-Method": "POST"},
        {"X-Forwarded-Uri": "*"},
        {"X-Forwarded-Uri": "http://evil.example/dash/"},
        {"X-Forwarded-Uri": ""},
    ):
        answer = await shared_client.get("/verify", headers={**asking(), **changes})
        assert answer.status_code == 401, changes
        assert answer.headers["WWW-Authenticate"].startswith("Bearer")


async def test_a_proxy_that_takes_no_redirect_leaves_the_target_out(
    shared_client: httpx2.AsyncClient,
) -> None:
    assert (await shared_client.get("/verify", headers=BROWSER)).status_code == 401


async def test_the_target_is_believed_from_trusted_proxies_alone(app: FastAPI) -> None:
    async with client_of(app, URL, STRANGER) as stranger:
        assert (await stranger.get("/verify", headers=asking())).status_code == 401


async def test_a_token_passes_with_its_scopes_and_for_its_services_alone(
    client: httpx2.AsyncClient,
) -> None:
    reader = header_of(await sign_in(client, scope="items:read"))
    profile = header_of(await sign_in(client, scope="auth:profile"))
    for headers, require, status in (
        (reader, "items:read", 200),
        (reader, "items:read,user", 200),
        (reader, "items:read items:write", 403),
        (reader, "items:read admin", 403),
        # A service that a token was made for must be able to do nothing else with it.
        (reader, "", 401),
        (profile, "", 200),
        (profile, "user", 200),
        (profile, "items:read", 401),
        ({"Authorization": "Bearer x"}, "", 401),
    ):
        answer = await client.get("/verify", params={"require": require}, headers=headers)
        assert answer.status_code == status, (require, answer.text)
    assert answer.headers["WWW-Authenticate"].startswith('Bearer error="invalid_token"')


async def test_an_application_has_neither_the_roles_nor_the_presence_of_the_person(
    client: httpx2.AsyncClient,
) -> None:
    shop = await register(client, {**WEB, "scopes": ["openid", "items:read"]})
    for scope, require, status in (
        ("openid", "", 403),
        ("openid", "user", 403),
        ("openid", "admin", 403),
        ("items:read", "items:read,admin", 403),
        ("items:read", "items:read", 200),
    ):
        code = await code_for(client, request_of(shop, scope=scope), ADMIN)
        headers = header_of((await redeem(client, code, shop)).json())
        answer = await client.get("/verify", params={"require": require}, headers=headers)
        assert answer.status_code == status, (scope, require, answer.text)


async def test_a_client_s_own_token_names_no_user(client: httpx2.AsyncClient) -> None:
    made = await register(client, SERVICE)
    form = {"grant_type": "client_credentials", "scope": "items:read"}
    credentials = {name: made[name] for name in ("client_id", "client_secret")}
    tokens = (await client.post("/token", data={**form, **credentials})).json()
    answer = await client.get("/verify", params=READER, headers=header_of(tokens))
    assert answer.status_code == 200
    told = {name: value for name, value in answer.headers.items() if name.startswith("remote-")}
    assert told == {"remote-client": made["client_id"], "remote-scopes": "items:read"}
    for_people = {"require": ["items:read", "user"]}
    refused = await client.get("/verify", params=for_people, headers=header_of(tokens))
    assert refused.status_code == 403


async def test_who_may_not_is_told_so_on_a_page_whose_links_hold_there(
    client: httpx2.AsyncClient,
) -> None:
    await enter(client)
    answer = await client.get(
        "/verify", params={"require": "auth:admin"}, headers=asking("/dash/deep/x")
    )
    assert answer.status_code == 403
    assert "demo may not open this. Needed: auth:admin." in answer.text
    assert 'href="../../auth/docs/assets/site.css"' in answer.text
    program = {"Accept": "application/json"}
    answer = await client.get("/verify", params={"require": "auth:admin"}, headers=program)
    assert (answer.status_code, answer.json()["code"]) == (403, "insufficient_scope")


async def test_what_ends_a_session_closes_what_is_protected(client: httpx2.AsyncClient) -> None:
    await enter(client)
    assert (await client.get("/verify")).status_code == 200
    await client.post("/sign-out")
    assert (await client.get("/verify")).status_code == 401
    await enter(client)
    headers = await bearer(client)
    own = (await client.get("/users/me", headers=headers)).json()["id"]
    admin = await bearer(client, ADMIN, scope="auth:admin")
    await client.patch(f"/users/{own}", headers=admin, json={"disabled": True})
    for credentials in ({}, headers):
        assert (await client.get("/verify", headers=credentials)).status_code == 401


async def test_names_that_are_not_ascii_are_told_as_utf_8(client: httpx2.AsyncClient) -> None:
    person = Person("Žofie", "another-heron-counts-5-boats")
    await make_user(client, person, email="zofie@example.com")
    await enter(client, person)
    answer = await client.get("/verify")
    raw = dict(answer.headers.raw)
    assert raw[b"remote-user"].decode() == "Žofie"
    assert raw[b"remote-email"] == b"zofie@example.com"


async def test_another_site_changes_nothing_in_the_name_of_who_is_signed_in(
    client: httpx2.AsyncClient,
) -> None:
    """Also where the cookie comes along: from another host of the same site."""
    await enter(client)
    own, foreign = "http://localhost:8080", "http://evil.example"
    for headers, status in (
        ({"Sec-Fetch-Site": "same-origin", "X-Forwarded-Method": "POST"}, 200),
        ({"Sec-Fetch-Site": "cross-site", "X-Forwarded-Method": "GET"}, 200),
        ({"Sec-Fetch-Site": "cross-site", "X-Forwarded-Method": "POST"}, 403),
        ({"Sec-Fetch-Site": "same-site", "X-Forwarded-Method": "DELETE"}, 403),
        ({"Origin": foreign, "X-Forwarded-Method": "POST"}, 403),
        ({"Origin": own, "X-Forwarded-Method": "POST"}, 200),
        ({"Origin": foreign, "Sec-WebSocket-Key": "eA=="}, 403),
        ({"Origin": own, "Sec-WebSocket-Key": "eA=="}, 200),
    ):
        asked = {"X-Forwarded-Uri": "/dash/", **headers}
        answer = await client.get("/verify", headers=asked)
        assert answer.status_code == status, headers


async def test_envoy_asks_with_the_method_and_the_target_of_the_request(
    client: httpx2.AsyncClient,
) -> None:
    """Its query is the client's, so what is required stands in the path."""
    path, query = "/verify/items:read,auth:admin/dash/x", {"require": "user", "y": "1"}
    way = "../auth/sign-in?return_to=/dash/x%3Frequire%3Duser%26y%3D1"
    methods = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]
    for method in methods:
        answer = await client.request(method, path, params=query, headers=BROWSER)
        opens_page = method in ("GET", "HEAD")
        assert answer.status_code == (303 if opens_page else 401)
        assert answer.headers.get("Location") == (way if opens_page else None)
    assert (await client.request("TRACE", path)).status_code == 405
    for person, status in ((DEMO, 403), (ADMIN, 200)):
        await enter(client, person)
        for method in methods:
            answer = await client.request(method, path, params=query)
            assert answer.status_code == status
        await client.post("/sign-out")


FORGED = [
    [("Authorization", "Bearer {0}"), ("Authorization", "Bearer {0}")],
    [("Authorization", "Basic ZGVtbzpkZW1v"), ("Authorization", "Bearer {0}")],
    [("Authorization", "Bearer {0}, Bearer {0}")],
    [("Authorization", "Bearer\t{0}")],
    [("Authorization", "Bearer {0}x")],
    [("Authorization", "{0}")],
    [("Authorization_", "Bearer {0}")],
    [("Proxy-Authorization", "Bearer {0}")],
    [("X-Authorization", "Bearer {0}")],
    [("Remote-User", "admin")],
    [("Remote_User", "admin")],
    [("X-Forwarded-User", "admin")],
    [("X-HTTP-Method-Override", "OPTIONS")],
    [("Cookie", "gatehouse-session=")],
    [("Cookie", f"gatehouse-session={'A' * 43}")],
    [("Cookie", "gatehouse-session={0}")],
    [("Cookie", "__Host-gatehouse-session={1}")],
    [("Cookie", "__Secure-gatehouse-session={1}")],
    [("Cookie", 'gatehouse-session="{1}"')],
    [("Cookie", "gatehouse-sign-in={1}")],
    [("Cookie", "GATEHOUSE-SESSION={1}")],
    [("X-Cookie", "gatehouse-session={1}")],
]


async def test_a_forged_request_is_not_let_pass(client: httpx2.AsyncClient) -> None:
    token = (await sign_in(client, scope=OWN_ACCOUNT))["access_token"]
    await enter(client)
    cookie = client.cookies["gatehouse-session"]
    client.cookies.clear()
    rights = [("Authorization", f"Bearer {token}")], [("Cookie", f"gatehouse-session={cookie}")]
    for right in rights:
        assert (await client.get("/verify", headers=right)).status_code == 200
    for headers in FORGED:
        sent = [(name, value.format(token, cookie)) for name, value in headers]
        answer = await client.get("/verify", headers=sent)
        assert answer.status_code == 401, headers


ELSEWHERE = [
    "https://evil.example/",
    "//evil.example/",
    "///evil.example/",
    "/\\evil.example/",
    "\\\\evil.example",
    "/\t/evil.example",
    "/\n/evil.example",
    "\t//evil.example",
    " //evil.example",
    "javascript:alert(1)",
    "evil.example",
    "?x",
    "#x",
    "@evil.example",
    "/../other/",
    "/dash/../../other/",
    "/dash/%2e%2e/%2E%2e/other/",
    "/.%2e/other",
    "/dash/..",
    "/dash\x00",
    "/dash/\x85",
    "/d\u00e4sh/",
    "/dash/#x",
    "/" + "x" * 4001,
    "",
]


@pytest.mark.parametrize("address", ELSEWHERE, ids=ascii)
def test_nobody_is_returned_to_what_is_not_of_this_deployment(address: str) -> None:
    for base in ("http://localhost:8080/auth/sign-in", "http://localhost:8080/outer/auth/sign-in"):
        start = base.removesuffix("auth/sign-in")
        assert urljoin(base, way_back(address, "/auth")) == start


async def test_the_page_returns_nobody_to_what_is_not_of_this_deployment(
    client: httpx2.AsyncClient,
) -> None:
    for address in ELSEWHERE[:3]:
        assert (await enter(client, return_to=address)).headers["Location"] == "../"
        page = await client.get("/sign-in", params={"return_to": address})
        assert 'href="../"' in page.text
        client.cookies.clear()


@pytest.mark.parametrize(
    "address",
    ["/", "/dash/", "/dash/a:b//c?x=http://e.example/../&y", "/auth/x", "/...", "/a;b=../c"],
)
def test_an_address_of_this_deployment_is_returned_to(address: str) -> None:
    assert returnable(address) == address


async def test_a_form_that_was_not_shown_here_signs_nobody_in(client: httpx2.AsyncClient) -> None:
    page = await client.get("/sign-in", params={"return_to": "/dash/"})
    form: dict[str, Any] = {"form_token": form_token_in(page), "username": DEMO.username}
    form |= {"password": DEMO.password, "answer": "allow"}
    for query, changes, headers in (
        ({"return_to": "/other/"}, {}, {}),
        ({"return_to": "/dash/"}, {"form_token": ""}, {}),
        ({"return_to": "/dash/"}, {}, {"Sec-Fetch-Site": "cross-site"}),
    ):
        answer = await client.post(
            "/sign-in", params=query, data={**form, **changes}, headers=headers
        )
        assert answer.status_code == 403
        assert "gatehouse-session" not in answer.headers.get("Set-Cookie", "")


async def test_a_wrong_password_shows_the_form_again_and_cancel_leads_to_the_start(
    client: httpx2.AsyncClient,
) -> None:
    page = await client.get("/sign-in", params={"return_to": "/dash/"})
    form = {"form_token": form_token_in(page), "username": DEMO.username, "password": "wrong"}
    answer = await client.post("/sign-in", params={"return_to": "/dash/"}, data=form)
    assert answer.status_code == 400
    assert "The user name or the password is wrong." in answer.text
    cancelled = await client.post("/sign-in", data={**form, "answer": "deny"})
    assert cancelled.headers["Location"] == "../"


async def test_who_is_signed_in_is_not_asked_again_and_not_sent_in_a_circle(
    client: httpx2.AsyncClient,
) -> None:
    await enter(client)
    page = await client.get("/sign-in", params={"return_to": "/dash/x"})
    assert 'href="../dash/x"' in page.text
    assert 'type="password"' not in page.text
