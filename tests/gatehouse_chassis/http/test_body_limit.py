"""What a body may have: the service's own limit, and for some routes another."""

from collections.abc import AsyncIterator
from pathlib import Path

import httpx2
import pytest
from fastapi import FastAPI, Request

from gatehouse_chassis.http.body_limit import MAX_BODY_BYTES
from testing.apps import client_of
from testing.checkout import ROOT

PROBE = """
[probe]
title = "Probe"
description = "A service for the tests."
prefix = "/probe"
package = "probe_service"

[probe.body_limits]
"PUT /pictures/{name}" = 1000000
"POST /" = 500000
"POST /small/" = 10
"POST /admin/imports" = 1000000
"""


@pytest.fixture(autouse=True)
def services(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "services.toml"
    listed = (ROOT / "services.toml").read_text(encoding="utf-8")
    file.write_text(listed + PROBE, encoding="utf-8")
    monkeypatch.setenv("GATEHOUSE_SERVICES", str(file))


@pytest.fixture(params=["", "/outer"])
async def client(app: FastAPI, request: pytest.FixtureRequest) -> AsyncIterator[httpx2.AsyncClient]:
    async def size(request: Request) -> int:
        return len(await request.body())

    for path in ("/pictures/{name}", "/", "/small", "/other"):
        app.add_api_route(path, size, methods=["POST", "PUT"])
    admin = FastAPI()
    admin.add_api_route("/imports", size, methods=["POST"])
    app.mount("/admin", admin)
    async with client_of(app, "http://localhost:8080/probe") as client:
        client.headers["X-Forwarded-Prefix"] = request.param
        yield client


@pytest.mark.parametrize(
    ("method", "path", "limit"),
    [
        ("PUT", "/pictures/a.png", 1_000_000),
        ("PUT", "/pictures/a.png/", 1_000_000),
        ("POST", "/pictures/a.png", MAX_BODY_BYTES),
        ("POST", "/", 500_000),
        ("POST", "", 500_000),
        ("POST", "/small", 10),
        ("POST", "/admin/imports", 1_000_000),
        ("POST", "/other", MAX_BODY_BYTES),
    ],
)
async def test_a_route_takes_what_its_entry_says(
    client: httpx2.AsyncClient, method: str, path: str, limit: int
) -> None:
    fits = await client.request(method, path, content=b"x" * limit)
    assert (fits.status_code, fits.json()) == (200, limit)

    async def unannounced() -> AsyncIterator[bytes]:
        for _ in range(2):
            yield b"x" * (limit // 2 + 1)

    for content in (b"x" * (limit + 1), unannounced()):
        refused = await client.request(method, path, content=content)
        assert refused.status_code == 413
        assert refused.json()["detail"] == f"A body may have {limit} bytes at most."


@pytest.mark.parametrize("path", ["/pictures/a/b", "/pictures/", "/x/pictures/a", "/admin"])
async def test_a_path_that_only_looks_like_the_route_does_not(
    client: httpx2.AsyncClient, path: str
) -> None:
    answer = await client.put(path, content=b"x" * (MAX_BODY_BYTES + 1))
    assert answer.status_code == 413
