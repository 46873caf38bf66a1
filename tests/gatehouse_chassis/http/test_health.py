"""Liveness says that the process runs; readiness names what it waits for, in bounded time."""

import asyncio
import time

import httpx2
import pytest
from fastapi import FastAPI

from gatehouse_chassis.database import WritesRefused
from gatehouse_chassis.http.health import ReadinessCheck, health_routes, until_ready


async def _works() -> None:
    return None


async def _fails() -> None:
    raise ConnectionRefusedError("postgresql://user@db.internal")


async def _hangs() -> None:
    await asyncio.Event().wait()


async def _ask(path: str, **checks: ReadinessCheck) -> httpx2.Response:
    app = FastAPI()
    app.include_router(health_routes(checks, timeout=0.05))
    transport = httpx2.ASGITransport(app)
    async with httpx2.AsyncClient(transport=transport, base_url="http://test") as client:
        return await client.get(path)


async def test_a_process_is_alive_whatever_it_lacks() -> None:
    answer = await _ask("/health/live", database=_fails)
    assert (answer.status_code, answer.json()) == (200, {"status": "live"})


async def test_a_service_is_ready_when_all_it_needs_is() -> None:
    answer = await _ask("/health/ready", database=_works, keys=_works)
    assert answer.status_code == 200
    assert answer.json() == {"status": "ready", "checks": {"database": "ok", "keys": "ok"}}


@pytest.mark.parametrize("check", [_fails, _hangs])
async def test_a_service_that_lacks_something_names_it_and_logs_the_cause(
    check: ReadinessCheck, caplog: pytest.LogCaptureFixture
) -> None:
    answer = await _ask("/health/ready", database=check, keys=_works)
    assert answer.status_code == 503
    assert answer.json() == {
        "status": "not ready",
        "checks": {"database": "does not answer", "keys": "ok"},
    }
    (line,) = [vars(record) for record in caplog.records]
    assert line["check"] == "database"
    assert line["cause"].startswith(("ConnectionRefusedError: ", "TimeoutError: "))


async def test_a_service_whose_database_refuses_writes_is_ready_for_readers_and_says_so() -> None:
    async def refuses() -> None:
        raise WritesRefused("disk is full")

    app = FastAPI()
    app.include_router(health_routes({"database": _works}, told={"writes": refuses}))
    transport = httpx2.ASGITransport(app)
    async with httpx2.AsyncClient(transport=transport, base_url="http://test") as client:
        answer = await client.get("/health/ready")
    assert answer.status_code == 200
    assert answer.json() == {"status": "ready", "checks": {"database": "ok", "writes": "refused"}}


async def test_checks_that_hang_hang_together() -> None:
    started = time.perf_counter()
    await _ask("/health/ready", **{f"check-{number}": _hangs for number in range(20)})
    assert time.perf_counter() - started < 0.5


async def test_a_worker_that_starts_waits_until_it_is_ready() -> None:
    tries = 0

    async def works_the_third_time() -> None:
        nonlocal tries
        tries += 1
        if tries < 3:
            raise ConnectionRefusedError

    await until_ready({"database": _works, "keys": works_the_third_time}, patience=5)
    assert tries == 3


async def test_a_worker_that_lacks_something_takes_requests_all_the_same() -> None:
    async with asyncio.timeout(5):
        await until_ready({"database": _fails, "keys": _hangs}, patience=0.1)
