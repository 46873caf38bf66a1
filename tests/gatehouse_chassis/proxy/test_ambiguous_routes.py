"""A route that the public prefix could be mistaken for is refused before the first request."""

from collections.abc import Callable
from pathlib import Path

import pytest
from fastapi import APIRouter, FastAPI, WebSocket
from fastapi.staticfiles import StaticFiles

from gatehouse_chassis.proxy.route_check import refuse_ambiguous_routes


async def _nothing() -> None:
    """The endpoint of every route here."""


async def _websocket(websocket: WebSocket) -> None:
    await websocket.close()


def _with_route(path: str) -> FastAPI:
    app = FastAPI()
    app.get(path)(_nothing)
    return app


@pytest.mark.parametrize(
    ("path", "root_path"),
    [
        ("/items", "/items"),
        ("/items/", "/items"),
        ("/items/all", "/items"),
        ("/items/all/{item_id:uuid}", "/items"),
        ("/{name}", "/items"),
        ("/{name}/", "/items"),
        ("/{name}/{number:int}/{key:uuid}", "/items"),
        ("/{name}s/x", "/items"),
        ("/it{name}", "/items"),
        ("/{path:path}", "/items"),
        ("/{path:path}.txt", "/items"),
        ("/{path:path}/edit", "/items"),
        ("/it{path:path}/edit", "/items"),
        ("/{path:path}/edit", "/a/b"),
        ("/a/{name}", "/a/b"),
        ("/a/b/c", "/a/b"),
        ("/{path:path}/b/{name}", "/a/b"),
        ("/{number:int}", "/7"),
    ],
)
def test_a_route_that_can_begin_with_the_prefix_is_refused(path: str, root_path: str) -> None:
    with pytest.raises(ValueError, match=r"not be told apart\. Choose another prefix") as refusal:
        refuse_ambiguous_routes(_with_route(path), root_path)
    assert repr(path) in str(refusal.value)
    assert repr(root_path) in str(refusal.value)


@pytest.mark.parametrize(
    ("path", "root_path"),
    [
        ("/", "/items"),
        ("/itemsx", "/items"),
        ("/items-{name}", "/items"),
        ("/item/{name}", "/items"),
        ("/{item_id:uuid}", "/items"),
        ("/{number:int}/x", "/items"),
        ("/files/{path:path}", "/items"),
        ("/files/{path:path}", "/files2/b"),
        ("/a", "/a/b"),
        ("/{name}", "/a/b"),
        ("/items", ""),
        ("/{path:path}", ""),
    ],
)
def test_a_route_that_cannot_begin_with_the_prefix_is_accepted(path: str, root_path: str) -> None:
    refuse_ambiguous_routes(_with_route(path), root_path)


def _included(app: FastAPI) -> None:
    inner, outer = APIRouter(), APIRouter()
    inner.get("/all")(_nothing)
    outer.include_router(inner, prefix="/items")
    app.include_router(outer)


def _in_a_mount(app: FastAPI) -> None:
    sub = FastAPI(openapi_url=None)
    sub.get("/b/{name}")(_nothing)
    app.mount("/{name}", sub)


def _in_a_mount_of_a_router(app: FastAPI) -> None:
    router = APIRouter()
    router.mount("/b", _with_route("/x"))
    app.include_router(router, prefix="/items")


def _on_a_host(app: FastAPI) -> None:
    app.host("api.example.com", _with_route("/items/x"))


def _a_websocket(app: FastAPI) -> None:
    app.websocket("/items/ws")(_websocket)


def _a_mount_at_the_prefix(app: FastAPI) -> None:
    app.mount("/items", _with_route("/x"))


@pytest.mark.parametrize(
    ("add", "root_path"),
    [
        (_included, "/items"),
        (_in_a_mount, "/a/b"),
        (_in_a_mount_of_a_router, "/items"),
        (_on_a_host, "/items"),
        (_a_websocket, "/items"),
        (_a_mount_at_the_prefix, "/items"),
    ],
)
def test_routes_are_found_wherever_they_are(add: Callable[[FastAPI], None], root_path: str) -> None:
    app = FastAPI()
    add(app)
    with pytest.raises(ValueError, match="also matches"):
        refuse_ambiguous_routes(app, root_path)


def test_an_application_mounted_at_the_root_is_judged_by_its_routes() -> None:
    app = FastAPI()
    app.mount("", _with_route("/{item_id:uuid}"))
    refuse_ambiguous_routes(app, "/items")


def test_files_mounted_at_the_root_can_have_any_path(tmp_path: Path) -> None:
    app = FastAPI()
    app.mount("", StaticFiles(directory=tmp_path))
    with pytest.raises(ValueError, match=r"'/\{path:path\}' also matches '/items"):
        refuse_ambiguous_routes(app, "/items")
