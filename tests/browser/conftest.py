"""Chromium in front of the running stack, with and without another proxy in front of that."""

import secrets
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from testing.stack import Stack, User, sqlite_stack
from tests.browser.chromium import PICTURED_URL, Visit, running_chromium, visiting


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--screenshots",
        type=Path,
        metavar="DIR",
        help="write portal.png and docs.png for the README to DIR (name tests/browser as well)",
    )


# For one module at a time: until Playwright stops, an event loop runs in this thread, and `asyncio.run` of a later
# module would be refused.
@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with running_chromium() as running:
        yield running


@pytest.fixture(scope="module")
def pictured(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """A stack that believes to be where the README says; `served_by` makes the browser believe it too."""
    with sqlite_stack(tmp_path_factory.mktemp("pictured"), PICTURED_URL).running() as running:
        yield running


@pytest.fixture(params=[pytest.param("direct", marks=pytest.mark.sweep), "behind an outer proxy"])
def origin(request: pytest.FixtureRequest, stack: Stack) -> str:
    """Where people find Gatehouse: at the root of a domain, and below a prefix that nobody told it of.

    What is right below such a prefix is right at the root: `make test` tries the harder one.
    """
    if request.param == "direct":
        return stack.url
    outer: str = request.getfixturevalue("outer")
    return outer


@pytest.fixture
def visit(browser: Browser, origin: str) -> Iterator[Visit]:
    with visiting(browser, origin) as visit:
        yield visit


@pytest.fixture
def phone(browser: Browser, origin: str) -> Iterator[Visit]:
    with visiting(browser, origin, width=360, height=740, touch=True) as visit:
        yield visit


@pytest.fixture
def screenshots(request: pytest.FixtureRequest) -> Path:
    """The folder that was asked for with --screenshots, or one that is thrown away."""
    asked_for: Path | None = request.config.getoption("--screenshots", default=None)
    folder = asked_for or Path(request.getfixturevalue("tmp_path"))
    folder.mkdir(parents=True, exist_ok=True)
    return folder


@pytest.fixture
def person(stack: Stack) -> User:
    """Somebody new, who has no items yet."""
    user = User(f"person-{secrets.token_hex(6)}", secrets.token_urlsafe(16))
    stack.make_user(user)
    return user
