"""Durations by route template, never by what a client made up, and for nobody behind a proxy."""

import re

import httpx2
import pytest
from fastapi import FastAPI
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.routing import Route
from structlog.testing import capture_logs

from gatehouse_chassis.observability.metrics import Metrics
from testing.apps import client_of

_COUNTED = re.compile(r'_count\{method="(.*?)",route="(.*?)",status="(.*?)"\}')

BASE = "http://localhost:8080/probe"


async def _series(client: httpx2.AsyncClient) -> set[str]:
    """`METHOD route status` of everything that was counted."""
    answer = await client.get("/metrics")
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/plain; version=")
    return {" ".join(labels) for labels in _COUNTED.findall(answer.text)}


async def test_a_request_is_counted_under_the_template_of_its_route(app: FastAPI) -> None:
    async with client_of(app, BASE) as client:
        with capture_logs():  # drawing the traceback takes seconds
            await client.get("/bug")
        for number in range(3):
            await client.get(f"/outer/inner/things/{number}")
            await client.post(f"/things/{number}", json={"name": "x"})
            await client.get(f"/things/{number}")
            await client.get(f"/made-up-{number}")
        assert await _series(client) == {
            "GET /outer/inner/things/{thing_id} 200",
            "POST /things/{thing_id} 200",
            "GET /things/{thing_id} 405",
            "GET unmatched 404",
            "GET /bug 500",
        }


async def test_a_mounted_application_is_counted_as_one(app: FastAPI) -> None:
    async def page(request: object) -> PlainTextResponse:
        return PlainTextResponse("x")

    app.mount("/pages", Starlette(routes=[Route("/{name}", page)]))
    async with client_of(app, BASE) as client:
        for path in ("/pages/a", "/pages/b", "/pages/c/d", "/docs/assets/docs.css"):
            await client.get(path)
        routes = {series.split()[1] for series in await _series(client)}
    assert not {"/pages/a", "/pages/b", "/pages/c/d", "/docs/assets/docs.css"} & routes
    assert len(routes) <= 3


@pytest.mark.parametrize("header", ["X-Forwarded-For", "Forwarded", "Via"])
async def test_whoever_comes_through_a_proxy_finds_no_metrics(app: FastAPI, header: str) -> None:
    async with client_of(app, BASE) as client:
        answer = await client.get("/metrics", headers={header: "127.0.0.1"})
        unknown = await client.get("/nowhere")
    assert answer.status_code == 404
    assert answer.json().keys() == unknown.json().keys()
    assert answer.json()["detail"] == unknown.json()["detail"]


async def test_the_metrics_are_in_no_document(app: FastAPI) -> None:
    assert "/metrics" not in app.openapi()["paths"]


def test_refused_writes_are_counted() -> None:
    metrics = Metrics()
    for _ in range(2):
        metrics.count_refused_write()
    assert metrics.registry.get_sample_value("database_refused_writes_total") == 2


def test_the_time_is_counted_in_seconds() -> None:
    metrics = Metrics()
    metrics.observe(method="GET", route="/", status=200, seconds=0.003)
    labels = {"method": "GET", "route": "/", "status": "200"}
    name = "http_server_request_duration_seconds"
    value = metrics.registry.get_sample_value
    assert value(f"{name}_sum", labels) == 0.003
    assert value(f"{name}_bucket", {**labels, "le": "0.0025"}) == 0
    assert value(f"{name}_bucket", {**labels, "le": "0.005"}) == 1
