"""`python -m bench.in_process ITEM_ID ROUNDS`: what the parts of one read cost in the items service, without a server.

Each part is called in a loop, and the processor time of the process is divided by the calls: no
profiler, which would slow small functions most. Prints microseconds per call of each part as JSON.
The settings are those of the service, and the token is in BENCH_TOKEN.
"""

import asyncio
import gc
import json
import os
import sys
import time
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from pathlib import Path
from statistics import median
from typing import Any
from uuid import UUID

from fastapi import FastAPI
from pydantic import TypeAdapter
from starlette.types import ASGIApp, Message, Scope

from gatehouse_chassis.auth.bearer import TokenVerifier
from gatehouse_chassis.database import open_database
from gatehouse_chassis.observability.logs import configure_logging
from items_service.schemas import ItemPublic
from items_service.settings import ItemsSettings
from items_service.store import ItemStore

CALLS = 300

Part = Callable[[], Awaitable[object]]


async def measure(item: UUID, token: str, rounds: int) -> dict[str, float]:
    """Microseconds of the whole read, of the read without the chassis around it, and of three parts of it."""
    from items_service.main import create_app  # after the folder of its metrics is there

    settings = ItemsSettings.load()
    configure_logging(service="items", level=settings.log_level, style=settings.log_format)
    app, database = create_app(settings), open_database(settings.database_url)
    async with app.router.lifespan_context(app), AsyncExitStack() as stack:
        stack.push_async_callback(database.close)
        parts = await _parts(app, ItemStore(database, per_owner=settings.per_owner), item, token)
        # As `gatehouse_chassis.serving.server` does before it forks.
        gc.collect()
        gc.freeze()
        costs: dict[str, list[float]] = {name: [] for name in parts}
        for _ in range(rounds):
            for name, part in parts.items():
                costs[name].append(await _microseconds(part))
    return {name: median(figures) for name, figures in costs.items()}


async def _parts(app: FastAPI, store: ItemStore, item: UUID, token: str) -> dict[str, Part]:
    verifier: TokenVerifier = app.state.token_verifier
    principal = await verifier.verify(token)
    found = await store.get(principal.subject, item)
    adapter = TypeAdapter(ItemPublic)
    scope = _scope(item, token)
    # What the chassis makes of the scope before FastAPI sees it.
    inner_scope = {**scope, "root_path": "/items", "state": {"request_id": "bench-request"}}
    inner = FastAPI.build_middleware_stack(app)

    async def serialise() -> bytes:
        return adapter.dump_json(adapter.validate_python(found, from_attributes=True))

    return {
        "whole": lambda: _call(app, scope),
        "inner": lambda: _call(inner, inner_scope | {"app": app}),
        "token": lambda: verifier.verify(token),
        "database": lambda: store.get(principal.subject, item),
        "serialisation": serialise,
    }


async def _call(app: ASGIApp, scope: Scope) -> None:
    async def receive() -> Message:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Message) -> None:
        if message.get("status", 200) != 200:
            raise RuntimeError(f"the read answers {message['status']}")

    await app({**scope, "state": dict(scope["state"])}, receive, send)


async def _microseconds(part: Part) -> float:
    began = time.process_time()
    for _ in range(CALLS):
        await part()
    return (time.process_time() - began) / CALLS * 1e6


def _scope(item: UUID, token: str) -> dict[str, Any]:
    """A request as nginx hands it to the service and uvicorn to the application."""
    path = f"/items/{item}"
    headers = {
        "host": "localhost:8080",
        "x-request-id": "0123456789abcdef0123456789abcdef",
        "x-forwarded-for": "127.0.0.1",
        "x-forwarded-proto": "http",
        "authorization": f"Bearer {token}",
    }
    return {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.3"},
        "http_version": "1.1",
        "server": ("127.0.0.1", 8002),
        "client": ("127.0.0.1", 40_000),
        "scheme": "http",
        "method": "GET",
        "root_path": "",
        "path": path,
        "raw_path": path.encode(),
        "query_string": b"",
        "headers": [(name.encode(), value.encode()) for name, value in headers.items()],
        "state": {},
    }


if __name__ == "__main__":
    # As under gunicorn: metrics of several processes are kept in files.
    metrics = Path(os.environ["ITEMS_STATE_DIR"], "metrics")
    metrics.mkdir(parents=True)
    os.environ["PROMETHEUS_MULTIPROC_DIR"] = str(metrics)
    costs = measure(UUID(sys.argv[1]), os.environ["BENCH_TOKEN"], int(sys.argv[2]))
    print(json.dumps(asyncio.run(costs)))
