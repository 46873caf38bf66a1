"""Every code that a database can answer with has a verdict, and both databases speak of a fault in the same words."""

import sqlite3

import asyncpg
import pytest
from sqlalchemy import text

from gatehouse_chassis.database import InvalidValue, open_database
from gatehouse_chassis.database.failures import POSTGRESQL, SQLITE, Verdict, of_sqlite, of_sqlstate

_CLASSES = sorted(
    {error.sqlstate[:2] for error in vars(asyncpg).values() if getattr(error, "sqlstate", None)}
)
_RESULTS = (
    *("ABORT", "AUTH", "BUSY", "CANTOPEN", "CONSTRAINT", "CORRUPT", "EMPTY", "ERROR", "FORMAT"),
    *("FULL", "INTERNAL", "INTERRUPT", "IOERR", "LOCKED", "MISMATCH", "MISUSE", "NOLFS", "NOMEM"),
    *("NOTADB", "NOTFOUND", "NOTICE", "PERM", "PROTOCOL", "RANGE", "READONLY", "SCHEMA"),
    *("TOOBIG", "WARNING"),
)


@pytest.mark.parametrize("sqlstate", _CLASSES)
def test_every_class_of_postgresql_is_decided(sqlstate: str) -> None:
    assert sqlstate in POSTGRESQL


@pytest.mark.parametrize("name", _RESULTS)
def test_every_result_of_sqlite_is_decided(name: str) -> None:
    assert getattr(sqlite3, f"SQLITE_{name}") in SQLITE


@pytest.mark.parametrize(
    ("code", "verdict"),
    [
        ("25006", Verdict.READ_ONLY),
        ("53100", Verdict.DISK_FULL),
        ("53300", Verdict.BUSY),
        ("57P01", Verdict.LOST),
        ("40P01", Verdict.BUSY),
        ("23505", Verdict.CONFLICT),
        ("22021", Verdict.CLIENT),
        ("42P01", Verdict.BUG),
        ("99999", Verdict.BUG),
    ],
)
def test_a_code_of_postgresql_counts_before_its_class(code: str, verdict: Verdict) -> None:
    assert of_sqlstate(code) is verdict


@pytest.mark.parametrize(
    ("code", "verdict"),
    [
        (sqlite3.SQLITE_READONLY_DBMOVED, Verdict.READ_ONLY),
        (sqlite3.SQLITE_IOERR_WRITE, Verdict.LOST),
        (sqlite3.SQLITE_IOERR_SHMSIZE, Verdict.BUSY),
        (sqlite3.SQLITE_CONSTRAINT_UNIQUE, Verdict.CONFLICT),
    ],
)
def test_an_extended_code_of_sqlite_counts_before_its_primary_one(
    code: int, verdict: Verdict
) -> None:
    assert of_sqlite(code) is verdict


@pytest.mark.parametrize("value", [10**30, "\ud800"])
async def test_what_no_column_can_hold_is_no_outage_and_no_bug(
    database_url: str, value: object
) -> None:
    column = "BIGINT" if isinstance(value, int) else "TEXT"
    database = open_database(database_url)
    await database.execute(text(f"CREATE TABLE things (value {column})"))
    with pytest.raises(InvalidValue) as refused:
        await database.execute(text("INSERT INTO things VALUES (:value)"), value=value)
    assert str(value) not in str(refused.value)
    await database.close()


async def test_a_text_too_long_for_its_column_is_no_outage_and_no_bug(
    postgresql_database: str,
) -> None:
    database = open_database(postgresql_database)
    await database.execute(text("CREATE TABLE things (value VARCHAR(3))"))
    for value in ("four", "\0"):
        with pytest.raises(InvalidValue):
            await database.execute(text("INSERT INTO things VALUES (:value)"), value=value)
    await database.close()


async def test_a_wrong_statement_is_no_outage_on_sqlite_either(tmp_path: object) -> None:
    database = open_database(f"sqlite:///{tmp_path}/test.db")
    with pytest.raises(sqlite3.OperationalError, match="no such table"):
        await database.fetch_one(text("SELECT * FROM nowhere"))
    await database.close()
