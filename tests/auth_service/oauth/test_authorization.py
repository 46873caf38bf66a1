"""`/auth/authorize`: the request, the page, and where the answer goes (RFC 6749 section 4.1, RFC 9207)."""

import re
from typing import Any
from urllib.parse import urlencode

import httpx2
import pytest

from auth_service.main import create_app
from testing.apps import running
from tests.auth_service.authorization import (
    REDIRECT_URI,
    allow,
    answer_in,
    code_for,
    form_token_in,
    redeem,
    request_of,
    sign_in_form,
)
from tests.auth_service.databases import on_both_databases, settings_for
from tests.auth_service.oauth.test_token_endpoint import parts_of
from tests.auth_service.people import ADMIN, DEMO, URL, Person, bearer, refresh, refused
from tests.auth_service.registered_clients import SERVICE, WEB, register


@pytest.fixture
async def web(client: httpx2.AsyncClient) -> dict[str, Any]:
    return await register(client, WEB)


@on_both_databases
async def test_a_person_signs_in_and_the_application_gets_tokens(
    client: httpx2.AsyncClient, web: dict[str, Any]
) -> None:
    answer = answer_in(await allow(client, request_of(web, scope="items:read")))
    assert answer.pop("state") == "a state & more"
    assert answer.pop("from") == "gatehouse"  # the redirect URI's own query stays
    tokens = await redeem(client, answer.pop("code"), web)
    assert answer == {}
    assert tokens.status_code == 200, tokens.text
    claims = parts_of(tokens.json()["access_token"])[1]
    assert claims["client_id"] == web["client_id"]
    assert claims["scope"] == tokens.json()["scope"] == "items:read"
    me = (await client.get("/users/me", headers=await bearer(client))).json()
    assert (claims["sub"], me["username"]) == (me["id"], DEMO.username)


async def test_the_page_runs_the_sites_own_scripts_alone_and_is_kept_by_nobody(
    client: httpx2.AsyncClient, web: dict[str, Any]
) -> None:
    page = await client.get("/authorize", params=request_of(web))
    policy = page.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "form-action 'self' https://shop.example;" in policy
    assert page.headers["Cache-Control"] == "no-store"
    assert page.headers["Referrer-Policy"] == "no-referrer"
    assert "script-src 'self';" in policy
    assert re.findall(r"<script[^>]*>(.+?)</script>", page.text) == []
    assert "action=" not in page.text  # the form goes to the page's own address, whatever that is
    cookie = page.headers["Set-Cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=lax" in cookie
    assert "path" not in cookie.lower()  # the browser's default is right under every prefix


async def test_over_https_no_other_host_and_no_http_can_set_the_cookie(
    client: httpx2.AsyncClient, web: dict[str, Any]
) -> None:
    request, https = request_of(web), {"X-Forwarded-Proto": "https"}
    page = await client.get("/authorize", params=request, headers=https)
    name, _, attributes = page.headers["Set-Cookie"].partition("=")
    assert name == "__Host-gatehouse-sign-in"
    # What a browser asks of such a name.
    assert "Secure" in attributes
    assert "Path=/;" in attributes
    assert "Domain" not in attributes

    form = {"form_token": form_token_in(page), "username": DEMO.username, "password": DEMO.password}
    value = attributes.partition(";")[0]
    for cookie, status in ((f"gatehouse-sign-in={value}", 403), (f"{name}={value}", 303)):
        client.cookies.clear()
        answer = await client.post(
            "/authorize", params=request, data=form, headers={**https, "Cookie": cookie}
        )
        assert answer.status_code == status


async def test_the_page_says_who_asks_for_what(
    client: httpx2.AsyncClient,
) -> None:
    web = await register(client, {**WEB, "name": "<b>Shop</b>"})
    page = await client.get("/authorize", params=request_of(web, scope="items:read"))
    assert "&lt;b&gt;Shop&lt;/b&gt;" in page.text
    assert "Read your items" in page.text
    assert "change and delete" not in page.text


@pytest.mark.parametrize(
    "changes",
    [
        {"client_id": ""},
        {"client_id": "client-0000000000000000"},
        {"client_id": "client-\x1f"},
        {"redirect_uri": "https://evil.example/"},
        {"redirect_uri": f"{REDIRECT_URI}&more=1"},
        {"redirect_uri": REDIRECT_URI.partition("?")[0]},
        {"redirect_uri": REDIRECT_URI.upper()},
        {"redirect_uri": "http://[", "client_id": "gatehouse"},
        {"redirect_uri": "https://evil.example/docs/oauth2-redirect", "client_id": "gatehouse"},
        {"redirect_uri": "http://localhost:8080/", "client_id": "gatehouse"},
        {"redirect_uri": "http://localhost:8080/docs/oauth2-redirect?x", "client_id": "gatehouse"},
        {
            "redirect_uri": "http://localhost:8080@evil/docs/oauth2-redirect",
            "client_id": "gatehouse",
        },
        {
            "redirect_uri": "javascript://localhost:8080/docs/oauth2-redirect",
            "client_id": "gatehouse",
        },
    ],
)
async def test_nobody_is_sent_to_an_address_that_is_not_registered(
    client: httpx2.AsyncClient, web: dict[str, Any], changes: dict[str, str]
) -> None:
    for method in ("GET", "POST"):
        answer = await client.request(method, "/authorize", params=request_of(web, **changes))
        assert answer.status_code == 400
        assert answer.headers["Content-Type"].startswith("text/html")
        assert "Location" not in answer.headers
        assert "<form" not in answer.text


async def test_a_parameter_that_comes_twice_is_told_to_the_person_only(
    client: httpx2.AsyncClient, web: dict[str, Any]
) -> None:
    query = urlencode(request_of(web))
    for more in ("state=2", "redirect_uri=https://evil.example", "unknown=1&unknown=2"):
        answer = await client.get(f"/authorize?{query}&{more}")
        assert answer.status_code == 400
        assert "Location" not in answer.headers


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"response_type": ""}, "invalid_request"),
        ({"response_type": "token"}, "unsupported_response_type"),
        ({"response_type": "code token"}, "unsupported_response_type"),
        ({"response_mode": "fragment"}, "invalid_request"),
        ({"code_challenge": ""}, "invalid_request"),
        ({"code_challenge": "x" * 42}, "invalid_request"),
        ({"code_challenge_method": ""}, "invalid_request"),
        ({"code_challenge_method": "plain"}, "invalid_request"),
        ({"scope": "auth:admin"}, "invalid_scope"),
        ({"scope": "items:read nothing"}, "invalid_scope"),
        ({"scope": " "}, "invalid_scope"),
        ({"resource": "https://elsewhere.example/items"}, "invalid_target"),
        ({"resource": "http://localhost:8080/auth"}, "invalid_target"),
    ],
)
async def test_the_application_is_told_what_is_wrong_with_its_request(
    client: httpx2.AsyncClient, web: dict[str, Any], changes: dict[str, str], error: str
) -> None:
    answer = answer_in(await client.get("/authorize", params=request_of(web, **changes)))
    assert (answer["error"], answer["state"]) == (error, "a state & more")
    assert "code" not in answer


async def test_a_client_without_the_grant_gets_no_code(client: httpx2.AsyncClient) -> None:
    service = await register(client, SERVICE)
    answer = await client.get("/authorize", params=request_of(service))
    assert answer.status_code == 400


async def test_without_a_state_none_is_sent_back(
    client: httpx2.AsyncClient, web: dict[str, Any]
) -> None:
    assert "state" not in answer_in(await allow(client, request_of(web, state="")))


async def test_a_person_who_says_no_is_not_signed_in(
    client: httpx2.AsyncClient, web: dict[str, Any]
) -> None:
    request = request_of(web)
    form = {**await sign_in_form(client, request), "answer": "deny"}
    refusal = await client.post("/authorize", params=request, data=form)
    answer = answer_in(refusal)
    assert answer["error"] == "access_denied"
    assert "+" not in refusal.headers["Location"]  # what decodes as scripts do would show it
    assert answer["error_description"] == "The resource owner denied the request."


@pytest.mark.parametrize(
    "person", [Person(DEMO.username, "wrong"), Person("nobody", "wrong"), Person("", "")]
)
async def test_a_mistaken_person_may_try_again(
    client: httpx2.AsyncClient, web: dict[str, Any], person: Person
) -> None:
    request = request_of(web)
    answer = await allow(client, request, person)
    assert answer.status_code == 400
    assert "The user name or the password is wrong." in answer.text
    again = {
        "form_token": form_token_in(answer),
        "username": DEMO.username,
        "password": DEMO.password,
    }
    assert "code" in answer_in(await client.post("/authorize", params=request, data=again))


async def test_what_a_person_typed_is_text_and_never_markup(
    client: httpx2.AsyncClient, web: dict[str, Any]
) -> None:
    answer = await allow(client, request_of(web), Person('"><script>alert(1)</script>', "x"))
    assert "<script>" not in answer.text


async def test_a_user_cannot_allow_what_only_administrators_may(
    client: httpx2.AsyncClient,
) -> None:
    page = "http://localhost:8080/docs/oauth2-redirect"
    request = request_of({"client_id": "gatehouse"}, redirect_uri=page, scope="auth:admin")
    location = "../docs/oauth2-redirect"
    assert answer_in(await allow(client, request), location)["error"] == "invalid_scope"
    assert "code" in answer_in(await allow(client, request, ADMIN), location)


async def test_a_form_without_its_token_or_cookie_signs_nobody_in(
    client: httpx2.AsyncClient, web: dict[str, Any]
) -> None:
    request = request_of(web)
    form = await sign_in_form(client, request)
    others = await sign_in_form(client, request_of(web, state="another"))
    cookie = {"Cookie": f"gatehouse-sign-in={client.cookies['gatehouse-sign-in']}"}
    hostile: list[tuple[dict[str, str], dict[str, str]]] = [
        ({"form_token": ""}, cookie),
        ({"form_token": "0" * 64}, cookie),
        ({"form_token": "\N{SNOWMAN}"}, cookie),
        ({"form_token": others["form_token"]}, cookie),
        ({}, {**cookie, "Sec-Fetch-Site": "cross-site"}),
        ({}, {**cookie, "Sec-Fetch-Site": "same-site"}),
        ({}, {"Cookie": "gatehouse-sign-in=" + "A" * 43}),
        ({}, {"Cookie": "gatehouse-sign-in=x"}),
        ({}, {}),
    ]
    for changes, headers in hostile:
        client.cookies.clear()
        data = {**form, **changes}
        answer = await client.post("/authorize", params=request, data=data, headers=headers)
        assert answer.status_code == 403
        assert "Location" not in answer.headers
    client.cookies.clear()
    answer = await client.post("/authorize", params=request, data=form, headers=cookie)
    assert answer.status_code == 303


async def test_two_windows_can_sign_in_at_the_same_time(
    client: httpx2.AsyncClient, web: dict[str, Any]
) -> None:
    one, two = request_of(web, state="one"), request_of(web, state="two")
    forms = [await sign_in_form(client, request) for request in (one, two)]
    for request, form in zip((one, two), forms, strict=True):
        answer = answer_in(await client.post("/authorize", params=request, data=form))
        assert answer["state"] == request["state"]


@pytest.mark.parametrize("body", [b"not a form", b"username=a&username=b", b"password=%FF"])
async def test_a_body_that_is_no_form_is_told_to_the_person(
    client: httpx2.AsyncClient, web: dict[str, Any], body: bytes
) -> None:
    for content_type in ("application/x-www-form-urlencoded", "application/json"):
        answer = await client.post(
            "/authorize",
            params=request_of(web),
            content=body,
            headers={"Content-Type": content_type},
        )
        assert answer.status_code in {400, 403}
        assert answer.headers["Content-Type"].startswith("text/html")


@pytest.mark.parametrize(
    ("redirect_uri", "location"),
    [
        ("http://localhost:8080/items/docs/oauth2-redirect", "../items/docs/oauth2-redirect"),
        ("http://localhost:8080/auth/docs/oauth2-redirect", "../auth/docs/oauth2-redirect"),
        ("http://localhost:8080/docs/oauth2-redirect", "../docs/oauth2-redirect"),
        ("http://localhost:8080/outer/docs/oauth2-redirect", "../docs/oauth2-redirect"),
        ("https://localhost:8080/a/b/items/docs/oauth2-redirect", "../items/docs/oauth2-redirect"),
        ("http://localhost:8080/evil//docs/oauth2-redirect", "../docs/oauth2-redirect"),
    ],
)
async def test_the_docs_pages_get_their_code_wherever_this_deployment_is_found(
    client: httpx2.AsyncClient, redirect_uri: str, location: str
) -> None:
    request = request_of({"client_id": "gatehouse"}, redirect_uri=redirect_uri)
    code = answer_in(await allow(client, request), location)["code"]
    tokens = await redeem(client, code, {"client_id": "gatehouse"}, redirect_uri=redirect_uri)
    assert tokens.status_code == 200


async def test_behind_a_proxy_that_changes_the_host_the_public_url_is_right(
    database_url: str,
) -> None:
    settings = settings_for(database_url, public_url="https://api.example.com/outer")
    page = "https://api.example.com/outer/items/docs/oauth2-redirect"
    request = request_of({"client_id": "gatehouse"}, redirect_uri=page)
    async with running(create_app(settings), base_url=URL) as client:
        redirect = await allow(client, request)
    assert redirect.headers["Location"].startswith(f"{page}?code=")


async def test_an_application_on_the_same_host_gets_its_exact_address(
    client: httpx2.AsyncClient,
) -> None:
    neighbour = await register(
        client, {**WEB, "redirect_uris": ["http://localhost:8080/neighbour/callback"]}
    )
    request = request_of(neighbour, redirect_uri="http://localhost:8080/neighbour/callback")
    assert answer_in(await allow(client, request), "http://localhost:8080/neighbour/callback?")


@pytest.mark.parametrize("host", ["127.0.0.1", "[::1]"])
async def test_a_native_app_listens_on_whatever_port_is_free(
    client: httpx2.AsyncClient, host: str
) -> None:
    native = await register(client, {**WEB, "redirect_uris": [f"http://{host}/callback"]})
    uri = f"http://{host}:49321/callback"
    request = request_of(native, redirect_uri=uri)
    code = answer_in(await allow(client, request), uri)["code"]
    assert refused(await redeem(client, code, native, redirect_uri=f"http://{host}/callback")) == (
        400,
        "invalid_grant",
    )
    code = answer_in(await allow(client, request), uri)["code"]
    assert (await redeem(client, code, native, redirect_uri=uri)).status_code == 200


async def test_an_app_with_a_scheme_of_its_own_is_let_through_by_the_policy(
    client: httpx2.AsyncClient,
) -> None:
    uri = "com.example.app:/callback"
    app = await register(client, {**WEB, "redirect_uris": [uri]})
    page = await client.get("/authorize", params=request_of(app, redirect_uri=uri))
    assert "form-action 'self' com.example.app:;" in page.headers["Content-Security-Policy"]


async def test_the_code_is_for_the_named_resource(
    client: httpx2.AsyncClient,
) -> None:
    console = await register(client, {**WEB, "scopes": ["auth:profile", "items:read"]})
    items = "http://localhost:8080/items"
    request = request_of(console, scope="auth:profile items:read", resource=items)
    tokens = await redeem(client, await code_for(client, request), console)
    claims = parts_of(tokens.json()["access_token"])[1]
    assert (claims["scope"], claims["aud"]) == ("items:read", ["items", items])
    own = {"client_id": console["client_id"]}
    renewed = (await refresh(client, tokens.json()["refresh_token"], **own)).json()
    assert parts_of(renewed["access_token"])[1]["aud"] == ["items", items]


@on_both_databases
async def test_a_token_names_each_of_several_resources_and_no_other(
    client: httpx2.AsyncClient,
) -> None:
    console = await register(
        client, {**WEB, "scopes": ["auth:profile", "items:read", "items:write"]}
    )
    items, auth = "http://localhost:8080/items", "http://localhost:8080/auth"
    request = {
        **request_of(console, scope="auth:profile items:read"),
        "resource": [items, f"{auth}/"],
    }
    page = await client.get("/authorize", params=request)
    assert "Read your name" in page.text
    form = {"form_token": form_token_in(page), "username": DEMO.username, "answer": "allow"}
    answer = await client.post(
        "/authorize", params=request, data={**form, "password": DEMO.password}
    )
    tokens = (await redeem(client, answer_in(answer)["code"], console)).json()
    aud = parts_of(tokens["access_token"])[1]["aud"]
    assert aud == ["auth", "items", items, auth]
    own = {"client_id": console["client_id"]}
    one = (await refresh(client, tokens["refresh_token"], resource=items, **own)).json()
    assert parts_of(one["access_token"])[1]["aud"] == ["items", items]
    for resource in ("https://other.example", f"{items} https://other.example", f"{items}  {auth}"):
        answer = await refresh(client, one["refresh_token"], resource=resource, **own)
        assert refused(answer) == (400, "invalid_target")


@pytest.mark.parametrize("typed", ["/items/mcp", "/items/mcp/", "/items/a/b.c~d"])
async def test_a_resource_below_a_service_has_a_token_of_its_own(
    client: httpx2.AsyncClient, typed: str
) -> None:
    console = await register(
        client, {**WEB, "scopes": ["auth:profile", "items:read", "offline_access", "openid"]}
    )
    resource = f"http://localhost:8080{typed}"
    request = request_of(
        console, scope="auth:profile items:read offline_access", resource=resource, prompt="consent"
    )
    tokens = await redeem(client, await code_for(client, request), console)
    claims = parts_of(tokens.json()["access_token"])[1]
    # Not the service itself: it refuses this token.
    assert (claims["scope"], claims["aud"]) == ("items:read", [resource.removesuffix("/")])
    own = {"client_id": console["client_id"]}
    for named in ({}, {"resource": resource}):
        tokens = await refresh(client, tokens.json()["refresh_token"], **named, **own)
        aud = parts_of(tokens.json()["access_token"])[1]["aud"]
        assert aud == [resource.removesuffix("/")]


@pytest.mark.parametrize(
    "path",
    [
        *("/itemsx", "/items/../auth", "/items/./mcp", "/items/%2e%2e/auth", "/items//mcp", "/mcp"),
        *("/items/mcp?x=1", "/items/mcp#x", "/items/mcp//", "/items/\u00e9", "/items/" + "x" * 600),
    ],
)
async def test_what_only_looks_like_a_resource_below_a_service_is_none(
    client: httpx2.AsyncClient, path: str
) -> None:
    shop = await register(client, WEB)
    resource = f"http://localhost:8080{path}"
    answer = await client.get("/authorize", params=request_of(shop, resource=resource))
    assert answer_in(answer)["error"] == "invalid_target"


async def test_a_request_without_scope_lists_what_is_granted(client: httpx2.AsyncClient) -> None:
    shop = await register(client, {**WEB, "scopes": ["items:read", "auth:profile"]})
    page = await client.get("/authorize", params=request_of(shop))
    assert re.findall("<li>(.*?)</li>", page.text) == ["Read your items"]
    tokens = (await redeem(client, await code_for(client, request_of(shop)), shop)).json()
    assert tokens["scope"] == "items:read"
    both = request_of(shop, scope="items:read auth:profile", resource="http://localhost:8080/auth")
    page = await client.get("/authorize", params=both)
    assert re.findall("<li>(.*?)</li>", page.text) == [
        "Read your name, your mail address and your role"
    ]


async def test_a_request_for_nothing_is_refused_before_anyone_signs_in(
    client: httpx2.AsyncClient,
) -> None:
    reader = await register(client, {**WEB, "scopes": ["auth:profile"]})
    answer = answer_in(await client.get("/authorize", params=request_of(reader)))
    assert answer["error"] == "invalid_scope"


async def test_the_words_for_administration_hide_nothing(client: httpx2.AsyncClient) -> None:
    request = request_of(
        {"client_id": "gatehouse"},
        redirect_uri="http://localhost:8080/docs/oauth2-redirect",
        scope="auth:admin",
    )
    page = await client.get("/authorize", params=request)
    for word in ("make administrators", "disable users", "register applications"):
        assert word in page.text


async def test_the_only_redirect_uri_may_be_left_out(client: httpx2.AsyncClient) -> None:
    web = await register(client, WEB)
    request = request_of(web, redirect_uri="")
    for changes in ({"redirect_uri": ""}, {}):
        tokens = await redeem(client, await code_for(client, request), web, **changes)
        assert tokens.status_code == 200
    code = await code_for(client, request)
    answer = await redeem(client, code, web, redirect_uri="https://shop.example/another")
    assert refused(answer) == (400, "invalid_grant")


async def test_of_two_redirect_uris_one_must_be_named(client: httpx2.AsyncClient) -> None:
    both = [REDIRECT_URI, "https://shop.example/another"]
    shop = await register(client, {**WEB, "redirect_uris": both})
    answer = await client.get("/authorize", params=request_of(shop, redirect_uri=""))
    assert answer.status_code == 400
    code = await code_for(client, request_of(shop))
    assert refused(await redeem(client, code, shop, redirect_uri="")) == (400, "invalid_request")
    assert (await redeem(client, code, shop)).status_code == 200


async def test_while_the_database_is_away_the_person_is_told() -> None:
    nowhere = settings_for("postgresql://nobody:x@127.0.0.1:1/auth")
    async with running(create_app(nowhere), base_url=URL) as client:
        answer = await client.get("/authorize", params=request_of({"client_id": "client-x"}))
    assert answer.status_code == 503
    assert answer.headers["Content-Type"].startswith("text/html")
