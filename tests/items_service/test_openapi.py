"""What the document says, and whether the service keeps to it whatever a generator thinks of."""

import asyncio
from typing import Any

import httpx2
import pytest
import schemathesis
from fastapi import FastAPI
from hypothesis import HealthCheck, given, seed, settings
from openapi_spec_validator import OpenAPIV31SpecValidator
from schemathesis import GenerationMode
from schemathesis.checks import (
    content_type_conformance,
    not_a_server_error,
    response_schema_conformance,
    status_code_conformance,
)

from testing.apps import client_of
from testing.tokens import TestIssuer

BASE = "http://localhost:8080/items"


async def test_the_document_is_openapi_3_1_with_relative_addresses(
    client: httpx2.AsyncClient,
) -> None:
    document = (await client.get("/openapi.json")).json()
    OpenAPIV31SpecValidator(document).validate()
    assert document["servers"] == [{"url": "."}]
    scheme = document["components"]["securitySchemes"]["OAuth2PasswordBearer"]
    assert scheme["flows"]["password"]["tokenUrl"] == "../auth/token"
    assert scheme["flows"]["password"]["scopes"].keys() == {"items:read", "items:write"}


CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
]


async def _create_item(app: FastAPI, headers: dict[str, str]) -> str:
    async with client_of(app, BASE) as client:
        created = await client.post("/", json={"title": "Lamp"}, headers=headers)
    return str(created.json()["id"])


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
@pytest.mark.parametrize("mode", list(GenerationMode))
def test_whatever_is_sent_the_answer_is_a_documented_one(
    app: FastAPI, issuer: TestIssuer, me: str, mode: GenerationMode
) -> None:
    """SQLite alone: schemathesis has an event loop for each request, and a pool of connections has one."""
    schema = schemathesis.openapi.from_asgi("/items/openapi.json", app)
    headers = {"Authorization": f"Bearer {issuer.token(sub=me)}"}
    item = asyncio.run(_create_item(app, headers))

    def exercise(operation: Any) -> None:
        @seed(2026)
        @settings(max_examples=20, deadline=None, suppress_health_check=list(HealthCheck))
        @given(case=operation.as_strategy(generation_mode=mode))
        def answers_as_documented(case: Any) -> None:
            if mode is GenerationMode.POSITIVE and "item_id" in case.path_parameters:
                case.path_parameters["item_id"] = item
            case.call_and_validate(base_url=BASE, headers=headers, checks=CHECKS)

        answers_as_documented()

    own: Any = schema.exclude(path_regex="^/(health|.well-known)")
    operations = [result.ok() for result in own.get_all_operations()]
    assert len(operations) == 7
    # What deletes the item comes last.
    for operation in sorted(operations, key=lambda operation: operation.method == "delete"):
        exercise(operation)
