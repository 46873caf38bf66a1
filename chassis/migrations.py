"""Alembic for every service: all that a service has of its own is `tables.py` and `migrations/versions/`."""

import asyncio
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any, Literal

from alembic import command, context
from alembic.config import Config
from sqlalchemy import Connection, MetaData, text

from chassis.columns import UtcDateTime
from chassis.database import outages_told_apart, postgresql_engine, sqlite_engine

_SCRIPTS = Path(__file__).parent / "alembic"

# One number for "migrating" in PostgreSQL's advisory lock space, so that replicas starting together take turns.
_LOCK = 4_073_122

# Milliseconds that one process waits for another's migration on SQLite.
_PATIENCE_MS = 60_000


def configuration(folder: Path, database_url: str) -> Config:
    """Alembic's configuration for the `migrations/` folder of a service and the database it migrates."""
    config = Config()
    config.set_main_option("script_location", str(_SCRIPTS))
    config.set_main_option("version_locations", str(folder / "versions"))
    config.set_main_option("path_separator", "newline")  # a checkout's path may hold spaces
    config.attributes["database_url"] = database_url
    return config


def _comparing(folder: Path, database_url: str) -> Config:
    """The configuration of a command that compares the database with `tables.py`."""
    config = configuration(folder, database_url)
    config.attributes["metadata"] = import_module(f"{folder.parent.name}.tables").metadata
    return config


def migrate(folder: Path, database_url: str) -> None:
    """Brings the database to the newest version; does nothing when it is there already."""
    command.upgrade(configuration(folder, database_url), "head")


def check(folder: Path, database_url: str) -> None:
    """Raises `alembic.util.CommandError` when the tables in code and the migrated database differ."""
    command.check(_comparing(folder, database_url))


def revise(folder: Path, database_url: str, message: str) -> None:
    """Writes a new migration with the difference between the tables in code and the database."""
    command.revision(_comparing(folder, database_url), message=message, autogenerate=True)


def run() -> None:
    """What `alembic/env.py` calls."""
    url: str = context.config.attributes["database_url"]
    metadata: MetaData | None = context.config.attributes.get("metadata")

    def with_connection(connection: Connection) -> None:
        is_sqlite = connection.dialect.name == "sqlite"
        # SQLite cannot alter a table in place: Alembic then copies it (batch mode).
        context.configure(
            connection,
            target_metadata=metadata,
            render_as_batch=is_sqlite,
            transactional_ddl=True,
            render_item=_render_plain_type,
        )
        with context.begin_transaction():
            if not is_sqlite:
                connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})
            context.run_migrations()

    with outages_told_apart():
        if url.startswith("sqlite:"):
            _run_on_sqlite(url, with_connection)
        else:
            asyncio.run(_run_on_postgresql(url, with_connection))


def _render_plain_type(kind: str, item: Any, _context: object) -> str | Literal[False]:
    """A migration is history: it names SQLAlchemy's types, not ours, which may change later."""
    return "sa.DateTime(timezone=True)" if isinstance(item, UtcDateTime) else False


def _run_on_sqlite(url: str, with_connection: Callable[[Connection], None]) -> None:
    engine = sqlite_engine(url)
    try:
        with engine.connect() as connection:
            # While a table is copied its old self is dropped, which would delete the rows that refer to it.
            connection.exec_driver_sql("PRAGMA foreign_keys=OFF")
            connection.exec_driver_sql(f"PRAGMA busy_timeout={_PATIENCE_MS}")
            connection.commit()
            with_connection(connection.execution_options(in_transaction=True))
    finally:
        engine.dispose()


async def _run_on_postgresql(url: str, with_connection: Callable[[Connection], None]) -> None:
    engine = postgresql_engine(url)
    try:
        async with engine.connect() as connection:
            await connection.run_sync(with_connection)
    finally:
        await engine.dispose()
