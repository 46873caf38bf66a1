"""Chromium signs in and calls a protected route behind every proxy: stripped, kept and below an outer prefix."""

from collections.abc import Iterator
from contextlib import ExitStack
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser

from conformance.proxies import PROXIES, folder_for_every_user
from testing.certificates import Certificates
from testing.nginx import find_nginx
from testing.stack import Stack
from tests.browser.chromium import running_chromium, visiting
from tests.browser.swagger_ui import authorize, status_of, try_out


# For this module only, as in tests/browser: Playwright runs once at a time.
@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with running_chromium() as running:
        yield running


SWEEP = pytest.mark.sweep


# Nested is the hardest of the three for a page: it has to find its way below a prefix that no one told it of.
@pytest.fixture(
    params=[pytest.param("stripped", marks=SWEEP), pytest.param("kept", marks=SWEEP), "nested"]
)
def way(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(params=PROXIES)
def origin(request: pytest.FixtureRequest, stack: Stack, way: str) -> Iterator[str]:
    """Where people find the real services behind one kind of proxy."""
    find_nginx()
    proxy = PROXIES[request.param]
    if proxy.program() is None:
        pytest.skip(f"{proxy.name} is not installed: {proxy.install}")
    with ExitStack() as running:
        folder = running.enter_context(folder_for_every_user())
        certificates = Certificates(folder)
        ports = running.enter_context(
            proxy.in_front_of_services(
                folder / "inner",
                certificates,
                auth=urlsplit(stack.auth_url).netloc,
                items=urlsplit(stack.items_url).netloc,
                options=["strip"] if way == "stripped" else [],
                behind_another=way == "nested",
            )
        )
        if way == "nested":
            ports = running.enter_context(
                proxy.in_front_of_gatehouse(folder / "outer", certificates, gatehouse=ports.plain)
            )
        yield f"http://127.0.0.1:{ports.plain}" + ("/outer" if way == "nested" else "")


def test_authorize_and_try_it_out_behind_every_proxy(
    browser: Browser, origin: str, stack: Stack
) -> None:
    with visiting(browser, origin) as visit:
        for page, operation in [("/items/docs", "/"), ("/auth/docs", "/users/me")]:
            visit.page.goto(origin + page)

            authorize(visit.page, stack.demo)

            assert status_of(try_out(visit.page, "get", operation)) == "200"
