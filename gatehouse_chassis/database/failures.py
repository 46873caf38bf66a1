"""What an error of a database means for who asked: one table for PostgreSQL's codes, one for SQLite's.

PostgreSQL: https://www.postgresql.org/docs/current/errcodes-appendix.html. SQLite: https://www.sqlite.org/rescode.html.
"""

import sqlite3
from collections.abc import Mapping
from enum import Enum

from gatehouse_chassis.database.interface import (
    DatabaseUnavailable,
    InvalidValue,
    WritesRefused,
)


class Verdict(Enum):
    """Who is at fault, and what follows."""

    CLIENT = "a value cannot be stored: 422"
    CONFLICT = "a constraint refuses it: the store decides (`IntegrityError`)"
    BUSY = "an outage that passes: 503, and the connection stays"
    LOST = "an outage: 503, and the connection is given up"
    DISK_FULL = "writes are refused and reads go on: 503, and the connection stays"
    READ_ONLY = "writes are refused and reads go on: 503, and every connection is given up"
    BUG = "the service is at fault, or its database was not migrated: 500"


_CLIENT, _CONFLICT, _BUSY, _LOST = Verdict.CLIENT, Verdict.CONFLICT, Verdict.BUSY, Verdict.LOST
_DISK_FULL, _READ_ONLY, _BUG = Verdict.DISK_FULL, Verdict.READ_ONLY, Verdict.BUG

# Classes by their two letters, and the codes that differ from their class.
POSTGRESQL: Mapping[str, Verdict] = {
    **dict.fromkeys(("01", "02", "03"), _BUG),  # warnings, no data, statement not complete
    "08": _LOST,  # connection exception; also whatever PgBouncer says itself
    **dict.fromkeys(("09", "0B", "0F", "0L", "0P", "0Z", "10"), _BUG),
    "0A": _BUG,  # feature not supported
    **dict.fromkeys(("20", "21"), _BUG),  # case not found, cardinality violation
    "22": _BUG,  # data exception: most are of wrong SQL, these are of a value
    "22000": _CLIENT,  # the driver's own, for a value that it cannot send
    "22001": _CLIENT,  # string too long
    "22003": _CLIENT,  # number out of range
    "22007": _CLIENT,  # no date or time
    "22008": _CLIENT,  # date or time out of range
    "22021": _CLIENT,  # character not in repertoire, such as NUL
    "22P02": _CLIENT,  # no text of this type
    "22P03": _CLIENT,  # no binary form of this type
    "22P05": _CLIENT,  # character without a counterpart in the database's encoding
    "23": _CONFLICT,  # integrity constraint violation
    "24": _BUG,  # invalid cursor state
    "25": _BUG,  # invalid transaction state
    "25006": _READ_ONLY,  # the primary has become a replica
    "25P03": _LOST,  # idle in transaction for too long
    "25P04": _LOST,  # transaction took too long
    "26": _LOST,  # no such prepared statement: a pooler gave us another connection (docs/databases.md)
    "27": _BUG,  # triggered data change violation
    "28": _LOST,  # the password is wrong, or was changed
    **dict.fromkeys(("2B", "2D", "2F", "34", "38", "39", "3B"), _BUG),
    "3D": _LOST,  # no such database, or not yet
    "3F": _BUG,  # no such schema
    "40": _BUSY,  # transaction rollback: deadlock, serialization failure
    "40002": _CONFLICT,  # a constraint, at the end of the transaction
    "40003": _LOST,  # nobody knows whether the statement was completed
    "42": _BUG,  # syntax error, no such table
    "42501": _LOST,  # permission denied: GRANT mends it, no code does
    "42P05": _LOST,  # prepared statement exists already: a pooler, as for 26
    "44": _CONFLICT,  # WITH CHECK OPTION violation
    "53": _BUSY,  # insufficient resources
    "53100": _DISK_FULL,
    "54": _BUG,  # program limit exceeded
    "54000": _CLIENT,  # such as a value too long for its index
    "55": _BUSY,  # object not in prerequisite state: locked, or in use
    "57": _LOST,  # operator intervention: shutdown, crash
    "57014": _BUSY,  # the statement was cancelled or took too long
    "58": _LOST,  # system error: the server's disk
    "72": _BUSY,  # snapshot too old
    "F0": _LOST,  # the server's configuration file
    **dict.fromkeys(("HV", "P0"), _BUG),  # foreign data, PL/pgSQL
    "XX": _LOST,  # internal error, data corrupted
}

# Primary codes, and the extended codes that differ from theirs.
SQLITE: Mapping[int, Verdict] = {
    sqlite3.SQLITE_ERROR: _BUG,  # wrong SQL, no such table
    sqlite3.SQLITE_INTERNAL: _LOST,
    sqlite3.SQLITE_PERM: _LOST,
    sqlite3.SQLITE_ABORT: _BUSY,  # rolled back by another statement of the connection
    sqlite3.SQLITE_BUSY: _BUSY,  # another process writes
    sqlite3.SQLITE_LOCKED: _BUSY,
    sqlite3.SQLITE_NOMEM: _BUSY,
    sqlite3.SQLITE_READONLY: _READ_ONLY,
    sqlite3.SQLITE_INTERRUPT: _BUSY,  # a search took too long
    sqlite3.SQLITE_IOERR: _LOST,
    sqlite3.SQLITE_IOERR_SHMSIZE: _BUSY,  # the disk is full: no room for the WAL's index, which reads need too
    sqlite3.SQLITE_CORRUPT: _LOST,  # the file was overwritten
    sqlite3.SQLITE_NOTFOUND: _BUG,
    sqlite3.SQLITE_FULL: _DISK_FULL,
    sqlite3.SQLITE_CANTOPEN: _LOST,
    sqlite3.SQLITE_PROTOCOL: _BUSY,  # a race for the WAL's locks
    sqlite3.SQLITE_EMPTY: _BUG,  # not used by SQLite
    sqlite3.SQLITE_SCHEMA: _BUSY,  # migrated meanwhile
    sqlite3.SQLITE_TOOBIG: _CLIENT,
    sqlite3.SQLITE_CONSTRAINT: _CONFLICT,
    sqlite3.SQLITE_MISMATCH: _CLIENT,  # no integer for an integer primary key
    sqlite3.SQLITE_MISUSE: _BUG,
    sqlite3.SQLITE_NOLFS: _LOST,  # the file system takes no file so large
    sqlite3.SQLITE_AUTH: _BUG,
    sqlite3.SQLITE_FORMAT: _BUG,  # not used by SQLite
    sqlite3.SQLITE_RANGE: _BUG,
    sqlite3.SQLITE_NOTADB: _LOST,  # the file was overwritten
    sqlite3.SQLITE_NOTICE: _BUG,
    sqlite3.SQLITE_WARNING: _BUG,
}


def of_sqlstate(code: str) -> Verdict:
    """The verdict on an error of PostgreSQL; an unknown class is a bug."""
    return POSTGRESQL.get(code) or POSTGRESQL.get(code[:2], _BUG)


def of_sqlite(code: int) -> Verdict:
    """The verdict on SQLite's extended result code."""
    return SQLITE.get(code) or SQLITE.get(code & 0xFF, _BUG)


def is_not_migrated(error: Exception) -> bool:
    """Whether a driver's error says that a table or a column is not there."""
    if isinstance(error, sqlite3.OperationalError):
        return str(error).startswith(("no such table", "no such column"))
    return getattr(error, "sqlstate", None) in ("42P01", "42703")


def in_our_words(verdict: Verdict, error: Exception) -> Exception:
    """What a store sees of a driver's error, but for a conflict: only the driver knows the constraint's name."""
    match verdict:
        case Verdict.CLIENT:
            return InvalidValue(type(error).__name__)
        case Verdict.BUSY | Verdict.LOST:
            return DatabaseUnavailable(cause_of(error), is_lost=verdict is Verdict.LOST)
        case Verdict.DISK_FULL | Verdict.READ_ONLY:
            return WritesRefused(cause_of(error), is_lost=verdict is Verdict.READ_ONLY)
        case _:
            return error


def cause_of(error: Exception) -> str:
    """The error in words; some, such as TimeoutError, have none of their own."""
    return str(error) or type(error).__name__
