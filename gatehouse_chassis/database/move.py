"""Copies a service's SQLite file into its PostgreSQL database, all of it in one transaction."""

import asyncio
from collections.abc import Iterator
from hashlib import sha256
from importlib import import_module
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, MetaData, NullPool, Table, create_engine, func, select

from gatehouse_chassis.database.migrations import (
    catch_up_with_copied_rows,
    migrate,
    run_on_postgresql,
)
from gatehouse_chassis.database.sqlite import connect

ROWS_AT_A_TIME = 1000


class MoveError(Exception):
    """The rows cannot be copied, and the target is as it was; `str()` says why in a sentence."""


def move(migrations: Path, source: str, target: str) -> dict[str, int]:
    """Migrates both databases to the newest version, copies every row, and returns how many each table has.

    Nothing may write to either meanwhile. The source stays as it is.

    Args:
        migrations: the service's `migrations/` folder.
        source: the URL of a SQLite file.
        target: the URL of a PostgreSQL database whose tables are empty or not there yet.

    Raises:
        MoveError: the target has rows already, or what arrived is not what was sent.
        DatabaseUnavailable, MigrationError: as `migrate`.
    """
    metadata: MetaData = import_module(f"{migrations.parent.name}.tables").metadata
    for url in (source, target):
        migrate(migrations, url)
    counts: dict[str, int] = {}
    engine = create_engine("sqlite://", creator=lambda: connect(source), poolclass=NullPool)

    def copy(connection: Connection) -> None:
        with connection.begin():
            counts.update(_copy(metadata, engine, connection))
            catch_up_with_copied_rows(connection)

    asyncio.run(run_on_postgresql(target, copy))
    return counts


def _copy(metadata: MetaData, engine: Engine, target: Connection) -> dict[str, int]:
    for table in metadata.sorted_tables:
        if target.scalar(select(func.count()).select_from(table)):
            raise MoveError(
                f"The table {table.name} of the target has rows already. Copy into an empty database, so that nothing "
                "is mixed or lost."
            )
    counts = {}
    with engine.connect() as source:
        # Tables that others refer to come first.
        for table in metadata.sorted_tables:
            sent = _Digest()
            for rows in _batches(source, table):
                sent.add(rows)
                target.execute(table.insert(), [dict(row._mapping) for row in rows])
            arrived = _Digest()
            for rows in _batches(target, table):
                arrived.add(rows)
            if sent != arrived:
                raise MoveError(
                    f"{sent.count} rows of {table.name} were sent, and what arrived differs ({arrived.count} rows). "
                    "Nothing was changed."
                )
            counts[table.name] = sent.count
    return counts


def _batches(connection: Connection, table: Table) -> Iterator[list[Any]]:
    result = connection.execute(select(table))
    yield from map(list, result.partitions(ROWS_AT_A_TIME))


class _Digest:
    """The number of rows, and a checksum of their values that does not depend on their order."""

    def __init__(self) -> None:
        self.count = 0
        self._sum = 0

    def add(self, rows: list[Any]) -> None:
        for row in rows:
            self.count += 1
            self._sum ^= int.from_bytes(sha256(repr(tuple(row)).encode()).digest())

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Digest) and vars(self) == vars(other)

    __hash__ = None  # type: ignore[assignment]  # it changes
