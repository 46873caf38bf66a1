"""Real Chromium, and visits in it that note whatever a person would not want to happen."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import (
    Browser,
    ConsoleMessage,
    Page,
    ProxySettings,
    Route,
    expect,
    sync_playwright,
)
from playwright.sync_api import Response as PageResponse

# Chromium must neither call home nor, as root in a container, ask for a sandbox that it cannot have.
_ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
]
_PATIENCE_MS = 15_000
_NOISE = (
    # Chromium says this of each failed request without naming it; answers are noted one by one.
    "Failed to load resource",
    # Swagger UI takes the underscore in the id of an operation for a space that a link escaped.
    "Deprecated: escaping deep link whitespace",
)


def find_chromium() -> str:
    """Return the path of Chromium, or skip the test; under CI its absence is a failure."""
    for name in ("chromium", "chromium-browser", "google-chrome"):
        if path := shutil.which(name):
            return path
    reason = "Chromium is not installed. On Debian: apt-get install chromium"
    if os.environ.get("CI"):
        pytest.fail(f"{reason} (CI must not skip what needs it)")
    pytest.skip(reason)


@contextmanager
def running_chromium() -> Iterator[Browser]:
    path = find_chromium()
    expect.set_options(timeout=_PATIENCE_MS)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=_ARGUMENTS)
        yield browser
        browser.close()


@dataclass
class Visit:
    """One person's fresh browser window on one origin.

    Attributes:
        page: the window.
        tolerated: statuses from 400 up that the test brings about itself.
        elsewhere: requests to other hosts; they are blocked.
        complaints: errors of scripts, violations of the policy, answers from 400 up.
    """

    page: Page
    origin: str
    tolerated: set[int] = field(default_factory=set)
    elsewhere: list[str] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)

    def watch(self) -> None:
        self.page.context.route("**/*", self._let_through_or_block)
        self.page.on("console", self._note_message)
        self.page.on("pageerror", lambda error: self.complaints.append(f"script error: {error}"))
        self.page.on("response", self._note_response)

    def assert_clean(self) -> None:
        assert not self.elsewhere, f"requests to other hosts: {self.elsewhere}"
        assert not self.complaints, self.complaints

    def _let_through_or_block(self, route: Route) -> None:
        parts = urlsplit(route.request.url)
        if f"{parts.scheme}://{parts.netloc}" == self.origin:
            route.continue_()
        else:
            self.elsewhere.append(route.request.url)
            route.abort()

    def _note_message(self, message: ConsoleMessage) -> None:
        if message.type == "error" and not message.text.startswith(_NOISE):
            self.complaints.append(f"console: {message.text}")

    def _note_response(self, response: PageResponse) -> None:
        if response.status >= 400 and response.status not in self.tolerated:
            self.complaints.append(f"{response.status}: {response.url}")


NOTHING: dict[str, object] = {"localStorage": {}, "sessionStorage": {}, "cookie": ""}


def readable_by_scripts(page: Page) -> dict[str, object]:
    """What every script of every page of this origin can read, this page's memory aside."""
    kept: dict[str, object] = page.evaluate(
        """() => ({
            localStorage: { ...localStorage },
            sessionStorage: { ...sessionStorage },
            cookie: document.cookie,
        })"""
    )
    return kept


PICTURED_URL = "http://localhost:8080"
"""The address in the README and in its pictures."""


@contextmanager
def visiting(
    browser: Browser,
    url: str,
    *,
    width: int = 1280,
    height: int = 900,
    touch: bool = False,
    served_by: str = "",
) -> Iterator[Visit]:
    """Open a window with its own storage; at the end nothing untoward may have happened in it.

    Args:
        served_by: the stack that answers whatever the browser asks for: pictures show the address of the README.
    """
    parts = urlsplit(url)
    # To its proxy a browser sends what it would send to the server, but for the full address in the first line.
    proxy = ProxySettings(server=served_by, bypass="<-loopback>") if served_by else None
    context = browser.new_context(
        viewport={"width": width, "height": height}, has_touch=touch, proxy=proxy
    )
    context.set_default_timeout(_PATIENCE_MS)
    visit = Visit(context.new_page(), f"{parts.scheme}://{parts.netloc}")
    visit.watch()
    try:
        yield visit
        visit.assert_clean()
    finally:
        context.close()
