"""Logs and metrics name the template of the route, also of one in an application that is mounted."""

import httpx2
import pytest
from fastapi import APIRouter, FastAPI, WebSocket
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles
from starlette.testclient import TestClient
from starlette.types import ASGIApp, Receive, Scope, Send
from structlog.testing import capture_logs

from testing.apps import client_of

BASE = "http://localhost:8080/probe"


async def page(request: object) -> PlainTextResponse:
    return PlainTextResponse("x")


async def bare(scope: Scope, receive: Receive, send: Send) -> None:
    await PlainTextResponse("x")(scope, receive, send)


class Wrapped:
    """A middleware of somebody else: it shows no routes of the application inside it."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self._app(scope, receive, send)


def admin() -> FastAPI:
    """A sub-application as people write them, with a router of its own and one more application below it."""
    router = APIRouter(prefix="/users")

    @router.get("/{user_id}")
    async def user(user_id: int) -> int:
        return user_id

    app = FastAPI(telemetry={"tracing": False, "metrics": False, "logs": False})
    app.include_router(router)
    app.mount("/deep", Starlette(routes=[Mount("/er", routes=[Route("/{name}", page)])]))
    return app


async def route_of(app: FastAPI, path: str, **headers: str) -> tuple[int, str]:
    with capture_logs() as lines:
        async with client_of(app, BASE) as client:
            answer: httpx2.Response = await client.get(path, headers=headers)
    [route] = [line["route"] for line in lines if line["event"] == "request"]
    return answer.status_code, route


@pytest.mark.parametrize(
    ("path", "status", "route"),
    [
        ("/admin/users/7", 200, "/admin/users/{user_id}"),
        ("/admin/users/7/", 200, "/admin/users/{user_id}"),
        ("/admin/users/x", 422, "/admin/users/{user_id}"),
        ("/admin/nowhere", 404, "/admin/{path}"),
        ("/admin/deep/er/x", 200, "/admin/deep/er/{name}"),
        ("/tenants/7/users/7", 200, "/tenants/{tenant}/users/{user_id}"),
        ("/files/test_route_templates.py", 200, "/files/{path}"),
        ("/files/nothing", 404, "/files/{path}"),
        ("/bare/x", 200, "/bare/{path}"),
        ("/wrapped/users/7", 200, "/wrapped/{path}"),
        ("/wrapped/nowhere", 404, "/wrapped/{path}"),
        ("/again/users/7", 200, "/again/users/{user_id}"),
        ("/nowhere", 404, "unmatched"),
    ],
)
@pytest.mark.parametrize("outer", ["", "/outer"])
async def test_what_is_mounted_is_named_by_its_template(
    app: FastAPI, path: str, status: int, route: str, outer: str
) -> None:
    mounted = admin()
    app.mount("/tenants/{tenant:int}", admin())
    app.mount("/again", mounted)
    app.mount("/admin", mounted)
    app.mount("/files", StaticFiles(directory="tests/gatehouse_chassis/http"))
    app.mount("/bare", bare)
    app.mount("/wrapped", Wrapped(admin()))
    headers = {"X-Forwarded-Prefix": outer} if outer else {}
    assert await route_of(app, path, **headers) == (status, route)


async def test_a_function_with_two_routes_is_named_by_the_one_that_was_asked(app: FastAPI) -> None:
    async def both() -> str:
        return "x"

    app.add_api_route("/new", both)
    app.add_api_route("/old/{way}", both)
    assert await route_of(app, "/new") == (200, "/new")
    assert await route_of(app, "/new/") == (200, "/new")
    assert await route_of(app, "/old/x") == (200, "/old/{way}")


def test_a_websocket_of_a_mounted_application_is_named_too(app: FastAPI) -> None:
    mounted = FastAPI()

    @mounted.websocket("/rooms/{room}")
    async def room(websocket: WebSocket) -> None:
        await websocket.accept()
        await websocket.close()

    app.mount("/live", mounted)
    with (
        capture_logs() as lines,
        TestClient(app, client=("127.0.0.1", 1)).websocket_connect("/live/rooms/7"),
    ):
        pass
    assert [line["route"] for line in lines if line["event"] == "request"] == ["/live/rooms/{room}"]
