"""The request id, the log line and the metrics of every answer."""

from collections.abc import AsyncIterator

import httpx2
import pytest
from fastapi import FastAPI
from structlog.contextvars import merge_contextvars
from structlog.processors import format_exc_info
from structlog.testing import capture_logs

from gatehouse_chassis.http.body_limit import MAX_BODY_BYTES
from testing.apps import PROXY, STRANGER, client_of

BASE = "http://localhost:8080/probe"
OURS = r"[0-9a-f]{32}"


@pytest.fixture
async def client(app: FastAPI) -> AsyncIterator[httpx2.AsyncClient]:
    async with client_of(app, BASE) as client:
        yield client


@pytest.mark.parametrize("request_id", ["12345678", "a.b_c-D9" * 16])
async def test_a_harmless_id_of_a_trusted_peer_is_kept(
    client: httpx2.AsyncClient, request_id: str
) -> None:
    answer = await client.get("/nothing", headers={"X-Request-ID": request_id})
    assert answer.headers["x-request-id"] == request_id


@pytest.mark.parametrize(
    "request_id", ["", "1234567", "x" * 129, "a b c d e", "12345678\t", "{{12345678}}", "é" * 9]
)
async def test_an_id_that_could_do_harm_is_replaced(
    client: httpx2.AsyncClient, request_id: str
) -> None:
    answer = await client.get("/nothing", headers={b"X-Request-ID": request_id.encode("latin-1")})
    assert len(answer.headers["x-request-id"]) == 32


async def test_an_id_of_a_stranger_is_replaced(app: FastAPI) -> None:
    async with client_of(app, BASE, STRANGER) as stranger:
        answer = await stranger.get("/nothing", headers={"X-Request-ID": "12345678"})
    assert answer.headers["x-request-id"] != "12345678"


@pytest.mark.parametrize(
    ("method", "path", "content", "status"),
    [
        ("GET", "/nothing", b"", 204),
        ("GET", "/moved", b"", 303),
        ("GET", "/outer/inner/things/1/", b"", 200),
        ("GET", "/docs", b"", 200),
        ("GET", "/me", b"", 401),
        ("GET", "/nowhere", b"", 404),
        ("PUT", "/nothing", b"", 405),
        ("POST", "/things/1", b" " * (MAX_BODY_BYTES + 1), 413),
        ("POST", "/things/1", b"", 422),
        ("GET", "/bug", b"", 500),
        ("GET", "/database-down", b"", 503),
    ],
)
async def test_every_answer_and_every_line_of_its_log_has_the_id(
    client: httpx2.AsyncClient, method: str, path: str, content: bytes, status: int
) -> None:
    with capture_logs(processors=[merge_contextvars]) as lines:
        answer = await client.request(
            method, path, content=content, headers={"X-Request-ID": "the-request"}
        )
    assert answer.status_code == status
    assert answer.headers.get_list("x-request-id") == ["the-request"]
    assert {line["request_id"] for line in lines} == {"the-request"}
    assert lines[-1]["event"] == "request"
    assert lines[-1]["status"] == status


async def test_a_request_that_no_route_can_see_is_answered_too(app: FastAPI) -> None:
    """What fails around FastAPI has no error handler of FastAPI's."""
    transport = httpx2.ASGITransport(app, root_path="/set-by-the-server", client=PROXY)
    with capture_logs(processors=[format_exc_info]) as lines:
        async with httpx2.AsyncClient(transport=transport, base_url=BASE) as client:
            answer = await client.get("/nothing")
    assert answer.status_code == 500
    assert answer.json()["request_id"] == answer.headers["x-request-id"]
    (failure,) = [line for line in lines if line["event"] == "request_failed"]
    assert "--root-path" in failure["exception"]


async def test_the_log_line_tells_what_the_client_asked_for(app: FastAPI) -> None:
    with capture_logs(processors=[merge_contextvars]) as lines:
        async with client_of(app, "http://localhost:8080") as client:
            await client.get(
                "/outer/inner/things/7?secret=1",
                headers={"X-Forwarded-For": "198.51.100.7", "X-Forwarded-Prefix": "/v1"},
            )
    (line,) = lines
    assert line["client"] == "198.51.100.7"
    assert line["path"] == "/v1/probe/outer/inner/things/7"
    assert line["route"] == "/outer/inner/things/{thing_id}"
    assert (line["method"], line["status"]) == ("GET", 200)
    assert line["ms"] >= 0
    assert "secret" not in str(line)


async def test_one_request_leaves_nothing_in_the_log_of_the_next(
    client: httpx2.AsyncClient,
) -> None:
    with capture_logs(processors=[merge_contextvars]) as lines:
        first, second = await client.get("/nothing"), await client.get("/nothing")
    ids = [first.headers["x-request-id"], second.headers["x-request-id"]]
    assert [line["request_id"] for line in lines] == ids
    assert ids[0] != ids[1]
    assert merge_contextvars(None, "info", {}) == {}


async def test_a_probe_of_health_is_no_news(client: httpx2.AsyncClient) -> None:
    with capture_logs() as lines:
        await client.get("/health/live")
    assert [line["log_level"] for line in lines] == ["debug"]
