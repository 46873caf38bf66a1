"""Alembic for every service: all that a service has of its own is `tables.py` and `migrations/versions/`."""

import asyncio
import subprocess
import sys
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Literal
from uuid import uuid4

from alembic import command, context
from alembic.config import Config
from alembic.script import ScriptDirectory
from alembic.util import CommandError
from sqlalchemy import (
    Connection,
    Integer,
    MetaData,
    NullPool,
    column,
    create_engine,
    event,
    func,
    select,
    table,
    text,
)
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import create_async_engine

from gatehouse_chassis.database import DatabaseUnavailable
from gatehouse_chassis.database.columns import UtcDateTime
from gatehouse_chassis.database.failures import Verdict, cause_of, of_sqlite, of_sqlstate
from gatehouse_chassis.database.postgresql_connections import FAILURES, Connector
from gatehouse_chassis.database.sqlite import connect

_SCRIPTS = Path(__file__).parent / "alembic"

# One number for "migrating" in PostgreSQL's advisory lock space, so that replicas starting together take turns.
_LOCK = 4_073_122

# Milliseconds that one process waits for another's migration on SQLite.
_PATIENCE_MS = 60_000


class MigrationError(Exception):
    """The database cannot be brought to the newest version, and is as it was; `str()` says why in sentences."""


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
    """Brings the database to the newest version; does nothing when it is there already.

    Raises:
        DatabaseUnavailable: the database does not answer, or takes no writes.
        MigrationError: it answers, and the migration cannot be applied.
    """
    try:
        with _failing_in(folder):
            command.upgrade(configuration(folder, database_url), "head")
    except CommandError as error:
        raise MigrationError(
            f"{error} If the database was migrated by newer code, run that code."
        ) from error


def check(folder: Path, database_url: str) -> None:
    """Raises `alembic.util.CommandError` when the tables in code and the migrated database differ."""
    command.check(_comparing(folder, database_url))


def revise(folder: Path, database_url: str, message: str) -> None:
    """Writes a new migration with the difference between the tables in code and the database.

    Raises:
        alembic.util.CommandError: the database has not been migrated to the newest version.
    """
    config = _comparing(folder, database_url)
    # It becomes a docstring, in which neither may stand.
    message = message.replace('"', "'").replace("\\", "/")
    written = command.revision(
        config, message=message, autogenerate=True, rev_id=_next_number(config)
    )
    scripts = written if isinstance(written, list) else [written]
    _format([script.path for script in scripts if script])


def _next_number(config: Config) -> str:
    revisions = ScriptDirectory.from_config(config).walk_revisions()
    numbers = [int(script.revision) for script in revisions if script.revision.isdigit()]
    return f"{max(numbers, default=0) + 1:04}"


def _format(files: list[str]) -> None:
    """Does what `make lint` asks for; Ruff is there where developers work, and not in an image."""
    if find_spec("ruff"):
        for arguments in (["check", "--fix", "--quiet"], ["format", "--quiet"]):
            command_line = [sys.executable, "-m", "ruff", *arguments, "--", *files]
            subprocess.run(command_line, check=True)  # noqa: S603  # every word is ours


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
            if not is_sqlite:
                catch_up_with_copied_rows(connection)

    if url.startswith("sqlite:"):
        _run_on_sqlite(url, with_connection)
    else:
        asyncio.run(run_on_postgresql(url, with_connection))


@contextmanager
def _failing_in(folder: Path) -> Iterator[None]:
    """What a database answers to a migration becomes an outage, or a sentence with the line of the migration."""
    try:
        yield
    except DBAPIError as error:
        # Without a statement it was the connecting that failed.
        if error.connection_invalidated or error.statement is None or _is_outage(error.orig):
            raise DatabaseUnavailable(cause_of(error)) from error
        frames = traceback.extract_tb(error.__traceback__)
        ours = [frame for frame in frames if Path(frame.filename).is_relative_to(folder)]
        where = f"{ours[-1].filename}, line {ours[-1].lineno}" if ours else str(folder)
        raise MigrationError(
            f"{where}: {cause_of(error).splitlines()[0]}\nThe database is as it was before."
        ) from error
    except FAILURES as error:
        raise DatabaseUnavailable(cause_of(error)) from error


def _is_outage(error: Any) -> bool:
    code = getattr(error, "sqlite_errorcode", None)
    verdict = of_sqlite(code) if code is not None else of_sqlstate(getattr(error, "sqlstate", ""))
    return verdict not in (Verdict.CLIENT, Verdict.CONFLICT, Verdict.BUG)


_IDENTITIES = text(
    "SELECT table_name, column_name, pg_get_serial_sequence(quote_ident(table_name), column_name) AS sequence "
    "FROM information_schema.columns WHERE is_identity = 'YES' AND table_schema = current_schema()"
)


def catch_up_with_copied_rows(connection: Connection) -> None:
    """Numbers that PostgreSQL gives go on after those of rows that were copied with theirs, from SQLite for example.

    It counts only what it gave itself, so it would give the same numbers again, and every new row would be refused.
    """
    for found in connection.execute(_IDENTITIES).all():
        number = column(found.column_name, Integer)
        newest = connection.scalar(select(func.max(number)).select_from(table(found.table_name)))
        given = connection.scalar(
            text(f"SELECT CASE WHEN is_called THEN last_value ELSE 0 END FROM {found.sequence}")  # noqa: S608  # quoted
        )
        if newest is not None and newest > given:
            set_newest = text("SELECT setval(CAST(:sequence AS regclass), :newest)")
            connection.execute(set_newest, {"sequence": found.sequence, "newest": newest})


def _render_plain_type(kind: str, item: Any, _context: object) -> str | Literal[False]:
    """A migration is history: it names SQLAlchemy's types, not ours, which may change later."""
    return "sa.DateTime(timezone=True)" if isinstance(item, UtcDateTime) else False


def _run_on_sqlite(url: str, with_connection: Callable[[Connection], None]) -> None:
    engine = create_engine("sqlite://", creator=lambda: connect(url), poolclass=NullPool)

    @event.listens_for(engine, "begin")
    def take_the_write_lock_first(connection: Connection) -> None:
        connection.exec_driver_sql("BEGIN IMMEDIATE")

    with engine.connect() as connection:
        raw = connection.connection.driver_connection
        assert raw is not None  # noqa: S101  # it is connected
        # While a table is copied its old self is dropped, which would delete the rows that refer to it.
        raw.execute("PRAGMA foreign_keys=OFF")
        raw.execute(f"PRAGMA busy_timeout={_PATIENCE_MS}")
        with_connection(connection)


async def run_on_postgresql(url: str, with_connection: Callable[[Connection], None]) -> None:
    """Hands a connection to code that knows none of asyncio."""
    engine = create_async_engine(
        "postgresql+asyncpg://",
        poolclass=NullPool,
        connect_args={
            "async_creator_fn": Connector(url).connect,
            # A pooler in transaction mode may hand on a connection with the statements of whoever had it before.
            "prepared_statement_cache_size": 0,
            "prepared_statement_name_func": lambda: f"migration-{uuid4()}",
        },
    )
    async with engine.connect() as connection:
        await connection.run_sync(with_connection)
