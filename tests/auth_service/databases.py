"""Databases as `python -m auth_service migrate` leaves them, made once and copied for each test."""

import asyncio
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from auth_service.maintenance.first_start import first_start
from auth_service.settings import AuthSettings
from gatehouse_chassis.database import migrations
from testing.checkout import ROOT
from testing.postgres import PostgreSQL
from tests.auth_service.people import ADMIN, DEMO, PUBLIC_URL

KEY_SECRET = "b0c7d1e94fa2386570b1f6c9d8e3a254"
MIGRATIONS = ROOT / "auth_service" / "migrations"
FIRST_USERS = {
    "ADMIN_USERNAME": ADMIN.username,
    "ADMIN_PASSWORD": ADMIN.password,
    "DEMO_USERNAME": DEMO.username,
    "DEMO_PASSWORD": DEMO.password,
}

on_both_databases = pytest.mark.parametrize("database_url", ["sqlite", "postgresql"], indirect=True)
"""Runs a test, or with `pytestmark` a file, on SQLite and on PostgreSQL."""


def settings_for(database_url: str, **changes: Any) -> AuthSettings:
    """Settings that come from here alone, whatever the environment holds."""
    return AuthSettings(
        **{
            "root_path": "/auth",
            "bind": "127.0.0.1:8001",
            "workers": 2,
            "database_url": database_url,
            "state_dir": Path("unused"),
            "public_url": PUBLIC_URL,
            "port": 8080,
            "key_encryption_secret": KEY_SECRET,
            **changes,
        }
    )


def fill(settings: AuthSettings, first_users: dict[str, str] = FIRST_USERS) -> None:
    """What `python -m auth_service migrate` does."""
    migrations.migrate(MIGRATIONS, settings.database_url)
    with pytest.MonkeyPatch.context() as environment:
        for name in FIRST_USERS:
            environment.delenv(name, raising=False)
        for name, value in first_users.items():
            environment.setenv(name, value)
        first_start(settings)


def copy_of(server: PostgreSQL, template: str, name: str) -> str:
    """The URL of a new database that begins as a copy of another."""

    async def create() -> None:
        connection = await asyncpg.connect(server.url("postgres"))
        try:
            await connection.execute(f'CREATE DATABASE "{name}" TEMPLATE "{template}"')
        finally:
            await connection.close()

    asyncio.run(create())
    return server.url(name)
