"""The pages of an application that was there before, and a sign-in with the tokens of auth."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import expect

from testing.examples import running_example, services_with_example
from testing.outer_proxy import running_outer_proxy
from testing.ports import free_port
from testing.stack import Stack
from tests.browser.chromium import Visit
from tests.browser.swagger_ui import authorize, status_of, try_out


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """The stack with the example as one more service."""
    folder, port = tmp_path_factory.mktemp("stack-with-example"), free_port()
    described = Stack(
        folder,
        database=lambda name: f"sqlite:///{folder}/{name}/{name}.db",
        services=services_with_example(),
        upstreams={"memos": port},
    )
    issuer = f"{described.url}/auth"
    with (
        described.running() as stack,
        running_example(state=folder, port=port, MEMOS_ISSUER=issuer),
    ):
        yield stack


@pytest.fixture(scope="module")
def outer(tmp_path_factory: pytest.TempPathFactory, stack: Stack) -> Iterator[str]:
    folder = tmp_path_factory.mktemp("outer-of-example")
    with running_outer_proxy(folder, inner_port=stack.proxy.port) as url:
        yield url


@pytest.fixture(params=["direct", "behind an outer proxy"])
def origin(request: pytest.FixtureRequest, stack: Stack) -> str:
    return stack.url if request.param == "direct" else str(request.getfixturevalue("outer"))


def test_its_page_has_its_style_and_its_session(visit: Visit, origin: str) -> None:
    visit.page.goto(f"{origin}/memos/")
    expect(visit.page.get_by_text("Visit 1")).to_be_visible()
    expect(visit.page.locator("body")).to_have_css("margin-top", "32px")
    visit.page.goto(f"{origin}/memos/start")
    expect(visit.page).to_have_url(f"{origin}/memos/")
    expect(visit.page.get_by_text("Visit 2")).to_be_visible()


def test_its_protected_routes_take_the_tokens_of_auth(
    visit: Visit, origin: str, stack: Stack
) -> None:
    visit.page.goto(f"{origin}/memos/")
    visit.page.get_by_text("API").click()
    authorize(visit.page, stack.demo)
    assert status_of(try_out(visit.page, "get", "/notes/")) == "200"
