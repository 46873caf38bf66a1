"""What is planned answers as FastAPI does: the same application is asked with plans and without."""

from collections.abc import AsyncIterator, Iterator
from typing import Annotated, Any, NamedTuple
from uuid import UUID

import httpx2
import pytest
from fastapi import (
    APIRouter,
    Body,
    Cookie,
    Depends,
    FastAPI,
    Header,
    HTTPException,
    Query,
    Request,
    Response,
    Security,
)
from fastapi.security import SecurityScopes
from pydantic import BaseModel
from starlette.responses import PlainTextResponse
from starlette.routing import Mount

from auth_service.main import create_app as create_auth
from gatehouse_chassis.serving.planned_routes import PlannedRoutes
from tests.auth_service.databases import settings_for

ITEM = "01890a5d-ac96-774b-bcce-b302099a8057"


class Thing(BaseModel):
    id: UUID
    name: str = "no name"


class Optional(BaseModel):
    first: str | None = None
    second: str = "second"
    secret: str = "secret"


class Row(NamedTuple):
    id: UUID
    name: str


calls: list[str] = []


async def get_counted(request: Request, n: Annotated[int, Query(ge=0)] = 0) -> int:
    calls.append(f"counted {request.url.path}")
    return n


Counted = Annotated[int, Depends(get_counted)]


async def get_left(counted: Counted) -> str:
    calls.append("left")
    return f"left {counted}"


async def get_right(counted: Counted, token: Annotated[str, Header(alias="X-Token")]) -> str:
    calls.append("right")
    return f"right {counted} {token}"


async def get_scopes(scopes: SecurityScopes) -> str:
    return scopes.scope_str


async def get_inner_scopes(inner: Annotated[str, Security(get_scopes, scopes=["inner"])]) -> str:
    return inner


async def get_uncached() -> int:
    calls.append("uncached")
    return len(calls)


async def get_with_yield() -> AsyncIterator[str]:
    yield "yielded"


def get_sync() -> str:
    return "sync"


class CallableDependency:
    async def __call__(self, color: Annotated[str | None, Cookie()] = None) -> str:
        return f"{color}"


router = APIRouter()
within = APIRouter(prefix="/within", dependencies=[Depends(get_left)])


@router.get("/things/{thing_id:uuid}", response_model=Thing)
async def read_thing(thing_id: UUID, request: Request, response: Response) -> Row:
    response.headers["ETag"] = '"1"'
    response.headers.append("Link", f"<{request.url_for('read_thing', thing_id=thing_id)}>")
    response.headers.append("Link", f"<{request.scope['route'].path}>")
    return Row(thing_id, request.path_params["thing_id"].hex)


@router.get("/things/special", response_model=Thing)
async def read_special(response: Response) -> Thing:
    response.status_code = 203
    return Thing(id=UUID(ITEM))


@router.get("/numbers/{number}", response_model=list[int])
async def read_numbers(number: int, more: Annotated[list[int] | None, Query()] = None) -> list[int]:
    return [number, *(more or [])]


@router.get("/shared", response_model=list[str])
async def read_shared(
    left: Annotated[str, Depends(get_left)], right: Annotated[str, Depends(get_right)]
) -> list[str]:
    return [left, right]


@router.get("/scopes", response_model=list[str])
async def read_scopes(
    outer: Annotated[str, Security(get_inner_scopes, scopes=["outer"])],
    plain: Annotated[str, Security(get_scopes, scopes=["a", "b"])],
) -> list[str]:
    return [outer, plain]


@router.get("/uncached", response_model=list[int])
async def read_uncached(
    first: Annotated[int, Depends(get_uncached, use_cache=False)],
    second: Annotated[int, Depends(get_uncached, use_cache=False)],
) -> list[int]:
    return [second - first]


@router.get("/own-response", response_model=Thing)
async def read_own_response() -> Response:
    return PlainTextResponse("mine", 202)


@router.get(
    "/partly",
    response_model=Optional,
    response_model_exclude_none=True,
    response_model_exclude={"secret"},
)
async def read_partly() -> Optional:
    return Optional()


@router.get("/refused", response_model=Thing)
async def read_refused() -> Thing:
    raise HTTPException(418, "short and stout", headers={"X-Kind": "teapot"})


@router.get("/yielded", response_model=str)
async def read_yielded(value: Annotated[str, Depends(get_with_yield)]) -> str:
    return value


@router.get("/sync", response_model=str)
async def read_sync(value: Annotated[str, Depends(get_sync)]) -> str:
    return value


@router.get("/cookie", response_model=str)
async def read_cookie(value: Annotated[str, Depends(CallableDependency())]) -> str:
    return value


@router.post("/things", response_model=Thing, status_code=201)
async def create_thing(thing: Annotated[Thing, Body()]) -> Thing:
    return thing


@router.post("/form", response_model=str, status_code=201)
async def read_form(request: Request) -> str:
    return (await request.body()).decode()


@router.delete("/things/{thing_id}", status_code=204)
async def delete_thing(thing_id: UUID) -> None:
    calls.append(str(thing_id))


@router.get("/broken", response_model=Thing)
async def read_broken() -> dict[str, str]:
    return {"id": "none"}


@within.get("/echo", response_model=str)
async def read_within(q: str = "nothing") -> str:
    return q


ASKED = [
    ("GET", f"/things/{ITEM}", {}),
    ("GET", "/things/special", {}),
    ("GET", "/things/nothing", {}),
    ("GET", "/things/", {}),
    ("HEAD", f"/things/{ITEM}", {}),
    ("PUT", f"/things/{ITEM}", {}),
    ("OPTIONS", "/shared", {}),
    ("GET", "/numbers/7", {}),
    ("GET", "/numbers/7?more=1&more=2", {}),
    ("GET", "/numbers/seven?more=one", {}),
    ("GET", "/shared?n=3", {"X-Token": "t"}),
    ("GET", "/shared?n=3", {}),
    ("GET", "/shared?n=-1", {}),
    ("GET", "/shared?n=many", {"X-Token": "t"}),
    ("GET", "/scopes", {}),
    ("GET", "/uncached", {}),
    ("GET", "/own-response", {}),
    ("GET", "/partly", {}),
    ("GET", "/refused", {}),
    ("GET", "/yielded", {}),
    ("GET", "/sync", {}),
    ("GET", "/cookie", {"Cookie": "color=red"}),
    ("GET", "/cookie", {}),
    ("POST", "/things", {"Content-Type": "application/json"}),
    ("POST", "/form", {"Content-Type": "application/x-www-form-urlencoded"}),
    ("DELETE", f"/things/{ITEM}", {}),
    ("DELETE", "/things/1", {}),
    ("GET", "/broken", {}),
    ("GET", "/within/echo", {}),
    ("GET", "/within/echo?q=1&n=x", {}),
    ("GET", "/mounted/things/special", {}),
    ("GET", "/nowhere", {}),
]


def make(*, planned: bool) -> FastAPI:
    app = FastAPI()
    mounted = FastAPI()
    mounted.include_router(router)
    app.router.routes.append(Mount("/mounted", mounted))
    app.include_router(router)
    app.include_router(within)
    if planned:
        app.router.middleware_stack = PlannedRoutes(app, app.router.middleware_stack)
    return app


def asking(app: FastAPI, root_path: str = "") -> httpx2.AsyncClient:
    transport = httpx2.ASGITransport(app, raise_app_exceptions=False, root_path=root_path)
    return httpx2.AsyncClient(transport=transport, base_url="http://service.example")


def planned_in(app: FastAPI) -> set[str]:
    return {
        f"{'/'.join(sorted(route.methods))} {route.context.path}"
        for route in PlannedRoutes(app, app.router)._routes
        if route.plan
    }


@pytest.fixture(autouse=True)
def no_calls() -> Iterator[None]:
    calls.clear()
    yield
    calls.clear()


@pytest.mark.parametrize(("method", "path", "headers"), ASKED)
@pytest.mark.parametrize("root_path", ["", "/outer/items"])
async def test_a_planned_route_answers_as_fastapi_does(
    method: str, path: str, headers: dict[str, str], root_path: str
) -> None:
    seen: list[Any] = []
    for planned in (False, True):
        calls.clear()
        async with asking(make(planned=planned), root_path) as client:
            answer = await client.request(
                method, root_path + path, headers=headers, content=b'{"id": "%s"}' % ITEM.encode()
            )
        seen.append(
            (answer.status_code, sorted(answer.headers.multi_items()), answer.content, [*calls])
        )
    assert seen[0] == seen[1]


def test_what_fastapi_is_needed_for_is_not_planned() -> None:
    assert planned_in(make(planned=False)) == {
        "GET /things/{thing_id:uuid}",
        "GET /things/special",
        "GET /numbers/{number}",
        "GET /shared",
        "GET /scopes",
        "GET /uncached",
        "GET /own-response",
        "GET /partly",
        "GET /refused",
        "GET /cookie",
        "GET /broken",
        "POST /form",
        "GET /within/echo",
    }


async def test_a_dependency_that_two_others_share_runs_once() -> None:
    async with asking(make(planned=True)) as client:
        await client.get("/shared", headers={"X-Token": "t"})
    assert calls == ["counted /shared", "left", "right"]


async def test_an_overridden_dependency_is_used() -> None:
    app = make(planned=True)
    app.dependency_overrides[get_left] = lambda: "mine"
    async with asking(app) as client:
        answer = await client.get("/shared", headers={"X-Token": "t"})
    assert answer.json() == ["mine", "right 0 t"]


async def test_a_route_that_is_declared_first_wins_also_when_it_is_not_planned() -> None:
    app = FastAPI()

    @app.get("/{name}", response_model=str)
    def read_any(name: str) -> str:
        return f"any {name}"

    @app.get("/known", response_model=str)
    async def read_known() -> str:
        return "known"

    app.router.middleware_stack = PlannedRoutes(app, app.router.middleware_stack)
    async with asking(app) as client:
        assert (await client.get("/known")).json() == "any known"


def test_the_routes_of_auth_that_are_asked_most_are_planned() -> None:
    auth = create_auth(settings_for("sqlite:///:memory:"))
    assert {"POST /token", "GET /users/me"} <= planned_in(auth)
