"""The built site in Chromium, which blocks and notes every request to another host."""

import functools
import http.server
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from deploy import documentation
from deploy.checkout import Checkout
from testing.checkout import ROOT
from tests.browser.chromium import running_chromium, visiting


class Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture(scope="module")
def site() -> Path:
    return documentation.build(Checkout(ROOT)).parent


@pytest.fixture(scope="module")
def origin(site: Path) -> Iterator[str]:
    handler = functools.partial(Quiet, directory=str(site))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with running_chromium() as running:
        yield running


@pytest.mark.parametrize("width", [1280, 375])
def test_every_page_is_whole_without_another_host(
    browser: Browser, origin: str, site: Path, width: int
) -> None:
    with visiting(browser, origin, width=width) as visit:
        for file in sorted(site.rglob("*.html")):
            name = file.relative_to(site).as_posix()
            visit.page.goto(f"{origin}/{name}", wait_until="load")
            too_wide = visit.page.evaluate("document.documentElement.scrollWidth - innerWidth")
            assert too_wide <= 0, f"{name} is wider than a window of {width} pixels"


def test_its_search_finds_a_tutorial(browser: Browser, origin: str) -> None:
    with visiting(browser, origin) as visit:
        visit.page.goto(f"{origin}/index.html")
        visit.page.keyboard.press("/")
        visit.page.keyboard.type("first protected route")
        expect(
            visit.page.get_by_role("link", name="My first protected route").first
        ).to_be_visible()
