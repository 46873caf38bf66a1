"""What a real Chromium fails to load on the page, and why it says so: `--browser`.

Its scripts run, and are given what the person gave for the deployment's own origin only. They too may
ask by safe methods only, unless `--allow-post` is given.
"""

import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from importlib.util import find_spec
from typing import TYPE_CHECKING

from doctor.addresses import is_below, origin_of
from doctor.catalogue import Severity
from doctor.deployment import SAFE, NotExaminedError
from doctor.findings import Finding
from doctor.subject import Subject

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page, Playwright, Request, Response, Route, WebSocket

_PAGES = 2
_PATIENCE_MS = 15_000
_QUIET_MS = 5_000
_PROGRAMS = ("chromium", "chromium-browser", "google-chrome")
_ARGUMENTS = (
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    # What was fetched with the person's headers counts as a page of the Internet, which may not ask this machine.
    "--disable-features=LocalNetworkAccessChecks",
)
_NEEDED = ("document", "script", "stylesheet", "websocket")
_NOT_JUDGED = ("image", "font", "media", "ping", "other", "manifest", "texttrack")
# A visitor who is not signed in, or asks too often, is told so by pages that are right.
_EXPECTED = (401, 403, 429)


@dataclass
class _Visit:
    """What went wrong on one page: each address with its kind and the browser's own words."""

    failed: dict[str, tuple[str, str]] = field(default_factory=dict)
    said: list[str] = field(default_factory=list)
    unsent: set[str] = field(default_factory=set)


def pages_load_in_a_browser(subject: Subject) -> Iterator[Finding]:
    """Open the pages in Chromium, and report what it could not load.

    Raises NotExaminedError where there is no playwright or no Chromium.
    """
    if find_spec("playwright") is None:
        raise NotExaminedError(
            "--browser needs playwright: pip install 'gatehouse-doctor[browser]', and, where no Chromium is "
            "installed, playwright install chromium."
        )
    from playwright.sync_api import Error, sync_playwright

    home = subject.home[-1]
    urls = [page.url for page in subject.pages]
    if is_below(home.url, subject.deployment.base) and home.is_html:
        urls.insert(0, home.url)
    try:
        with sync_playwright() as playwright:
            browser = _launch(playwright)
            for url in list(dict.fromkeys(urls))[:_PAGES]:
                yield from _judge(subject, url, _visited(subject, browser, url))
            browser.close()
    except Error as error:
        first_line = str(error).strip().partition("\n")[0]
        raise NotExaminedError(f"Chromium could not be run: {first_line}") from error


def _launch(playwright: "Playwright") -> "Browser":
    # As root, in a container, there is no sandbox to be had.
    unboxed = ["--no-sandbox"] if hasattr(os, "getuid") and os.getuid() == 0 else []
    found = next((path for name in _PROGRAMS if (path := shutil.which(name))), None)
    return playwright.chromium.launch(executable_path=found, args=[*_ARGUMENTS, *unboxed])


def _visited(subject: Subject, browser: "Browser", url: str) -> _Visit:
    from playwright.sync_api import Error

    deployment, visit = subject.deployment, _Visit()
    # The certificate was checked before, against --ca-file, which Chromium does not read.
    page = browser.new_page(ignore_https_errors=True)

    def pass_on(route: "Route", request: "Request") -> None:
        if request.method not in SAFE and not deployment.allow_post:
            visit.unsent.add(f"{request.method} {request.url}")
            route.abort("blockedbyclient")
            return
        if not deployment.credentials or origin_of(request.url) != deployment.origin:
            route.continue_()
            return
        own = {name.lower(): value for name, value in deployment.credentials}
        # Not `continue_` with these headers, which would go with it to wherever the answer redirects.
        answer = route.fetch(headers={**request.headers, **own}, max_redirects=0)
        if 300 <= answer.status < 400:
            route.continue_()
        else:
            route.fulfill(response=answer)

    page.route("**/*", pass_on)
    _listen(page, visit)
    try:
        page.goto(url, timeout=_PATIENCE_MS, wait_until="load")
        page.wait_for_load_state("networkidle", timeout=_QUIET_MS)
    except Error as error:
        # A page that goes on asking is never idle; that it did not come at all is among the failures.
        if not visit.failed and "networkidle" not in str(error) and "Timeout" not in str(error):
            visit.failed[url] = ("document", str(error).partition("\n")[0])
    page.close()
    return visit


def _listen(page: "Page", visit: _Visit) -> None:
    def on_failure(request: "Request") -> None:
        if f"{request.method} {request.url}" not in visit.unsent:
            visit.failed.setdefault(
                request.url, (request.resource_type, request.failure or "failed")
            )

    def on_answer(response: "Response") -> None:
        if response.status >= 400 and response.status not in _EXPECTED:
            kind = response.request.resource_type
            visit.failed.setdefault(response.url, (kind, str(response.status)))

    def on_websocket(websocket: "WebSocket") -> None:
        def on_error(error: str) -> None:
            visit.failed.setdefault(websocket.url, ("websocket", error))

        websocket.on("socketerror", on_error)

    page.on("requestfailed", on_failure)
    page.on("response", on_answer)
    page.on("websocket", on_websocket)
    page.on("pageerror", lambda error: visit.said.append(str(error).partition("\n")[0]))
    page.on(
        "console",
        lambda message: visit.said.append(message.text) if message.type == "error" else None,
    )


def _judge(subject: Subject, url: str, visit: _Visit) -> Iterator[Finding]:
    if visit.unsent:
        subject.unseen.append(
            f"Scripts of {url} would have sent {', '.join(sorted(visit.unsent))[:300]}, which may change something and "
            "was not sent: --allow-post sends it."
        )
    # What was called off because the page went on (net::ERR_ABORTED) is no failure.
    failed = {
        address: (kind, why)
        for address, (kind, why) in visit.failed.items()
        if kind not in _NOT_JUDGED and "ERR_ABORTED" not in why
    }
    said = next((each for each in visit.said if not each.startswith("Failed to load resource")), "")
    for address, (kind, why) in sorted(failed.items(), key=lambda each: each[1][0] not in _NEEDED):
        more = f", and {len(failed) - 1} more" if len(failed) > 1 else ""
        console = f"; its console says: {said[:300]}" if said else ""
        finding = Finding(
            "browser-load-failed",
            f"Chromium on {url}",
            f"the {kind} {address} did not load: {why}{more}{console}",
            subject.deployment.prefix,
        )
        yield replace(finding, worse=Severity.BROKEN) if kind in _NEEDED else finding
        return
    if visit.said:
        subject.notes.append(f"On {url} the browser's console says: {visit.said[0][:300]}")
