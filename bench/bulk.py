"""Many rows at once, straight into a SQLite file: each is a copy of one that the service itself wrote."""

import sqlite3
from collections.abc import Mapping
from contextlib import closing
from uuid import UUID

from sqlalchemy import Table, make_url


def id_of(number: int) -> UUID:
    """The id of the copy with this number, older than any that a service makes (RFC 9562 section 5.7)."""
    return UUID(f"019000000000700080{number:014x}")


def copy_row(
    database_url: str, table: Table, template: UUID, numbers: range, changed: Mapping[str, str]
) -> None:
    """Copy a row once for each number.

    Args:
        template: the `id` of the row.
        changed: what another column than `id` holds in a copy, in SQL with `i` for the number. A column `x_key`,
            which holds `x` in lower case, follows `x`.
    """
    if not numbers:
        return
    columns = [column.name for column in table.columns]
    new = {"id": "printf('019000000000700080%014x', i)", **changed}
    values = [new.get(name.removesuffix("_key"), name) for name in columns]
    with closing(sqlite3.connect(make_url(database_url).database or "")) as connection:
        connection.execute(
            f"INSERT INTO {table.name} ({', '.join(columns)}) "  # noqa: S608  # names from our own tables
            "WITH RECURSIVE numbers(i) AS (SELECT ? UNION ALL SELECT i + 1 FROM numbers WHERE i < ?) "
            f"SELECT {', '.join(values)} FROM numbers, {table.name} WHERE id = ?",
            (numbers.start, numbers.stop - 1, template.hex),
        )
        connection.commit()
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
