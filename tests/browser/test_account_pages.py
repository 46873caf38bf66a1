"""Signing up and choosing a new password in real Chromium, without a script and under any prefix."""

import re
import secrets
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from testing.processes import wait_until
from testing.stack import Stack, User
from tests.browser.chromium import Visit, visiting
from tests.browser.portal import open_portal, sign_in

AUTHORIZATION = (
    "/auth/authorize?response_type=code&client_id=gatehouse&redirect_uri={origin}/docs/oauth2-redirect"
    "&scope=items:read&code_challenge=E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM&code_challenge_method=S256&state=x"
)


def mailed_link(stack: Stack, email: str, origin: str) -> str:
    """The link in the newest mail to this address, which is a file, as a person at `origin` opens it."""
    found: list[str] = []

    def is_there() -> bool:
        for file in sorted((stack.folder / "auth" / "mails").glob("*.txt")):
            mail = file.read_text(encoding="utf-8")
            if mail.startswith(f"To: {email}\n"):
                found[:] = re.findall(r"^http\S+$", mail, re.MULTILINE)
        return bool(found)

    wait_until(is_there, seconds=10, what=f"a mail to {email} is a file")
    assert found[0].startswith(stack.url)
    return found[0].replace(stack.url, origin)


@pytest.fixture
def somebody() -> User:
    return User(f"person-{secrets.token_hex(6)}", secrets.token_urlsafe(16))


@pytest.fixture(params=["desktop", "phone"])
def on_any_screen(request: pytest.FixtureRequest, browser: Browser, origin: str) -> Iterator[Visit]:
    width, height = {"desktop": (1280, 900), "phone": (360, 740)}[request.param]
    with visiting(browser, origin, width=width, height=height) as visit:
        yield visit


@pytest.mark.parametrize("path", ["/auth/sign-up", "/auth/password-reset"])
def test_a_page_leads_home_and_to_the_sign_in(visit: Visit, origin: str, path: str) -> None:
    page = visit.page
    page.goto(origin + path)
    page.get_by_role("link", name="Gatehouse").click()
    expect(page).to_have_url(f"{origin}/")

    page.goto(origin + path)
    page.get_by_role("link", name="Sign in").click()
    expect(page.get_by_role("button", name="Sign in")).to_be_enabled()


def test_a_link_that_has_expired_leads_home_too(visit: Visit, origin: str) -> None:
    visit.tolerated = {422}
    visit.page.goto(f"{origin}/auth/password-reset/confirm?token=x")
    visit.page.get_by_role("link", name="Gatehouse").click()
    expect(visit.page).to_have_url(f"{origin}/")


def test_a_refused_password_is_where_the_person_types_next(
    visit: Visit, origin: str, person: User
) -> None:
    visit.tolerated = {400}
    page = visit.page
    page.goto(origin + AUTHORIZATION.format(origin=origin))
    expect(page.get_by_label("User name")).to_be_focused()
    page.get_by_label("User name").fill(person.username)
    page.get_by_label("Password").fill("not the password")
    page.get_by_role("button", name="Sign in and allow").click()

    expect(page.get_by_role("alert")).to_contain_text("is wrong")
    expect(page.get_by_label("Password")).to_be_focused()
    expect(page.get_by_label("User name")).to_have_value(person.username)


def test_what_is_typed_as_a_password_can_be_seen(visit: Visit, origin: str, person: User) -> None:
    page = visit.page
    page.goto(origin + AUTHORIZATION.format(origin=origin))
    password = page.get_by_label("Password")
    password.fill(person.password)
    expect(password).to_have_attribute("type", "password")

    page.get_by_role("button", name="Show").click()
    expect(password).to_have_attribute("type", "text")
    page.get_by_role("button", name="Hide").click()
    expect(password).to_have_attribute("type", "password")


def test_a_person_is_told_what_a_new_password_lacks_before_it_is_sent(
    visit: Visit, origin: str, stack: Stack, somebody: User
) -> None:
    page, email = visit.page, f"{somebody.username}@example.com"
    stack.make_user(somebody, email=email)
    page.goto(f"{origin}/auth/password-reset")
    page.get_by_label("User name").fill(somebody.username)
    page.get_by_role("button", name="Send me a link").click()
    expect(page.get_by_role("heading", name="Look into your mail")).to_be_visible()
    page.goto(mailed_link(stack, email, origin))
    password, hint = page.get_by_label("New password"), page.locator("#password-hint")
    expect(hint).to_contain_text("12 characters or more. Four or more unrelated words")

    for typed, says in (
        ("short", "Too short"),
        (f"{somebody.username}-1", "it holds your user name"),
        ("aaaaaaaaaaaaaaaa", "the same few characters"),
        ("wheelbarrows123", "if this is a word"),
        ("four words that nobody joins", "Long enough."),
        ("", "12 characters or more. Four"),
    ):
        password.fill(typed)
        expect(hint).to_contain_text(says)


def has_no_sideways_scroll(page: Page) -> bool:
    return bool(page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"))


def test_a_person_signs_up_by_mail_and_signs_in(
    on_any_screen: Visit, origin: str, stack: Stack, somebody: User
) -> None:
    page, email = on_any_screen.page, f"{somebody.username}@example.com"
    open_portal(page, origin)
    page.get_by_role("link", name="Create an account").click()
    page.get_by_label("User name").fill(somebody.username)
    page.get_by_label("E-mail address").fill(email)
    assert has_no_sideways_scroll(page)
    page.get_by_role("button", name="Create an account").click()
    expect(page.get_by_role("heading", name="Look into your mail")).to_be_visible()

    page.goto(mailed_link(stack, email, origin))
    expect(page.get_by_label("User name")).to_have_value(somebody.username)
    page.get_by_label("Password").fill(somebody.password)
    assert has_no_sideways_scroll(page)
    page.get_by_role("button", name="Create this account").click()
    expect(page.get_by_role("heading", name="Welcome")).to_be_visible()
    assert "token" not in page.url
    page.get_by_role("link", name="To the start page").click()
    sign_in(page, somebody)


def test_a_person_who_forgot_the_password_chooses_a_new_one(
    on_any_screen: Visit, origin: str, stack: Stack, somebody: User
) -> None:
    page, email = on_any_screen.page, f"{somebody.username}@example.com"
    stack.make_user(somebody, email=email)
    open_portal(page, origin)
    page.get_by_role("link", name="Forgot your password?").click()
    page.get_by_label("User name").fill(somebody.username)
    page.get_by_role("button", name="Send me a link").click()
    expect(page.get_by_role("heading", name="Look into your mail")).to_be_visible()

    on_any_screen.tolerated = {422}
    page.goto(mailed_link(stack, email, origin))
    page.get_by_label("New password").fill("password1234")
    page.get_by_role("button", name="Set this password").click()
    expect(page.get_by_role("alert")).to_contain_text("too easy to guess")
    renewed = User(somebody.username, secrets.token_urlsafe(16))
    page.get_by_label("New password").fill(renewed.password)
    assert has_no_sideways_scroll(page)
    page.get_by_role("button", name="Set this password").click()
    expect(page.get_by_role("heading", name="Done")).to_be_visible()
    page.get_by_role("link", name="To the start page").click()
    sign_in(page, renewed)


def test_the_pages_work_where_scripts_are_off_and_name_no_page_that_they_came_from(
    browser: Browser, stack: Stack, somebody: User
) -> None:
    email = f"{somebody.username}@example.com"
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    referers: list[str | None] = []
    page.on("request", lambda request: referers.append(request.headers.get("referer")))
    page.goto(f"{stack.url}/auth/sign-up")
    page.get_by_label("User name").fill(somebody.username)
    page.get_by_label("E-mail address").fill(email)
    page.get_by_role("button", name="Create an account").click()
    expect(page.get_by_role("heading", name="Look into your mail")).to_be_visible()
    page.goto(mailed_link(stack, email, stack.url))
    page.get_by_label("Password").fill(somebody.password)
    page.get_by_role("button", name="Create this account").click()
    expect(page.get_by_role("heading", name="Welcome")).to_be_visible()
    page.get_by_role("link", name="To the start page").click()
    page.wait_for_load_state()
    assert referers
    assert not any(referers)
    context.close()
