"""No cache keeps what a token was needed for, or what sets a cookie; everything else is as its route says."""

from collections.abc import AsyncIterator

import httpx2
import pytest
from fastapi import FastAPI
from fastapi.responses import Response

from testing.apps import client_of
from testing.tokens import TestIssuer


@pytest.fixture
async def client(app: FastAPI) -> AsyncIterator[httpx2.AsyncClient]:
    @app.get("/cookie")
    async def cookie(cache_control: str = "") -> Response:
        answer = Response(headers={"Cache-Control": cache_control} if cache_control else None)
        answer.set_cookie("a", "b")
        return answer

    async with client_of(app, "http://localhost:8080/probe") as client:
        yield client


async def test_what_needs_a_token_is_kept_by_no_cache(
    client: httpx2.AsyncClient, issuer: TestIssuer
) -> None:
    token = issuer.token(aud=["probe"], scope="probe:read")
    allowed = await client.get("/me", headers={"Authorization": f"Bearer {token}"})
    refused = await client.get("/me")
    assert (allowed.status_code, refused.status_code) == (200, 401)
    assert allowed.headers["Cache-Control"] == refused.headers["Cache-Control"] == "no-store"


async def test_nor_is_what_sets_a_cookie_unless_it_says_so_itself(
    client: httpx2.AsyncClient,
) -> None:
    assert (await client.get("/cookie")).headers["Cache-Control"] == "no-store"
    answer = await client.get("/cookie", params={"cache_control": "private"})
    assert answer.headers.get_list("Cache-Control") == ["private"]


async def test_what_anybody_may_read_is_as_its_route_says(client: httpx2.AsyncClient) -> None:
    answer = await client.get("/nothing", headers={"Authorization": "Bearer x"})
    assert "Cache-Control" not in answer.headers
