"""The document that every service publishes, and what the chassis refuses at start."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated, Any

import httpx2
import pytest
from fastapi import APIRouter, Depends, FastAPI
from openapi_spec_validator import OpenAPIV31SpecValidator
from sqlalchemy import text

from gatehouse_chassis.application import create_service
from gatehouse_chassis.auth.access_tokens import AccessTokenVerifier
from gatehouse_chassis.database import Database, get_database
from gatehouse_chassis.database.sqlite import SQLiteDatabase
from gatehouse_chassis.http.problems import Conflict
from gatehouse_chassis.settings import ServiceSettings, SettingsError
from testing.apps import running
from testing.tokens import TestIssuer


def _create(settings: ServiceSettings, **options: Any) -> FastAPI:
    issuer = TestIssuer()
    verifier = AccessTokenVerifier(issuer=issuer.url, audience="probe", keys=issuer)
    described = {"name": "probe", "title": "Probe", "description": "Probe.", "routers": []}
    return create_service(
        settings, **{**described, "token_verifier": verifier, "ready_when": {}, **options}
    )


async def test_the_document_is_openapi_3_1_and_knows_no_host(client: httpx2.AsyncClient) -> None:
    document = (await client.get("/openapi.json")).json()
    OpenAPIV31SpecValidator(document).validate()
    assert document["openapi"].startswith("3.1.")
    assert document["servers"] == [{"url": "."}]
    assert "localhost" not in str(document)


async def test_the_document_is_the_same_under_every_prefix(client: httpx2.AsyncClient) -> None:
    plain = await client.get("/openapi.json")
    outer = await client.get("/openapi.json", headers={"X-Forwarded-Prefix": "/outer"})
    assert outer.json() == plain.json()


def test_every_operation_says_that_it_may_answer_with_a_problem(app: FastAPI) -> None:
    document = app.openapi()
    for path in document["paths"].values():
        for operation in path.values():
            default = operation["responses"]["default"]["content"]["application/problem+json"]
            assert default["schema"] == {"$ref": "#/components/schemas/ProblemDetails"}
    assert "HTTPValidationError" not in document["components"]["schemas"]


async def test_in_a_test_an_application_starts_at_once_whatever_it_lacks(
    settings: ServiceSettings,
) -> None:
    looked = asyncio.Event()

    async def never() -> None:
        looked.set()
        raise ConnectionError

    async with running(_create(settings, ready_when={"issuer": never})) as client:
        assert not looked.is_set()
        assert (await client.get("/health/ready")).status_code == 503


def test_a_route_that_looks_like_the_prefix_is_refused(settings: ServiceSettings) -> None:
    router = APIRouter()
    router.add_api_route("/probe/things", lambda: None)
    with pytest.raises(
        SettingsError, match="ROOT_PATH cannot be '/probe': the route '/probe/things'"
    ):
        _create(settings, routers=[router])


class OutOfStock(Exception):
    """An error of a domain that knows no HTTP."""


class SoldOut(OutOfStock):
    """A kind of it."""


@pytest.mark.parametrize("error", [OutOfStock, SoldOut])
async def test_an_error_of_the_domain_is_answered_as_the_table_says(
    settings: ServiceSettings, error: type[Exception]
) -> None:
    router = APIRouter()

    @router.get("/lamp")
    async def lamp() -> None:
        raise error("There are no lamps.")

    app = _create(settings, routers=[router], errors={OutOfStock: Conflict})
    async with running(app) as client:
        answer = await client.get("/lamp")
    assert (answer.status_code, answer.json()["code"]) == (409, "conflict")
    assert answer.json()["detail"] == "There are no lamps."


async def test_the_database_is_given_to_routes_and_closed_at_the_end(
    settings: ServiceSettings,
) -> None:
    router = APIRouter()

    @router.get("/one")
    async def one(database: Annotated[Database, Depends(get_database)]) -> Any:
        return dict(await database.fetch_one(text("SELECT 1 AS one")) or {})

    class Watched(SQLiteDatabase):
        is_closed = False

        async def close(self) -> None:
            await super().close()
            self.is_closed = True

    database = Watched(settings.database_url)
    async with running(_create(settings, routers=[router], database=database)) as client:
        assert (await client.get("/one")).json() == {"one": 1}
        assert (await client.get("/health/ready")).json()["checks"] == {
            "database": "ok",
            "writes": "ok",
        }
        assert not database.is_closed
    assert database.is_closed


async def test_the_lifespan_of_a_router_runs_with_the_service(settings: ServiceSettings) -> None:
    events: list[str] = []

    @asynccontextmanager
    async def lifespan(_: object) -> AsyncIterator[None]:
        events.append("starts")
        yield
        events.append("ends")

    router = APIRouter(lifespan=lifespan)
    router.add_api_route("/", lambda: None)
    async with running(_create(settings, routers=[router])):
        assert events == ["starts"]
    assert events == ["starts", "ends"]


async def test_what_runs_beside_the_service_ends_with_it(settings: ServiceSettings) -> None:
    events: list[str] = []

    async def work() -> None:
        events.append("starts")
        try:
            await asyncio.Event().wait()
        finally:
            events.append("ends")

    async def close() -> None:
        events.append("closes")

    app = _create(settings, background=[work], on_close=[close])
    async with running(app) as client:
        await client.get("/health/live")
        await asyncio.sleep(0)
        assert events == ["starts"]
    assert events == ["starts", "ends", "closes"]


async def test_nothing_is_redirected_for_a_slash(client: httpx2.AsyncClient) -> None:
    answer = await client.get("/outer/inner/things/1/")
    assert answer.status_code == 200


async def test_what_a_router_brings_for_start_and_stop_runs(settings: ServiceSettings) -> None:
    events: list[str] = []

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        events.append("starts")
        yield
        events.append("ends")

    router = APIRouter(lifespan=lifespan)
    router.include_router(APIRouter(on_startup=[lambda: events.append("handler")]))
    async with running(_create(settings, routers=[router])):
        assert events == ["starts", "handler"]
    assert events == ["starts", "handler", "ends"]


@pytest.mark.parametrize("path", ["/probe", "/probe/deeper", "/{name}"])
async def test_a_mount_that_comes_late_is_judged_like_a_route(
    settings: ServiceSettings, path: str
) -> None:
    app = _create(settings)
    app.mount(path, FastAPI())
    with pytest.raises(SettingsError, match="ROOT_PATH cannot be '/probe': the route"):
        async with running(app) as client:
            await client.get("/health/live")


async def test_a_mount_at_the_prefix_is_refused(settings: ServiceSettings) -> None:
    router = APIRouter()
    router.mount("/probe", FastAPI())
    with pytest.raises(SettingsError, match="ROOT_PATH cannot be '/probe'"):
        _create(settings, routers=[router])
