"""`--browser`: a real Chromium opens the page, and what it could not load is told with its reason."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from starlette.responses import HTMLResponse, JSONResponse, PlainTextResponse, RedirectResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from testing.serving import served
from tests.browser.chromium import find_chromium
from tests.doctor.applications import SCRIPT, page, site
from tests.doctor.command import run


@contextmanager
def recorded(app: ASGIApp) -> Iterator[tuple[str, list[tuple[str, str]]]]:
    asked: list[tuple[str, str]] = []

    async def recording(scope: Scope, receive: Receive, send: Send) -> None:
        asked.append((scope.get("method", scope["type"]), scope["path"]))
        await app(scope, receive, send)

    with served(recording) as port:
        yield f"http://127.0.0.1:{port}/", asked


def asking(script: str) -> ASGIApp:
    """Return a page whose script does this, which nobody sees who only reads the page."""
    return site(
        {"/": HTMLResponse(f"<title>x</title><script>{script}</script>"), "/a": JSONResponse({})}
    )


def test_what_a_script_asks_for_in_vain_is_told_with_its_reason() -> None:
    find_chromium()
    everything = """
        fetch("/a"); fetch("/missing");
        import("/missing.js").catch(() => {});
        new WebSocket(location.origin.replace("http", "ws") + "/ws");
        fetch("/a", {method: "POST"}).catch(() => {});
    """
    with recorded(asking(everything)) as (url, asked):
        report = run(url, "--json", "--browser").report
        plain = run(url, "--json").report
    assert [finding["id"] for finding in report["findings"]] == ["browser-load-failed"]
    said = report["findings"][0]["answered"]
    assert "did not load: " in said
    assert report["findings"][0]["severity"] == "broken"
    assert "and 2 more" in said
    assert any("was not sent: --allow-post" in sentence for sentence in report["unseen"])
    assert "POST" not in [method for method, _ in asked]
    assert plain["findings"] == []


def test_a_page_that_loads_is_clean() -> None:
    find_chromium()
    right = site(
        {"/": page("<script src=a.js></script>"), "/a.js": SCRIPT},
        otherwise=PlainTextResponse("", 404),
    )
    with recorded(right) as (url, _):
        report = run(url, "--json", "--browser").report
    assert report["findings"] == []
    assert "pages in a browser" in report["examined"]


def test_credentials_are_for_the_examined_address_and_not_for_where_it_redirects() -> None:
    find_chromium()
    held: list[tuple[str, bytes]] = []

    def seen(name: str, app: ASGIApp) -> ASGIApp:
        async def looking(scope: Scope, receive: Receive, send: Send) -> None:
            given = dict(scope["headers"]).get(b"authorization", b"")
            held.append((f"{name}{scope['path']}", given))
            await app(scope, receive, send)

        return looking

    elsewhere = site({"/a.js": SCRIPT})
    with served(seen("elsewhere", elsewhere)) as other:
        moved = RedirectResponse(f"http://127.0.0.1:{other}/a.js")
        own = site({"/": page("<script src=moved.js></script>"), "/moved.js": moved})
        with served(seen("own", own)) as port:
            run(
                f"http://127.0.0.1:{port}/", "--browser", "--header", "Authorization: Bearer secret"
            )

    assert ("own/moved.js", b"Bearer secret") in held
    assert {given for address, given in held if address.startswith("elsewhere")} == {b""}


def test_without_playwright_a_sentence_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("doctor.checks.browser.find_spec", lambda _name: None)
    with recorded(asking("")) as (url, _):
        result = run(url, "--browser")
    assert result.code == 2
    assert "pip install 'gatehouse-doctor[browser]'" in result.errors
    assert "Traceback" not in result.errors
