"""Applications in process: with their lifespan, without a socket."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx2
from fastapi import FastAPI

PROXY = ("127.0.0.1", 40_000)
"""A peer that the services trust by default, as nginx on the same machine is."""

STRANGER = ("203.0.113.9", 40_000)
"""A peer that nobody trusts (RFC 5737)."""


@asynccontextmanager
async def running(
    app: FastAPI, *, base_url: str = "http://localhost:8080", peer: tuple[str, int] = PROXY
) -> AsyncIterator[httpx2.AsyncClient]:
    """A client of `app` between its start and its end; its requests seem to come from `peer`."""
    async with app.router.lifespan_context(app), client_of(app, base_url, peer) as client:
        yield client


def client_of(app: FastAPI, base_url: str, peer: tuple[str, int] = PROXY) -> httpx2.AsyncClient:
    """A client of an application that runs already, or needs no lifespan."""
    return httpx2.AsyncClient(
        transport=httpx2.ASGITransport(app, client=peer, raise_app_exceptions=False),
        base_url=base_url,
        trust_env=False,
    )
