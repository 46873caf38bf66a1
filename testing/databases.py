"""An empty database of each kind for a test. A folder's conftest.py imports these fixtures."""

from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest

from testing.postgres import PostgreSQL, running_postgresql


@pytest.fixture(scope="session")
def postgresql() -> Iterator[PostgreSQL]:
    """A PostgreSQL server; skips where it is not installed."""
    with running_postgresql() as server:
        yield server


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The URL of an empty database; the test runs once on each kind."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/data/test.db"
    url: str = request.getfixturevalue("postgresql_database")
    return url


@pytest.fixture
def postgresql_database(postgresql: PostgreSQL) -> str:
    """The URL of an empty database on PostgreSQL."""
    return postgresql.create_database(f"test-{uuid4().hex}")
