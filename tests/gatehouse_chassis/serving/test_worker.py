"""What a worker works out of the application before it serves it."""

from fastapi import APIRouter, FastAPI, WebSocket
from fastapi.staticfiles import StaticFiles
from starlette.types import Receive, Scope, Send

from gatehouse_chassis.serving.worker import takes_websockets


async def talk(websocket: WebSocket) -> None:
    await websocket.close()


async def of_somebody_else(scope: Scope, receive: Receive, send: Send) -> None:
    """An ASGI application that shows no routes."""


def test_websockets_are_found_at_any_depth() -> None:
    app, mounted, deep = FastAPI(), FastAPI(), FastAPI()
    router = APIRouter(prefix="/deep")
    router.add_api_websocket_route("/talk", talk)
    deep.include_router(router)
    mounted.mount("/b", deep)
    assert not takes_websockets(app)
    app.mount("/a", mounted)
    assert takes_websockets(app)


def test_what_shows_no_routes_may_take_websockets_and_files_do_not() -> None:
    app = FastAPI()
    app.mount("/files", StaticFiles(directory="."))
    assert not takes_websockets(app)
    app.mount("/other", of_somebody_else)
    assert takes_websockets(app)
