"""The document that every service publishes, and what the chassis refuses at start."""

import asyncio
from typing import Any

import httpx2
import pytest
from fastapi import APIRouter, FastAPI
from openapi_spec_validator import OpenAPIV31SpecValidator

from gatehouse_chassis.application import create_service
from gatehouse_chassis.auth.access_tokens import AccessTokenVerifier
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


def test_a_route_that_looks_like_the_prefix_is_refused(settings: ServiceSettings) -> None:
    router = APIRouter()
    router.add_api_route("/probe/things", lambda: None)
    with pytest.raises(
        SettingsError, match="ROOT_PATH cannot be '/probe': the route '/probe/things'"
    ):
        _create(settings, routers=[router])


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


async def test_a_redirect_to_the_slash_stays_relative(client: httpx2.AsyncClient) -> None:
    answer = await client.get("/outer/inner/things/1/")
    assert answer.status_code == 307
    assert answer.headers["location"] == "../1"
