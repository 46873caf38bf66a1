"""Front ends on other origins: only those of the list may read answers (CORS)."""

from collections.abc import Mapping

import httpx2
import pytest
from pydantic import ValidationError

from gatehouse_chassis.application import create_service
from gatehouse_chassis.auth.access_tokens import AccessTokenVerifier
from gatehouse_chassis.http.body_limit import MAX_BODY_BYTES
from gatehouse_chassis.http.cors import USUAL_HEADERS
from gatehouse_chassis.settings import ServiceSettings
from testing.apps import running
from testing.tokens import TestIssuer

APP = "https://app.example"


async def answer_to(
    settings: ServiceSettings,
    origin: str,
    method: str = "GET",
    *,
    content: bytes = b"",
    headers: Mapping[str, str] | None = None,
) -> httpx2.Response:
    issuer = TestIssuer()
    app = create_service(
        settings,
        name="probe",
        title="Probe",
        description="Probe.",
        routers=[],
        token_verifier=AccessTokenVerifier(issuer=issuer.url, audience="probe", keys=issuer),
        ready_when={},
    )
    async with running(app, base_url="http://localhost:8080/probe") as client:
        return await client.request(
            method, "/health/live", headers={"Origin": origin, **(headers or {})}, content=content
        )


def allowing(settings: ServiceSettings, *origins: str) -> ServiceSettings:
    return settings.model_copy(update={"cors_origins": frozenset(origins)})


async def test_a_page_of_a_listed_origin_may_read_the_answer(settings: ServiceSettings) -> None:
    answer = await answer_to(allowing(settings, APP), APP)
    assert answer.headers["access-control-allow-origin"] == APP
    assert "access-control-allow-credentials" not in answer.headers
    assert "WWW-Authenticate" in answer.headers["access-control-expose-headers"]
    assert answer.headers["x-request-id"]


@pytest.mark.parametrize(
    "origin",
    [
        "https://evil.example",
        "http://app.example",
        "https://app.example:8443",
        "null",
        "https://app.example.evil.example",
        "https://x.app.example",
    ],
)
async def test_a_page_of_another_origin_may_not(settings: ServiceSettings, origin: str) -> None:
    answer = await answer_to(allowing(settings, APP), origin)
    assert "access-control-allow-origin" not in answer.headers


async def test_without_a_list_nobody_may(settings: ServiceSettings) -> None:
    answer = await answer_to(settings, APP)
    assert not [name for name in answer.headers if name.startswith("access-control")]


async def test_a_browser_that_asks_first_is_told_what_it_may_send(
    settings: ServiceSettings,
) -> None:
    answer = await answer_to(
        allowing(settings, APP),
        APP,
        "OPTIONS",
        headers={
            "Access-Control-Request-Method": "PATCH",
            "Access-Control-Request-Headers": "authorization,if-match,content-type",
        },
    )
    assert answer.status_code == 200
    assert answer.headers["access-control-allow-origin"] == APP
    assert "PATCH" in answer.headers["access-control-allow-methods"]


async def preflight(settings: ServiceSettings, header: str) -> int:
    asked = {"Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": header}
    return (await answer_to(settings, APP, "OPTIONS", headers=asked)).status_code


@pytest.mark.parametrize("header", ["x-requested-with", "mcp-protocol-version", "traceparent"])
async def test_usual_headers_may_be_sent_and_others_are_a_setting(
    settings: ServiceSettings, header: str
) -> None:
    usual = allowing(settings, APP)
    own = usual.model_copy(update={"cors_headers": frozenset({"X-Own"})})
    assert await preflight(usual, header) == 200
    assert await preflight(usual, "x-own") == 400
    assert await preflight(own, "x-own") == 200
    assert await preflight(own, header) == 400


@pytest.mark.parametrize(
    ("method", "content", "headers", "status"),
    [
        ("POST", b"x" * (MAX_BODY_BYTES + 1), {}, 413),
        ("PATCH", b"", {}, 405),
        ("GET", b"", {"X-Forwarded-Prefix": "no prefix"}, 400),
    ],
)
async def test_a_page_may_read_refusals(
    settings: ServiceSettings, method: str, content: bytes, headers: dict[str, str], status: int
) -> None:
    answer = await answer_to(allowing(settings, APP), APP, method, content=content, headers=headers)
    assert answer.status_code == status
    assert answer.headers["access-control-allow-origin"] == APP


def test_an_empty_list_of_headers_is_the_usual_one(settings: ServiceSettings) -> None:
    values = {**settings.model_dump(), "cors_headers": ""}
    assert type(settings)(**values).cors_headers == USUAL_HEADERS


@pytest.mark.parametrize("listed", ["a b:", "Ünicode", "a:b"])
def test_a_list_with_what_is_no_header_is_refused(settings: ServiceSettings, listed: str) -> None:
    values = {**settings.model_dump(), "cors_headers": listed}
    with pytest.raises(ValidationError, match="no name of a header"):
        type(settings)(**values)


@pytest.mark.parametrize(
    "listed",
    ["*", "app.example", "https://app.example/", "https://app.example/x", "null", "ftp://x"],
)
def test_a_list_with_what_is_no_origin_is_refused(settings: ServiceSettings, listed: str) -> None:
    values = {**settings.model_dump(), "cors_origins": listed}
    with pytest.raises(ValidationError, match="must be an origin"):
        type(settings)(**values)


def test_a_list_is_separated_by_commas_or_spaces(settings: ServiceSettings) -> None:
    values = {**settings.model_dump(), "cors_origins": f"{APP}, http://localhost:3000"}
    assert type(settings)(**values).cors_origins == {APP, "http://localhost:3000"}
