"""What the doctor must never do to the deployment it examines, or to the person who asks."""

import asyncio
import base64
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager

import pytest
from fastapi import FastAPI
from starlette.responses import PlainTextResponse, StreamingResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from doctor.deployment import AT_ONCE, Deployment
from testing.serving import served
from tests.doctor.applications import streamlit
from tests.doctor.command import run
from tests.doctor.proxies import Proxy
from tests.doctor.services import on_uvicorn, service

Asked = list[tuple[str, dict[str, str]]]


@contextmanager
def recorded(app: ASGIApp) -> Iterator[tuple[int, Asked]]:
    """Serve `app`, and yield its port and what it is asked: each path with its headers."""
    asked: Asked = []

    async def recording(scope: Scope, receive: Receive, send: Send) -> None:
        headers = {name.decode(): value.decode() for name, value in scope["headers"]}
        asked.append((scope["path"], headers))
        await app(scope, receive, send)

    with served(recording) as port:
        yield port, asked


def nothing() -> None:
    """A route that answers null."""


def with_routes(*paths: str) -> FastAPI:
    app = service()
    for path in paths:
        app.add_api_route(path, nothing, methods=["GET"])
    return first(app, len(paths))


def first(app: FastAPI, count: int = 1) -> FastAPI:
    """Put the routes that came last before all others: the first of a document are sampled."""
    routes = app.router.routes
    routes[:] = routes[-count:] + routes[:-count]
    return app


@pytest.mark.parametrize("header", ["Cookie: session=mine", "Authorization: Bearer mine"])
def test_a_sampled_route_is_asked_without_the_persons_credentials(header: str) -> None:
    with recorded(Proxy(on_uvicorn(with_routes("/reports")))) as (port, asked):
        assert run(f"http://127.0.0.1:{port}/items", "--header", header).code == 0
    routes = ("/reports", "/who", "/things", "/visit", "/mine", "/token")
    sampled = [headers for path, headers in asked if any(name in path for name in routes)]
    assert sampled
    assert not any("mine" in " ".join(headers.values()) for headers in sampled)
    pages = [headers for path, headers in asked if path == "/items/docs"]
    assert "mine" in " ".join(pages[0].values()), "the page itself may need them"


@pytest.mark.parametrize(
    "path",
    ["/logout", "/users/sign-out", "/deleteAll", "/v1/cache/purge/", "/session/end", "/jobs/run"],
)
def test_a_route_whose_name_ends_or_changes_something_is_never_asked(path: str) -> None:
    with recorded(Proxy(on_uvicorn(with_routes(path, "/a")))) as (port, asked):
        run(f"http://127.0.0.1:{port}/items")
    assert not [asked_path for asked_path, _ in asked if path.rstrip("/") in asked_path]


def test_a_route_is_skipped_for_its_operation_id_too() -> None:
    app = service()
    app.add_api_route("/bye", nothing, methods=["GET"], operation_id="logoutUser")
    with recorded(Proxy(on_uvicorn(first(app)))) as (port, asked):
        run(f"http://127.0.0.1:{port}/items")
    assert not [path for path, _ in asked if "bye" in path]


def test_a_login_in_the_address_is_used_and_never_printed() -> None:
    inner = Proxy(on_uvicorn(service()))
    login = base64.b64encode(b"anna:s3cret").decode()

    async def guarded(scope: Scope, receive: Receive, send: Send) -> None:
        if (b"authorization", f"Basic {login}".encode()) in scope["headers"]:
            await inner(scope, receive, send)
        else:
            await PlainTextResponse("who?", 401)(scope, receive, send)

    with served(guarded) as port:
        result = run(f"http://anna:s3cret@127.0.0.1:{port}/items", "--json")
    assert result.code == 0
    assert result.report["services"] == ["/items"]
    assert "s3cret" not in result.output + result.errors
    assert "anna" not in result.output + result.errors


@pytest.mark.parametrize(
    "arguments",
    [
        ["http://anna:s3cret@127.0.0.1:1/items"],
        ["anna:s3cret@example.com/items"],
        ["http://anna:s3cret@"],
        ["http://h", "--direct", "http://anna:s3cret@10.0.0.7"],
        ["http://h", "--header", "s3cret"],
        ["http://h", "--header", "Cookie s3cret"],
    ],
)
def test_no_error_repeats_a_secret(arguments: list[str]) -> None:
    result = run(*arguments)
    assert result.code == 2
    assert "s3cret" not in result.output + result.errors


def test_credentials_stay_at_the_deployments_own_origin() -> None:
    other = Proxy(on_uvicorn(service()))
    with recorded(other) as (elsewhere, asked), served(Proxy(on_uvicorn(service()))) as port:
        docs = f"http://127.0.0.1:{elsewhere}/items/docs"
        run(f"http://127.0.0.1:{port}/items", "--docs", docs, "--header", "Cookie: mine")
    assert asked
    assert not any("cookie" in headers for _, headers in asked)


def streaming() -> FastAPI:
    app = service()

    @app.get("/ticks")
    async def ticks() -> StreamingResponse:
        async def forever() -> AsyncIterator[bytes]:
            while True:
                yield b": tick\n\n"
                await asyncio.sleep(0.2)

        return StreamingResponse(forever(), media_type="text/event-stream")

    return first(app)


def test_a_route_that_streams_events_holds_nothing_up() -> None:
    begun = time.monotonic()
    with served(Proxy(on_uvicorn(streaming()))) as port:
        result = run(f"http://127.0.0.1:{port}/items", "--json")
    assert time.monotonic() - begun < 6
    assert result.code == 0


def test_the_whole_has_a_deadline_and_the_report_says_so() -> None:
    inner = Proxy(on_uvicorn(service()))

    async def slow(scope: Scope, receive: Receive, send: Send) -> None:
        await asyncio.sleep(0.25)
        await inner(scope, receive, send)

    begun = time.monotonic()
    with served(slow) as port:
        result = run(f"http://127.0.0.1:{port}/items", "--deadline", "2", "--json")
    assert time.monotonic() - begun < 4
    assert "After 2 seconds" in result.report["notes"][-1]


def silent_about_itself() -> ASGIApp:
    """Return a service that names its address nowhere, so that nobody sees which headers it believes."""
    app = FastAPI(servers=[{"url": "."}], root_path_in_servers=False, redirect_slashes=False)
    app.add_api_route("/things", nothing)
    return app


def test_what_forged_headers_do_is_not_called_clean_where_it_cannot_be_seen() -> None:
    with served(silent_about_itself()) as port:
        url = f"http://127.0.0.1:{port}"
        told = run(url, "--ignore", "third-party-assets")
        report = run(url, "--json").report
    assert any("was not seen" in sentence for sentence in report["unseen"])
    assert told.output.endswith("Nothing found in what could be seen.\n")


def test_a_few_requests_go_together_and_never_more() -> None:
    under_way, most = 0, 0

    async def slow(scope: Scope, receive: Receive, send: Send) -> None:
        nonlocal under_way, most
        under_way += 1
        most = max(most, under_way)
        await asyncio.sleep(0.05)
        await PlainTextResponse("yes")(scope, receive, send)
        under_way -= 1

    with served(slow) as port, Deployment(f"http://127.0.0.1:{port}", limit=9) as deployment:
        urls = [f"http://127.0.0.1:{port}/{number}" for number in range(12)]
        deployment.prefetch(urls)
        assert deployment.requests == 9
        assert [answer.url for answer in deployment.answers] == urls[:9]
        assert deployment.get(urls[0]) is deployment.answers[0]
    assert 1 < most <= AT_ONCE


def test_no_cookie_of_an_answer_goes_with_another_request() -> None:
    setting = PlainTextResponse("yes", headers={"set-cookie": "session=1; Path=/"})
    with recorded(setting) as (port, asked), Deployment(f"http://127.0.0.1:{port}") as deployment:
        deployment.prefetch(f"http://127.0.0.1:{port}/{number}" for number in range(8))
        deployment.get(f"http://127.0.0.1:{port}/last")
    assert len(asked) == 9
    assert not any("cookie" in headers for _, headers in asked)


def test_a_dashboard_is_not_asked_for_docs_that_it_cannot_have() -> None:
    with recorded(Proxy(streamlit("/items"), strips=False)) as (port, asked):
        run(f"http://127.0.0.1:{port}/items")
    assert not {"/items/docs", "/items/redoc", "/items/openapi.json"} & {path for path, _ in asked}


def test_progress_is_told_on_a_terminal_only() -> None:
    with served(Proxy(on_uvicorn(service()))) as port:
        assert run(f"http://127.0.0.1:{port}/items").errors == ""
        told = run(f"http://127.0.0.1:{port}/items", terminal=True).errors
    assert "redirects" in told
    assert told.endswith("\r\x1b[K"), "the line is taken away again"
