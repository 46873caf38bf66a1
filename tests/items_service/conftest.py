"""The items service in process, on each database. Auth is down: its keys are on the disk."""

import json
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from uuid import uuid4

import httpx2
import pytest
from fastapi import FastAPI

from gatehouse_chassis.database.migrations import migrate
from items_service.main import create_app
from items_service.settings import ItemsSettings
from testing.apps import running
from testing.checkout import ROOT
from testing.databases import postgresql  # noqa: F401  # a fixture
from testing.ports import free_port
from testing.tokens import TestIssuer


@pytest.fixture(scope="session")
def issuer() -> TestIssuer:
    return TestIssuer(service="items")


@pytest.fixture(scope="session", params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> str:
    """A migrated database of each kind, which the tests share: each is another user."""
    if request.param == "sqlite":
        url = f"sqlite:///{tmp_path_factory.mktemp('items')}/items.db"
    else:
        url = request.getfixturevalue("postgresql").create_database(f"items-{uuid4().hex}")
    migrate(ROOT / "items_service" / "migrations", url)
    return url


@pytest.fixture
def app(database_url: str, tmp_path: Path, issuer: TestIssuer) -> FastAPI:
    kept = {"fetched_at": time.time(), "jwks": issuer.jwks()}
    (tmp_path / "issuer-keys.json").write_text(json.dumps(kept))
    (tmp_path / "status-list.jwt").write_text(issuer.status_list())
    return create_app(
        ItemsSettings(
            root_path="/items",
            database_url=database_url,
            state_dir=tmp_path,
            public_url="http://localhost:8080",
            jwks_url=f"http://127.0.0.1:{free_port()}/jwks.json",
            status_list_url=f"http://127.0.0.1:{free_port()}/status-list",
        )
    )


@pytest.fixture
def me() -> str:
    """The user of this test."""
    return uuid4().hex


@pytest.fixture
async def client(app: FastAPI, issuer: TestIssuer, me: str) -> AsyncIterator[httpx2.AsyncClient]:
    """A user who may do everything with its own items."""
    async with running(app, base_url="http://localhost:8080/items") as client:
        client.headers["Authorization"] = f"Bearer {issuer.token(sub=me)}"
        yield client


@pytest.fixture
def token(issuer: TestIssuer) -> Callable[..., dict[str, str]]:
    """The headers of somebody else, or of somebody with other rights."""
    return lambda **claims: {"Authorization": f"Bearer {issuer.token(**claims)}"}
