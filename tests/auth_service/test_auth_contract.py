"""The OpenAPI document of the auth service, and whether the service keeps to it whatever it is sent."""

from collections import Counter
from contextlib import suppress
from typing import Any

import pytest
import schemathesis
from fastapi import FastAPI
from hypothesis import HealthCheck, assume, given, settings
from hypothesis.errors import Unsatisfiable
from openapi_spec_validator import OpenAPIV31SpecValidator, validate
from schemathesis import GenerationMode
from schemathesis.core.result import Ok
from schemathesis.python import asgi
from schemathesis.specs.openapi.checks import positive_data_acceptance

from auth_service.oauth.scopes import OF_OPENID
from testing.services import LISTED
from tests.auth_service.people import ADMIN, EVERYTHING, header_of


@pytest.fixture
def document(app: FastAPI) -> dict[str, Any]:
    return app.openapi()


def test_the_document_is_openapi_3_1(document: dict[str, Any]) -> None:
    assert document["openapi"].startswith("3.1.")
    validate(document, cls=OpenAPIV31SpecValidator)


def test_no_address_in_the_document_depends_on_a_prefix(document: dict[str, Any]) -> None:
    (scheme,) = document["components"]["securitySchemes"].items()
    assert document["servers"] == [{"url": "."}]
    assert scheme[0] == "OAuth2PasswordBearer"
    assert scheme[1]["flows"]["password"]["tokenUrl"] == "token"
    every_scope = {scope for service in LISTED.values() for scope in service.scopes}
    assert set(scheme[1]["flows"]["password"]["scopes"]) == every_scope | set(OF_OPENID)


def test_the_token_form_is_described(document: dict[str, Any]) -> None:
    operation = document["paths"]["/token"]["post"]
    (form,) = operation["requestBody"]["content"].items()
    assert form[0] == "application/x-www-form-urlencoded"
    assert set(form[1]["schema"]["properties"]) >= {
        "grant_type",
        "username",
        "password",
        "refresh_token",
        "scope",
        "client_id",
    }
    assert {"200", "400", "401", "503"} <= set(operation["responses"])


@pytest.mark.parametrize("examples", [8, pytest.param(100, marks=pytest.mark.sweep)])
@pytest.mark.parametrize("mode", GenerationMode)
def test_whatever_is_sent_is_answered_as_described(
    app: FastAPI, mode: GenerationMode, examples: int
) -> None:
    described = schemathesis.openapi.from_asgi("/openapi.json", app)
    asgi_app: Any = app  # the same interface, typed otherwise
    with asgi.get_client(asgi_app) as session:
        form = {**ADMIN.password_grant, "scope": f"{EVERYTHING} auth:admin"}
        admin = header_of(session.post("http://localhost/token", data=form).json())
    asked: Counter[str] = Counter()
    for found in described.get_all_operations():
        assert isinstance(found, Ok)
        operation = found.ok()

        @given(case=operation.as_strategy(generation_mode=mode))
        @settings(
            max_examples=examples,
            deadline=None,
            derandomize=True,
            database=None,
            suppress_health_check=list(HealthCheck),
        )
        def is_answered_as_described(case: schemathesis.Case[Any]) -> None:
            # Of a parameter that is there several times FastAPI takes the last.
            assume(not any(isinstance(value, list) for value in (case.query or {}).values()))
            asked[case.operation.label] += 1
            # A cursor or a password of the right form can be wrong still.
            case.call_and_validate(headers=admin, excluded_checks=[positive_data_acceptance])

        # Without parameters or a body there is nothing to get wrong.
        with suppress(Unsatisfiable):
            is_answered_as_described()
    # Each was asked rightly; wrongly, each that there is something to get wrong with.
    everything = sum(len(path) for path in app.openapi()["paths"].values())
    assert len(asked) == everything if mode is GenerationMode.POSITIVE else len(asked) > 5
