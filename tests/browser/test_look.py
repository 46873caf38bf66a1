"""Every page on a desktop and a phone, light and dark: nothing for axe to complain of, nothing wider than the screen.

`--screenshots DIR` keeps a picture of each.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect

from testing.stack import Stack, User
from tests.browser.chromium import Visit, visiting
from tests.browser.portal import add_item, open_portal, sign_in
from tests.browser.swagger_ui import operation_of
from tests.browser.test_account_pages import AUTHORIZATION


def portal(page: Page, origin: str, _person: User) -> None:
    open_portal(page, origin)


def portal_signed_in(page: Page, origin: str, person: User) -> None:
    open_portal(page, origin)
    sign_in(page, person)
    for title in ("Oil the hinges of the gate", "AnItemWhoseTitleIsOneVeryLongWord" * 5):
        add_item(page, title)
    page.get_by_role("button", name="Edit Oil").click()
    page.get_by_label("Title", exact=True).filter(visible=True).fill(" ")
    page.get_by_role("button", name="Save").click()
    page.get_by_text("Decoded access token").click()


def sign_up(page: Page, origin: str, _person: User) -> None:
    page.goto(f"{origin}/auth/sign-up")


def password_reset(page: Page, origin: str, _person: User) -> None:
    page.goto(f"{origin}/auth/password-reset")


def spent_link(page: Page, origin: str, _person: User) -> None:
    page.goto(f"{origin}/auth/password-reset/confirm?token=x")


def authorization(page: Page, origin: str, person: User) -> None:
    page.goto(origin + AUTHORIZATION.format(origin=origin))
    page.get_by_label("User name").fill(person.username)
    page.get_by_label("Password").fill("not the password")
    page.get_by_role("button", name="Sign in and allow").click()
    expect(page.get_by_role("alert")).to_be_visible()


def consent(page: Page, origin: str, person: User) -> None:
    open_portal(page, origin)
    sign_in(page, person)
    page.goto(origin + f"{AUTHORIZATION.format(origin=origin)}&prompt=consent")
    expect(page.get_by_role("button", name="Allow")).to_be_visible()


def failed_authorization(page: Page, origin: str, _person: User) -> None:
    page.goto(f"{origin}/auth/authorize?client_id=nobody")


def no_page(page: Page, origin: str, _person: User) -> None:
    page.goto(f"{origin}/nope")


def no_page_of_a_service(page: Page, origin: str, _person: User) -> None:
    page.goto(f"{origin}/auth/")


def common_docs(page: Page, origin: str, _person: User) -> None:
    page.goto(f"{origin}/docs?service=items")
    operation = operation_of(page, "post", "/")
    operation.locator(".opblock-summary-control").click()
    expect(operation.get_by_role("button", name="Execute")).to_be_visible()


def docs_of_a_service(page: Page, origin: str, _person: User) -> None:
    page.goto(f"{origin}/auth/docs")
    expect(operation_of(page, "get", "/users/me")).to_be_visible()


def sign_in_dialog_of_the_docs(page: Page, origin: str, _person: User) -> None:
    page.goto(f"{origin}/items/docs")
    page.locator(".auth-wrapper > .authorize").click()
    expect(page.locator(".modal-ux")).to_be_visible()


def redoc(page: Page, origin: str, _person: User) -> None:
    page.goto(f"{origin}/items/redoc")
    expect(page.locator(".menu-content")).to_contain_text("item", ignore_case=True)


PAGES: list[Callable[[Page, str, User], None]] = [
    portal,
    portal_signed_in,
    sign_up,
    password_reset,
    spent_link,
    authorization,
    consent,
    failed_authorization,
    no_page,
    no_page_of_a_service,
    common_docs,
    docs_of_a_service,
    sign_in_dialog_of_the_docs,
    redoc,
]


@dataclass(frozen=True)
class Screen:
    width: int
    scheme: Literal["light", "dark"]

    def __str__(self) -> str:
        return f"{self.width}-{self.scheme}"


@pytest.fixture(
    params=[
        Screen(1280, "light"),
        Screen(375, "dark"),
        pytest.param(Screen(1280, "dark"), marks=pytest.mark.sweep),
        pytest.param(Screen(375, "light"), marks=pytest.mark.sweep),
    ],
    ids=str,
)
def screen(request: pytest.FixtureRequest) -> Screen:
    asked: Screen = request.param
    return asked


@pytest.fixture
def looked_at(browser: Browser, stack: Stack, screen: Screen) -> Iterator[Visit]:
    width = screen.width
    with visiting(browser, stack.url, width=width, height=900 if width > 500 else 740) as visit:
        visit.tolerated = {400, 404, 422}
        visit.page.emulate_media(color_scheme=screen.scheme)
        yield visit


@pytest.mark.parametrize("show", PAGES, ids=lambda show: show.__name__)
def test_a_page_looks_right(
    looked_at: Visit,
    stack: Stack,
    person: User,
    show: Callable[[Page, str, User], None],
    screen: Screen,
    screenshots: Path,
) -> None:
    page = looked_at.page
    show(page, stack.url, person)

    page.screenshot(path=screenshots / f"{show.__name__}-{screen}.png", full_page=True)
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    violations = violations_on(page)
    assert not violations, "\n".join(violations)


def test_nothing_moves_while_the_portal_comes(looked_at: Visit, stack: Stack) -> None:
    looked_at.page.add_init_script(
        """window.shifts = [];
        new PerformanceObserver((list) => {
            for (const { value, sources } of list.getEntries()) {
                const moved = sources.map(({ node }) => node?.outerHTML?.slice(0, 80) ?? node?.textContent);
                window.shifts.push([value, moved]);
            }
        }).observe({ type: "layout-shift", buffered: true });"""
    )
    open_portal(looked_at.page, stack.url)
    expect(looked_at.page.get_by_text("Sign in to see your items.")).to_be_visible()
    looked_at.page.wait_for_timeout(300)

    shifts = looked_at.page.evaluate("window.shifts")
    assert sum(value for value, _moved in shifts) < 0.01, shifts


def violations_on(page: Page) -> list[str]:
    """What axe complains of: the rule, and the elements with the reason."""
    found: list[dict[str, Any]] = Axe().run(page).response["violations"]
    return [
        f"{violation['id']} ({violation['impact']}): {node['target']} {node['html'][:120]} {_reason(node)}"
        for violation in found
        for node in violation["nodes"]
    ]


def _reason(node: dict[str, Any]) -> str:
    return re.sub(r"\s+", " ", node.get("failureSummary") or "")
