"""A small service on the chassis, with a route for each way in which one can go wrong."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Annotated

import httpx2
import pytest
from fastapi import APIRouter, FastAPI, Header, Response, Security
from pydantic import BaseModel, ConfigDict, Field
from starlette.exceptions import HTTPException

from gatehouse_chassis.application import create_service
from gatehouse_chassis.auth.access_tokens import AccessTokenVerifier, Principal
from gatehouse_chassis.auth.bearer import Bearer, protected
from gatehouse_chassis.database import DatabaseUnavailable, InvalidValue, WritesRefused
from gatehouse_chassis.http.problems import Conflict
from gatehouse_chassis.settings import ServiceSettings
from testing.apps import running
from testing.clocks import SettableClock
from testing.databases import database_url, postgresql, postgresql_database  # noqa: F401  # fixtures
from testing.tokens import TestIssuer

bearer = Bearer(auth_url="../auth/", scopes={"probe:read": "Read", "probe:write": "Write"})
router = APIRouter()


class Thing(BaseModel):
    name: str = Field(max_length=10)
    sizes: list[int] = []


@router.post("/things/{thing_id:int}")
async def check(
    thing_id: int, thing: Thing, limit: int = 1, x_depth: Annotated[int, Header()] = 0
) -> Thing:
    return thing


class Closed(BaseModel):
    model_config = ConfigDict(extra="forbid")


@router.post("/closed")
async def closed(nothing: Closed) -> None:
    return None


@router.get("/me", responses=protected())
async def me(principal: Annotated[Principal, Security(bearer, scopes=["probe:read"])]) -> str:
    return principal.subject


@router.put("/me", responses=protected())
async def both(
    principal: Annotated[Principal, Security(bearer, scopes=["probe:read", "probe:write"])],
) -> str:
    return principal.subject


@router.get("/bug")
async def bug() -> None:
    raise ZeroDivisionError("the password is hunter2")


@router.get("/database-down")
async def database_down() -> None:
    raise DatabaseUnavailable("db.internal:5432 refuses connections")


@router.get("/database-read-only")
async def database_read_only() -> None:
    raise WritesRefused("db.internal:5432 is a replica")


@router.get("/invalid-value")
async def invalid_value() -> None:
    raise InvalidValue("NumericValueOutOfRangeError")


@router.get("/conflict")
async def conflict() -> None:
    raise Conflict("It exists already.")


@router.get("/teapot")
async def teapot() -> None:
    raise HTTPException(418)


@router.get("/nothing", status_code=204)
async def nothing() -> None:
    return None


@router.get("/moved")
async def moved() -> Response:
    return Response(status_code=303, headers={"Location": "/probe/me"})


deep = APIRouter()


@deep.get("/things/{thing_id}")
async def deep_thing(thing_id: str) -> str:
    return thing_id


async def _always_ready() -> None:
    return None


@pytest.fixture
def clock() -> SettableClock:
    return SettableClock()


@pytest.fixture
def issuer(clock: SettableClock) -> TestIssuer:
    return TestIssuer(clock=clock)


@pytest.fixture
def settings(tmp_path: Path) -> ServiceSettings:
    return ServiceSettings(
        root_path="/probe",
        bind="127.0.0.1:8000",
        database_url=f"sqlite:///{tmp_path}/probe.db",
        state_dir=tmp_path,
        public_url="http://localhost:8080",
    )


@pytest.fixture
def app(settings: ServiceSettings, issuer: TestIssuer, clock: SettableClock) -> FastAPI:
    outer = APIRouter(prefix="/outer")
    outer.include_router(deep, prefix="/inner")
    return create_service(
        settings,
        name="probe",
        title="Probe",
        description="A service for the tests.",
        routers=[router, outer],
        token_verifier=AccessTokenVerifier(
            issuer=issuer.url, audience="probe", keys=issuer, clock=clock
        ),
        scopes=bearer.scopes,
        ready_when={"database": _always_ready},
    )


@pytest.fixture
async def client(app: FastAPI) -> AsyncIterator[httpx2.AsyncClient]:
    async with running(app, base_url="http://localhost:8080/probe") as client:
        yield client
