"""The portal in real Chromium: signing in, the session, the states of the services."""

import re
from contextlib import suppress
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Error, Locator, Page, Route, expect

from testing.http import send
from testing.processes import wait_until
from testing.stack import Stack, User
from tests.browser.chromium import (
    NOTHING,
    PICTURED_URL,
    Visit,
    readable_by_scripts,
    visiting,
)
from tests.browser.portal import (
    add_item,
    expect_signed_in,
    open_portal,
    sign_in,
    submit_sign_in,
    titles,
)
from tests.browser.swagger_ui import authorize_while_signed_in, status_of, try_out

ERRANDS = [
    "Oil the hinges of the gate",
    "Count the keys",
    "Greet the night watch",
    "Write down who came in",
    "Polish the bell",
]


def test_every_service_is_shown_as_ready_with_links_that_work(visit: Visit, origin: str) -> None:
    open_portal(visit.page, origin)

    links = visit.page.locator(".links a")
    targets = [link.evaluate("link => link.href") for link in links.all()]
    assert targets == [
        f"{origin}/{service}/{page}"
        for service in ("auth", "items")
        for page in ("docs", "redoc", "openapi.json")
    ]
    for target in targets:
        assert visit.page.request.get(target).status == 200


def test_a_service_that_is_not_ready_says_what_it_lacks(visit: Visit, origin: str) -> None:
    visit.tolerated = {503}
    answer_with(
        visit.page,
        "**/items/health/ready",
        status=503,
        json={"status": "not ready", "checks": {"database": "does not answer", "keys": "ok"}},
    )
    visit.page.goto(f"{origin}/")

    items = visit.page.locator('[data-service="items"]')
    expect(items).to_contain_text("Not ready")
    expect(items).to_contain_text("database: does not answer")
    expect(items).not_to_contain_text("keys")
    expect(visit.page.get_by_text("1 of 2 ready")).to_be_visible()


def test_signing_in_shows_the_person_and_their_token(
    visit: Visit, origin: str, person: User
) -> None:
    open_portal(visit.page, origin)

    sign_in(visit.page, person)

    expect(visit.page.locator("#profile")).to_contain_text(person.username)
    visit.page.get_by_text("Decoded access token").click()
    expect(visit.page.locator("#token-header")).to_contain_text('"alg": "ES256"')
    expect(visit.page.locator("#token-claims")).to_contain_text(
        '"scope": "auth:profile items:read items:write"'
    )
    expect(visit.page.locator("#life-text")).to_have_text(re.compile(r"^9 min 5\d s left$"))


def test_a_wrong_password_is_told_in_a_sentence(visit: Visit, origin: str, person: User) -> None:
    visit.tolerated = {400}
    open_portal(visit.page, origin)

    submit_sign_in(visit.page, User(person.username, "not the password"))

    problem = visit.page.get_by_role("alert")
    expect(problem).to_have_text("The user name or the password is wrong.")
    expect(visit.page.get_by_label("Password", exact=True)).to_be_focused()


def test_who_cancels_the_sign_in_is_back_on_the_portal(visit: Visit, origin: str) -> None:
    visit.page.goto(f"{origin}/?q=key")
    visit.page.get_by_role("button", name="Sign in").click()
    visit.page.get_by_role("button", name="Cancel").click()

    expect(visit.page.get_by_role("button", name="Sign in")).to_be_enabled()
    expect(visit.page).to_have_url(f"{origin}/?q=key")
    expect(visit.page.locator("#session-problem")).to_be_empty()


def test_too_many_attempts_are_told_with_the_time_to_wait(
    visit: Visit, origin: str, person: User
) -> None:
    visit.tolerated = {429}
    answer_with(
        visit.page,
        "**/auth/token",
        status=429,
        headers={"Retry-After": "7"},
        json={
            "detail": "Too many attempts.",
            "code": "too_many_requests",
            "request_id": "r-123456",
        },
    )
    open_portal(visit.page, origin)

    submit_sign_in(visit.page, person)

    problem = visit.page.locator("#session-problem")
    expect(problem.get_by_text("Too many attempts. Try again in 7 s.")).to_be_visible()
    assert_request_id_is_one_click_away(problem)
    visit.page.unroute_all()
    problem.get_by_role("button", name="Try again").click()
    expect_signed_in(visit.page)


def test_a_person_can_sign_in_and_add_an_item_with_the_keyboard_alone(
    visit: Visit, origin: str, person: User
) -> None:
    open_portal(visit.page, origin)
    keyboard = visit.page.keyboard

    press_tab_until(visit.page, "go-to-sign-in")
    keyboard.press("Enter")
    expect(visit.page.get_by_label("User name")).to_be_focused()
    keyboard.type(person.username)
    keyboard.press("Tab")
    keyboard.type(person.password)
    keyboard.press("Enter")
    expect(visit.page.get_by_role("heading", name="Your session")).to_be_focused()
    press_tab_until(visit.page, "add-title", backwards=True)
    keyboard.type("Added by hand")
    keyboard.press("Enter")

    expect(titles(visit.page)).to_have_text(["Added by hand"])


def test_no_script_finds_the_password_or_the_tokens_of_a_person_who_signed_in(
    visit: Visit, origin: str, person: User
) -> None:
    open_portal(visit.page, origin)

    sign_in(visit.page, person)

    assert readable_by_scripts(visit.page) == NOTHING
    with visit.page.expect_response("**/auth/token"):
        visit.page.get_by_role("button", name="Renew now").click()
    expect(visit.page.get_by_role("button", name="Renew now")).to_be_enabled()
    assert readable_by_scripts(visit.page) == NOTHING


def test_what_an_earlier_version_kept_is_removed(visit: Visit, origin: str) -> None:
    visit.page.add_init_script(
        """localStorage.setItem("authorized", '{"password": "kept"}');
        sessionStorage.setItem("gatehouse.session", '{"refreshToken": "kept"}');"""
    )

    open_portal(visit.page, origin)

    assert readable_by_scripts(visit.page) == NOTHING


def test_one_sign_in_opens_every_page_and_one_sign_out_closes_all(
    visit: Visit, origin: str, stack: Stack, person: User
) -> None:
    page = visit.page
    open_portal(page, origin)
    copied = sign_in_and_copy_the_token(page, person)

    page.reload()
    expect_signed_in(page)
    tab, docs = page.context.new_page(), page.context.new_page()
    tab.goto(f"{origin}/")
    expect_signed_in(tab)
    docs.goto(f"{origin}/items/docs")
    authorize_while_signed_in(docs)
    assert status_of(try_out(docs, "get", "/")) == "200"

    tab.get_by_role("button", name="Sign out").click()

    for other in (tab, page):
        expect(other.get_by_role("button", name="Sign in")).to_be_visible()
    wait_until_worthless(stack, copied)
    page.reload()
    expect(page.get_by_role("button", name="Sign in")).to_be_enabled()
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_label("Password", exact=True)).to_be_visible()


def test_a_sign_in_in_one_tab_reaches_the_others(visit: Visit, origin: str, person: User) -> None:
    open_portal(visit.page, origin)
    tab = visit.page.context.new_page()
    open_portal(tab, origin)

    sign_in(tab, person)

    expect_signed_in(visit.page)
    # Their tokens are their own, so that none makes another's worthless.
    for page in (visit.page, tab, visit.page):
        with page.expect_response("**/auth/token") as renewed:
            page.get_by_role("button", name="Renew now").click()
        assert renewed.value.status == 200
    add_item(visit.page, "The first tab is still signed in")


def test_the_token_is_renewed_once_before_it_ends(visit: Visit, origin: str, person: User) -> None:
    visit.page.clock.install()
    open_portal(visit.page, origin)
    sign_in(visit.page, person)
    renewals = []
    visit.page.on(
        "request", lambda made: renewals.append(made) if made.url.endswith("/token") else None
    )

    with visit.page.expect_response("**/auth/token"):
        visit.page.clock.fast_forward("09:05")
    expect(visit.page.locator("#life-text")).to_contain_text("9 min 5")
    add_item(visit.page, "After the renewal")

    assert len(renewals) == 1


def test_a_token_of_a_short_life_is_renewed_at_a_share_of_it(
    visit: Visit, origin: str, person: User
) -> None:
    visit.page.clock.install()
    renewals = count_renewals(visit.page, expires_in=30)
    open_portal(visit.page, origin)
    sign_in(visit.page, person)
    renewals.clear()

    visit.page.clock.run_for(25_000)
    assert renewals == []
    with visit.page.expect_response("**/auth/token"):
        visit.page.clock.run_for(4_000)
    expect(visit.page.locator("#life-text")).to_contain_text("30 s left")

    assert len(renewals) == 1


def test_renewals_have_a_pause_between_them_however_short_the_life_is(
    visit: Visit, origin: str, person: User
) -> None:
    visit.page.clock.install()
    renewals = count_renewals(visit.page, expires_in=1)
    open_portal(visit.page, origin)
    sign_in(visit.page, person)
    renewals.clear()

    for _ in range(20):
        visit.page.clock.run_for(1_000)
        visit.page.wait_for_timeout(20)

    assert 1 <= len(renewals) <= 4


def test_a_session_that_was_ended_elsewhere_asks_to_sign_in_again(
    visit: Visit, origin: str, stack: Stack, person: User
) -> None:
    open_portal(visit.page, origin)
    sign_in(visit.page, person)
    own = stack.sign_in(person, scope="auth:account")
    assert stack.call("DELETE", "/auth/users/me/sessions", token=own).status == 204

    visit.page.get_by_role("button", name="Renew now").click()

    expect(visit.page.get_by_text("Your session has ended. Sign in again.")).to_be_visible()
    expect(visit.page.get_by_role("button", name="Sign in")).to_be_visible()


def test_a_sign_up_is_offered_only_where_auth_lets_people_sign_up(
    visit: Visit, origin: str
) -> None:
    offer = visit.page.get_by_role("link", name="Create an account")
    open_portal(visit.page, origin)
    expect(offer).to_be_visible()
    metadata = "/auth/.well-known/oauth-authorization-server"
    closed = send(origin, metadata).json
    del closed["sign_up_page"]
    answer_with(visit.page, f"{origin}{metadata}", status=200, json=closed)

    with visit.page.expect_response(f"{origin}{metadata}"):
        open_portal(visit.page, origin)

    expect(visit.page.get_by_role("link", name="Forgot your password?")).to_be_visible()
    expect(offer).to_be_hidden()


def test_a_phone_shows_the_portal_without_scrolling_sideways(
    phone: Visit, origin: str, person: User
) -> None:
    open_portal(phone.page, origin)
    assert_no_sideways_scroll(phone.page)

    sign_in(phone.page, person)
    add_item(phone.page, "AnItemWhoseTitleIsOneVeryLongWord" * 5)
    phone.page.get_by_text("Decoded access token").click()
    assert_no_sideways_scroll(phone.page)

    phone.page.locator(".edit").click()
    expect(phone.page.get_by_label("Title", exact=True)).to_be_visible()
    assert_no_sideways_scroll(phone.page)


def test_a_phone_offers_the_sign_in_first_and_in_the_header(phone: Visit, origin: str) -> None:
    open_portal(phone.page, origin)
    expect(phone.page.get_by_role("button", name="Sign in")).to_be_in_viewport()
    phone.page.evaluate("scrollTo(0, document.body.scrollHeight)")

    phone.page.get_by_role("banner").get_by_role("link", name="Sign in").click()

    expect(phone.page.get_by_label("User name")).to_be_focused()
    expect(phone.page.get_by_label("User name")).to_be_in_viewport()


@pytest.mark.parametrize("path", ["/nope", "/nope/deeper?x=1", "/auth/", "/items/nope/deeper"])
def test_an_address_that_is_no_page_leads_home(visit: Visit, origin: str, path: str) -> None:
    visit.tolerated = {404}
    page = visit.page
    page.goto(origin + path)
    expect(page.get_by_role("heading", name="Not Found")).to_be_visible()
    expect(page.locator("body")).to_contain_text("Request ")
    # The style is there: this is its colour, and not the browser's.
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") != "rgba(0, 0, 0, 0)"

    page.get_by_role("link", name="To the start page").click()

    expect(page).to_have_url(f"{origin}/")


def test_the_portal_for_the_readme(browser: Browser, pictured: Stack, screenshots: Path) -> None:
    ada = User("ada", "a-password-of-the-analytical-engine")
    pictured.make_user(ada, display_name="Ada Lovelace")
    with visiting(browser, PICTURED_URL, height=960, served_by=pictured.url) as visit:
        open_portal(visit.page, PICTURED_URL)
        sign_in(visit.page, ada)
        for title in ERRANDS:
            add_item(visit.page, title)
        visit.page.get_by_text("Decoded access token").click()
        expect(visit.page.locator("#who-name")).to_have_text("Ada Lovelace")

        visit.page.screenshot(path=screenshots / "portal.png", full_page=True)


def sign_in_and_copy_the_token(page: Page, user: User) -> str:
    with page.expect_response("**/auth/token") as answered:
        sign_in(page, user)
    token: str = answered.value.json()["access_token"]
    return token


def wait_until_worthless(stack: Stack, copied: str) -> None:
    """Whoever copied the token has nothing of it."""

    def items_are_closed() -> bool:
        return stack.call("GET", "/items/", token=copied).status == 401

    wait_until(items_are_closed, seconds=5, what="the copied access token is refused")


def answer_with(
    page: Page,
    url: str,
    *,
    status: int,
    json: dict[str, object],
    headers: dict[str, str] | None = None,
) -> None:
    """Answer requests to `url` in place of the server."""

    def answer(route: Route) -> None:
        route.fulfill(status=status, json=json, headers=headers)

    page.route(url, answer)


def count_renewals(page: Page, *, expires_in: int) -> list[str]:
    """Let every access token say that it lives for so many seconds; note each that is asked for."""
    renewals: list[str] = []

    def shorten(route: Route) -> None:
        renewals.append(route.request.url)
        with suppress(Error):  # the test ends while an answer is under way
            response = route.fetch()
            answer = {**response.json(), "expires_in": expires_in}
            route.fulfill(response=response, json=answer)

    page.route("**/auth/token", shorten)
    return renewals


def assert_request_id_is_one_click_away(problem: Locator) -> None:
    request_id = problem.get_by_text(re.compile("^Request [A-Za-z0-9._-]{8,}$"))
    expect(request_id).to_be_hidden()
    problem.get_by_text("Details").click()
    expect(request_id).to_be_visible()


def press_tab_until(page: Page, element_id: str, *, backwards: bool = False) -> None:
    for _ in range(40):
        if page.evaluate("document.activeElement.id") == element_id:
            return
        page.keyboard.press("Shift+Tab" if backwards else "Tab")
    raise AssertionError(f"The keyboard does not reach #{element_id}.")


def assert_no_sideways_scroll(page: Page) -> None:
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_nobody_can_sign_in_before_the_script_is_there(browser: Browser, origin: str) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(f"{origin}/")
    expect(page.get_by_role("button", name="Sign in")).to_be_disabled()
    context.close()


def test_strangers_are_not_told_where_passwords_are(visit: Visit, origin: str) -> None:
    open_portal(visit.page, origin)

    expect(visit.page.locator("body")).not_to_contain_text(".env")
