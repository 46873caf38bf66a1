"""The auth service in process, on a database of its own for each test."""

import shutil
from collections.abc import AsyncIterator
from pathlib import Path
from uuid import uuid4

import httpx2
import pytest
import pytest_asyncio
from fastapi import FastAPI

from auth_service.container import Container
from auth_service.mail.outbox import Outbox
from auth_service.main import create_app
from auth_service.settings import AuthSettings
from gatehouse_chassis.database import Database, open_database
from testing.apps import running
from testing.databases import postgresql  # noqa: F401  # a fixture
from testing.postgres import PostgreSQL
from tests.auth_service.databases import copy_of, fill, settings_for
from tests.auth_service.mailbox import mailbox  # noqa: F401  # a fixture
from tests.auth_service.parts import Parts
from tests.auth_service.people import URL

SERVICES = str(Path(__file__).parent / "services.toml")


@pytest.fixture(autouse=True)
def services(monkeypatch: pytest.MonkeyPatch) -> None:
    """Auth issues tokens for items here, whether this checkout has that service or not."""
    monkeypatch.setenv("GATEHOUSE_SERVICES", SERVICES)


@pytest.fixture(autouse=True)
def refused_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """A refusal that hides how long it took waits for a second, which most tests need not."""
    monkeypatch.setattr("auth_service.passwords.authentication.REFUSED_AFTER", 0.0)


@pytest.fixture(scope="session")
def filled_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("auth") / "filled.db"
    fill(settings_for(f"sqlite:///{file}"))
    return file


@pytest.fixture(scope="session")
def filled_database(request: pytest.FixtureRequest) -> str:
    server: PostgreSQL = request.getfixturevalue("postgresql")
    fill(settings_for(server.create_database("filled")))
    return "filled"


@pytest.fixture
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """A database with a signing key, the administrator and the demo user; see `on_both_databases`."""
    if getattr(request, "param", "sqlite") == "postgresql":
        server: PostgreSQL = request.getfixturevalue("postgresql")
        template: str = request.getfixturevalue("filled_database")
        return copy_of(server, template, f"auth_{uuid4().hex}")
    filled: Path = request.getfixturevalue("filled_file")
    return f"sqlite:///{shutil.copy(filled, tmp_path / 'auth.db')}"


@pytest.fixture
def settings(database_url: str, tmp_path: Path) -> AuthSettings:
    return settings_for(database_url, state_dir=tmp_path / "state")


@pytest.fixture
def parts() -> Parts:
    """What `app` has in place of the real thing; a file that needs others overrides this."""
    return {}


@pytest.fixture
def container(settings: AuthSettings, parts: Parts) -> Container:
    """The objects of `app`."""
    return Container.build(settings, **parts)


@pytest.fixture
def outbox(container: Container) -> Outbox:
    """The outbox of `app`: its end is awaited, its sender exchanged."""
    return container.outbox


@pytest.fixture
def app(settings: AuthSettings, container: Container) -> FastAPI:
    return create_app(settings, container)


@pytest.fixture
async def client(app: FastAPI) -> AsyncIterator[httpx2.AsyncClient]:
    async with running(app, base_url=URL) as client:
        yield client


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def shared_client(filled_file: Path) -> AsyncIterator[httpx2.AsyncClient]:
    """A client of one service for all tests whose requests are refused and change nothing."""
    file = shutil.copy(filled_file, filled_file.with_name("shared.db"))
    # The fixture `services` comes after those of the session.
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("GATEHOUSE_SERVICES", SERVICES)
        state = filled_file.with_name("state")
        app = create_app(settings_for(f"sqlite:///{file}", state_dir=state))
    async with running(app, base_url=URL) as client:
        yield client


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    """The service's database seen from beside the service."""
    database = open_database(database_url)
    yield database
    await database.close()
