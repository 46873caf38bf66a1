"""One middleware around any ASGI application: right behind proxies that strip, keep, nest, or say nothing."""

import subprocess
import sys
from typing import Any

import httpx2
import pytest
from fastapi import FastAPI, WebSocket
from fastapi.testclient import TestClient
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse
from starlette.routing import Route
from starlette.testclient import WebSocketDenialResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from gatehouse_chassis import PublicPrefixMiddleware

WAYS = {
    "alone": ("/", {}, "http://notes.test/notes/", ""),
    "stripped": ("/", {}, "http://notes.test/notes/", ""),
    "kept": ("/notes/", {}, "http://notes.test/notes/", ""),
    "nested, announced": (
        "/notes/",
        {"X-Forwarded-Prefix": "/outer", "X-Forwarded-Proto": "https"},
        "https://notes.test/outer/notes/",
        "/outer",
    ),
}


async def tell(request: Request) -> JSONResponse:
    return JSONResponse(
        {"url": str(request.url), "for": str(request.url_for("tell")), "client": request.client}
    )


async def redirect(request: Request) -> RedirectResponse:
    return RedirectResponse(request.url_for("tell"))


def starlette_app() -> Starlette:
    app = Starlette(routes=[Route("/", tell, name="tell"), Route("/away", redirect)])
    app.add_middleware(PublicPrefixMiddleware, root_path="/notes", trusted_proxies=["127.0.0.1"])
    return app


async def get(
    app: ASGIApp, path: str, headers: dict[str, str] | None = None, peer: str = "127.0.0.1"
) -> httpx2.Response:
    transport = httpx2.ASGITransport(app, client=(peer, 1))
    async with httpx2.AsyncClient(transport=transport, base_url="http://notes.test") as client:
        return await client.get(path, headers=headers)


@pytest.mark.parametrize("way", WAYS)
async def test_urls_are_those_of_the_client(way: str) -> None:
    path, headers, url, _ = WAYS[way]
    answer = await get(starlette_app(), path, headers)
    assert answer.json()["url"] == url
    assert answer.json()["for"] == url


@pytest.mark.parametrize(("path", "location"), [("/away", "./"), ("/notes/away", "./")])
async def test_a_redirect_is_relative(path: str, location: str) -> None:
    assert (await get(starlette_app(), path)).headers["location"] == location


async def test_a_stranger_changes_nothing_by_headers() -> None:
    headers = {"X-Forwarded-Prefix": "/evil", "X-Forwarded-Host": "evil.example"}
    answer = await get(starlette_app(), "/", headers, peer="192.0.2.1")
    assert answer.json()["url"] == "http://notes.test/notes/"


async def test_a_header_that_has_no_meaning_is_a_bad_request() -> None:
    answer = await get(starlette_app(), "/", {"X-Forwarded-Proto": "gopher"})
    assert (answer.status_code, answer.json()["code"]) == (400, "bad_request")


async def test_it_stands_around_a_bare_asgi_function() -> None:
    async def bare(scope: Scope, _receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        body = f"{scope['root_path']} {scope['path']}".encode()
        await send({"type": "http.response.body", "body": body})

    app = PublicPrefixMiddleware(bare, root_path="/notes")
    assert (await get(app, "/a")).text == "/notes /notes/a"
    assert (await get(app, "/notes/a")).text == "/notes /notes/a"


def test_websockets_and_the_lifespan_pass() -> None:
    began: list[str] = []
    app = FastAPI(on_startup=[lambda: began.append("yes")])

    @app.websocket("/live")
    async def live(websocket: WebSocket) -> None:
        await websocket.accept()
        await websocket.send_text(str(websocket.url))
        await websocket.close()

    app.add_middleware(PublicPrefixMiddleware, root_path="/notes", trusted_proxies=[])
    with TestClient(app) as client:
        with client.websocket_connect("/notes/live") as socket:
            assert socket.receive_text() == "ws://testserver/notes/live"
        with (
            pytest.raises(WebSocketDenialResponse),
            client.websocket_connect("/live", headers={"Host": "a b"}),
        ):
            pass
    assert began == ["yes"]


def test_a_route_that_begins_with_the_prefix_is_refused_when_the_server_starts() -> None:
    app = Starlette(routes=[Route("/notes/all", tell)])
    app.add_middleware(PublicPrefixMiddleware, root_path="/notes")
    with pytest.raises(ValueError, match="the route '/notes/all' also matches"), TestClient(app):
        pass


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        ({"root_path": "/a/../b"}, "it must be a path such as /items"),
        ({"trusted_proxies": ["*"]}, "would let every client choose its own address"),
        ({"trusted_proxies": ["nginx"]}, "names are not looked up"),
    ],
)
async def test_what_could_not_work_is_refused(options: dict[str, Any], reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        PublicPrefixMiddleware(starlette_app(), **options)


def test_importing_it_loads_no_database_and_no_server() -> None:
    code = (
        "import sys; from gatehouse_chassis import PublicPrefixMiddleware, ResourceServer, add_docs, add_problems\n"
        "print(*sorted({name.partition('.')[0] for name in sys.modules}))"
    )
    loaded = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    ).stdout.split()
    optional = {"sqlalchemy", "asyncpg", "sqlite3", "alembic", "structlog", "prometheus_client"}
    assert optional.isdisjoint(loaded)
    assert {"gunicorn", "uvicorn", "pydantic_settings", "argon2"}.isdisjoint(loaded)
