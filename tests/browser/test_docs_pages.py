"""A newcomer signs in on the documentation pages and calls a protected route."""

import re
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from testing.http import send
from testing.stack import Stack, User
from tests.browser.chromium import (
    NOTHING,
    PICTURED_URL,
    Visit,
    readable_by_scripts,
    visiting,
)
from tests.browser.swagger_ui import (
    ask_for_authorization,
    authorize,
    authorize_with_code,
    flow_in,
    offered_flows,
    operation_of,
    status_of,
    try_out,
)

# What holds on the docs page of items holds on that of auth, which is made by the same code.
SWEPT = pytest.mark.sweep


@pytest.mark.parametrize(
    ("page_path", "operation"),
    [("/items/docs", "/"), pytest.param("/auth/docs", "/users/me", marks=SWEPT)],
)
def test_authorize_and_try_it_out_on_the_page_of_a_service(
    visit: Visit, origin: str, stack: Stack, page_path: str, operation: str
) -> None:
    visit.page.goto(origin + page_path)

    authorize(visit.page, stack.demo)
    answer = try_out(visit.page, "get", operation)

    assert status_of(answer) == "200"


@pytest.mark.parametrize(
    ("page_path", "operation", "scope"),
    [
        ("/items/docs", "/", "items:read"),
        pytest.param("/auth/docs", "/users/me", "items:read", marks=SWEPT),
        ("/docs?service=items", "/", "items:read"),
        pytest.param("/docs?service=auth", "/users/me", "items:read", marks=SWEPT),
    ],
)
def test_authorize_with_a_code_leads_over_the_sign_in_page(
    visit: Visit, origin: str, stack: Stack, page_path: str, operation: str, scope: str
) -> None:
    visit.page.goto(origin + page_path)

    authorize_with_code(visit.page, stack.demo, scope=scope)

    assert readable_by_scripts(visit.page) == NOTHING
    assert status_of(try_out(visit.page, "get", operation)) == "200"


def test_authorize_works_without_naming_a_client(visit: Visit, origin: str, stack: Stack) -> None:
    visit.page.goto(f"{origin}/items/docs")

    authorize(visit.page, stack.demo, client_id="")

    assert status_of(try_out(visit.page, "get", "/")) == "200"


def test_authorize_with_a_wrong_password_says_why(visit: Visit, origin: str, person: User) -> None:
    visit.tolerated = {400}
    visit.page.goto(f"{origin}/items/docs")

    dialog = ask_for_authorization(visit.page, User(person.username, "not the password"))

    errors = visit.page.locator(".modal-ux .errors")
    expect(errors).to_have_count(1)
    expect(errors).to_contain_text("The user name or the password is wrong.")
    expect(dialog.locator(".errors")).to_be_visible()


def test_whoever_cancels_on_the_sign_in_page_reads_so_once_and_in_words(
    visit: Visit, origin: str
) -> None:
    visit.page.goto(f"{origin}/items/docs")
    visit.page.locator(".auth-wrapper > .authorize").click()
    flow = flow_in(visit.page, "authorizationCode")
    with visit.page.expect_popup() as opened:
        flow.get_by_role("button", name="Apply given OAuth2 credentials").click()
    opened.value.get_by_role("button", name="Cancel").click()

    errors = visit.page.locator(".modal-ux .errors")
    expect(errors).to_have_count(1)
    expect(errors).to_contain_text("You did not allow it.")
    expect(errors).not_to_contain_text("access_denied")


@pytest.mark.parametrize("page_path", ["/items/docs", "/docs?service=items"])
def test_logout_ends_the_session(
    visit: Visit, origin: str, stack: Stack, person: User, page_path: str
) -> None:
    visit.page.goto(origin + page_path)
    with visit.page.expect_response("**/auth/token") as answered:
        authorize(visit.page, person)
    tokens = answered.value.json()

    visit.page.locator(".auth-wrapper > .authorize").click()
    with visit.page.expect_response("**/auth/revoke") as revoked:
        flow_in(visit.page, "password").get_by_role("button", name="Remove authorization").click()

    assert revoked.value.status == 200
    again = stack.token_request(grant_type="refresh_token", refresh_token=tokens["refresh_token"])
    assert (again.status, again.json["error"]) == (400, "invalid_grant")


@pytest.mark.parametrize(
    "page_path", ["/items/docs", "/items/redoc", pytest.param("/auth/docs", marks=SWEPT), "/docs"]
)
def test_a_docs_page_leads_back_to_the_portal(visit: Visit, origin: str, page_path: str) -> None:
    visit.page.goto(origin + page_path)

    visit.page.get_by_role("link", name="Gatehouse", exact=True).click()

    expect(visit.page).to_have_url(f"{origin}/")


@pytest.mark.parametrize("page_path", ["/items/docs", "/items/redoc"])
def test_a_docs_page_is_dark_where_the_person_wants_it_dark(
    visit: Visit, origin: str, page_path: str
) -> None:
    visit.page.emulate_media(color_scheme="dark")
    visit.page.goto(origin + page_path)
    expect(visit.page.get_by_role("heading").first).to_be_visible()

    darkest = visit.page.evaluate("getComputedStyle(document.body).backgroundColor")

    assert all(int(part) < 60 for part in re.findall(r"\d+", darkest)[:3])


def test_without_authorize_the_protected_route_says_401(visit: Visit, origin: str) -> None:
    visit.tolerated = {401}
    visit.page.goto(f"{origin}/items/docs")

    answer = try_out(visit.page, "get", "/")

    assert status_of(answer) == "401"
    assert "www-authenticate: Bearer" in answer.inner_text()


def test_one_authorize_on_the_common_page_serves_every_service(
    visit: Visit, origin: str, stack: Stack
) -> None:
    visit.page.goto(f"{origin}/docs")
    expect(operation_of(visit.page, "get", "/users/me")).to_be_visible()

    authorize(visit.page, stack.demo)
    assert status_of(try_out(visit.page, "get", "/users/me")) == "200"

    choose_service(visit.page, "Items", "/")
    assert status_of(try_out(visit.page, "get", "/")) == "200"


def test_authorize_on_the_common_page_works_from_the_side_of_the_items(
    visit: Visit, origin: str, stack: Stack
) -> None:
    visit.page.goto(f"{origin}/docs?service=items")
    expect(operation_of(visit.page, "get", "/")).to_be_visible()

    authorize(visit.page, stack.demo)

    assert status_of(try_out(visit.page, "get", "/")) == "200"


@pytest.mark.parametrize(
    "page_path", ["/docs", pytest.param("/auth/docs", marks=SWEPT), "/items/docs"]
)
def test_after_authorize_no_script_finds_a_password_or_a_token(
    visit: Visit, origin: str, stack: Stack, page_path: str
) -> None:
    visit.page.goto(origin + page_path)

    authorize(visit.page, stack.demo)

    assert readable_by_scripts(visit.page) == NOTHING


def test_swagger_ui_itself_forgets_the_password_when_the_token_has_come(
    visit: Visit, origin: str, stack: Stack
) -> None:
    visit.page.add_init_script(
        """let bundle;
        Object.defineProperty(window, "SwaggerUIBundle", {
            set: (given) => { bundle = given; },
            get: () => bundle && ((options) => window.shown = bundle(options)),
        });"""
    )
    visit.page.goto(f"{origin}/items/docs")

    authorize(visit.page, stack.demo)

    state = visit.page.evaluate("JSON.stringify(window.shown.getState().toJS())")
    assert "access_token" in state
    assert stack.demo.password not in state


def test_what_an_earlier_version_kept_is_removed(visit: Visit, origin: str) -> None:
    visit.page.add_init_script("localStorage.setItem('authorized', '{\"password\": \"kept\"}')")

    visit.page.goto(f"{origin}/items/docs")

    expect(operation_of(visit.page, "get", "/")).to_be_visible()
    assert readable_by_scripts(visit.page) == NOTHING


def test_a_reload_of_a_page_forgets_the_sign_in(visit: Visit, origin: str, stack: Stack) -> None:
    visit.tolerated = {401}
    visit.page.goto(f"{origin}/items/docs")
    authorize(visit.page, stack.demo)

    visit.page.reload()

    assert status_of(try_out(visit.page, "get", "/")) == "401"


def test_the_dialog_offers_the_code_first_and_the_password_second(
    visit: Visit, origin: str
) -> None:
    visit.page.goto(f"{origin}/docs?service=items")

    assert offered_flows(visit.page) == ["authorizationCode with PKCE", "password"]
    expect(
        visit.page.locator(".modal-ux").get_by_role("heading", name="with PKCE")
    ).to_be_in_viewport()
    first = flow_in(visit.page, "authorizationCode").get_by_role("button", name="Apply given")
    expect(first).to_be_focused()


def test_the_dialog_offers_no_password_form_where_auth_takes_no_password(
    visit: Visit, origin: str
) -> None:
    address = "/auth/.well-known/oauth-authorization-server"
    metadata = send(origin, address).json
    metadata["grant_types_supported"].remove("password")
    visit.page.route(f"{origin}{address}", lambda route: route.fulfill(json=metadata))
    visit.page.goto(f"{origin}/items/docs")

    assert offered_flows(visit.page) == ["authorizationCode with PKCE"]


def test_every_address_in_a_document_is_resolved_against_the_document(
    visit: Visit, origin: str
) -> None:
    visit.page.goto(f"{origin}/docs")
    document = {
        "servers": [{"url": "."}, {"url": "https://api.example/v1"}],
        "components": {
            "securitySchemes": {
                "OAuth2": {
                    "flows": {
                        "password": {"tokenUrl": "../auth/token", "refreshUrl": "../auth/token"},
                        "authorizationCode": {"authorizationUrl": "../auth/authorize"},
                    }
                },
                "OpenId": {"openIdConnectUrl": "/.well-known/openid-configuration"},
            }
        },
    }

    resolved = visit.page.evaluate(
        """async (document) => {
            const script = new URL("docs/assets/spec-addresses.js", location.href);
            const { resolveAddresses } = await import(script);
            resolveAddresses(document, "http://gate.example/outer/items/openapi.json");
            return document;
        }""",
        document,
    )

    assert resolved == {
        "servers": [
            {"url": "http://gate.example/outer/items/"},
            {"url": "https://api.example/v1"},
        ],
        "components": {
            "securitySchemes": {
                "OAuth2": {
                    "flows": {
                        "password": {
                            "tokenUrl": "http://gate.example/outer/auth/token",
                            "refreshUrl": "http://gate.example/outer/auth/token",
                        },
                        "authorizationCode": {
                            "authorizationUrl": "http://gate.example/outer/auth/authorize"
                        },
                    }
                },
                "OpenId": {
                    "openIdConnectUrl": "http://gate.example/.well-known/openid-configuration"
                },
            }
        },
    }


def test_a_link_to_an_operation_opens_it_on_the_common_page(visit: Visit, origin: str) -> None:
    visit.page.goto(f"{origin}/docs?service=items")
    operation = operation_of(visit.page, "get", "/")
    operation.locator(".opblock-summary-control").click()
    expect(operation.get_by_role("button", name="Execute")).to_be_visible()
    link = visit.page.url

    visit.page.goto("about:blank")
    visit.page.goto(link)

    expect(operation.get_by_role("button", name="Execute")).to_be_visible()


@pytest.mark.parametrize(
    ("page_path", "heading"), [("/items/redoc", "item"), ("/auth/redoc", "token")]
)
def test_redoc_renders_and_searches(
    visit: Visit, origin: str, page_path: str, heading: str
) -> None:
    visit.page.goto(origin + page_path)
    expect(visit.page.locator(".menu-content")).to_contain_text(heading, ignore_case=True)

    # The search runs in a worker, which the page's policy has to allow.
    visit.page.get_by_placeholder("Search").fill(heading)

    expect(visit.page.locator('[data-role="search:results"]')).to_contain_text(
        heading, ignore_case=True
    )


def test_a_page_of_a_service_works_at_the_port_of_the_service_too(
    browser: Browser, stack: Stack
) -> None:
    with visiting(browser, stack.auth_url) as visit:
        visit.page.goto(f"{stack.auth_url}/docs")

        authorize(visit.page, stack.demo)

        assert status_of(try_out(visit.page, "get", "/users/me")) == "200"


def test_the_common_page_for_the_readme(
    browser: Browser, pictured: Stack, screenshots: Path
) -> None:
    grace = User("grace", "a-password-of-the-harvard-mark-one")
    pictured.make_user(grace)
    item = {"title": "Take the moth out of relay 70"}
    assert pictured.call("POST", "/items/", token=pictured.sign_in(grace), json=item).status == 201
    with visiting(browser, PICTURED_URL, height=1560, served_by=pictured.url) as visit:
        visit.page.goto(f"{PICTURED_URL}/docs?service=items")
        authorize(visit.page, grace)
        assert status_of(try_out(visit.page, "get", "/")) == "200"
        visit.page.mouse.move(0, 0)
        visit.page.evaluate("scrollTo(0, 0)")

        visit.page.screenshot(path=screenshots / "docs.png")


def choose_service(page: Page, title: str, operation: str) -> None:
    page.get_by_label("Service").select_option(title)
    expect(operation_of(page, "get", operation)).to_be_visible()
