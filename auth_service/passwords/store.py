"""Counters of failed sign-ins, shared by all workers and replicas."""

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import and_, bindparam, case, delete, insert, select, update

from auth_service.tables import sign_in_attempts
from gatehouse_chassis.database import Database, IntegrityError, Row


@dataclass(frozen=True, slots=True)
class Attempts:
    """What is stored under one key."""

    failures: int = 0
    last_failed_at: datetime | None = None
    last_success_at: datetime | None = None


_COLUMNS = sign_in_attempts.c
_FIND = select(sign_in_attempts).where(
    _COLUMNS.key.in_([bindparam("first"), bindparam("second"), bindparam("third")])
)
_ADD = insert(sign_in_attempts)
_THIS = _COLUMNS.key == bindparam("which")
_FIND_ONE = select(sign_in_attempts).where(_THIS)
# One statement, so that two concurrent failures are not counted as one.
_COUNT_FAILURE = (
    update(sign_in_attempts)
    .where(_THIS)
    .values(
        failures=case((_COLUMNS.last_failed_at >= bindparam("since"), _COLUMNS.failures), else_=0)
        + 1,
        last_failed_at=bindparam("at"),
    )
)
_COUNT_IF_UNCHANGED = _COUNT_FAILURE.where(_COLUMNS.failures == bindparam("seen"))
_NOTE_SUCCESS = (
    update(sign_in_attempts).where(_THIS).values(failures=0, last_success_at=bindparam("at"))
)
_DELETE = delete(sign_in_attempts).where(_THIS)
_EXPIRED = and_(
    _COLUMNS.last_failed_at.is_(None) | (_COLUMNS.last_failed_at < bindparam("failed_before")),
    _COLUMNS.last_success_at.is_(None) | (_COLUMNS.last_success_at < bindparam("succeeded_before")),
)
# No index leads to what has expired, so it is searched for, and deleted by its key.
_SOME_EXPIRED = select(_COLUMNS.key.label("which")).where(_EXPIRED).limit(bindparam("limit"))
_DELETE_EXPIRED = delete(sign_in_attempts).where(_THIS, _EXPIRED)


class AttemptStore:
    """Counters by key; a key is a digest, because what people type as a name may be their password."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def find(self, first: str, second: str, third: str) -> Mapping[str, Attempts]:
        """The counters of those keys that have one."""
        rows = await self._database.fetch_all(_FIND, first=first, second=second, third=third)
        return {row["key"]: _attempts(row) for row in rows}

    async def find_one(self, key: str) -> Attempts:
        """The counter of this key; at its beginning when there is none."""
        row = await self._database.fetch_one(_FIND_ONE, which=key)
        return _attempts(row) if row else Attempts()

    async def count_failure(self, key: str, *, at: datetime, since: datetime) -> None:
        """Counts one more failure; failures before `since` no longer count."""
        if not await self._database.execute(_COUNT_FAILURE, which=key, at=at, since=since):
            await self._add(key)
            await self._database.execute(_COUNT_FAILURE, which=key, at=at, since=since)

    async def count_if_unchanged(
        self, key: str, seen: int, *, at: datetime, since: datetime
    ) -> bool:
        """Counts one more, unless a concurrent request was quicker: of those that saw the same number, one counts."""
        counted = {"which": key, "seen": seen, "at": at, "since": since}
        if await self._database.execute(_COUNT_IF_UNCHANGED, **counted):
            return True
        if seen:
            return False
        await self._add(key)
        return await self._database.execute(_COUNT_IF_UNCHANGED, **counted) > 0

    async def note_success(self, key: str, *, at: datetime) -> None:
        """Resets the failures under the key, and stores the time of the success."""
        if not await self._database.execute(_NOTE_SUCCESS, which=key, at=at):
            await self._add(key)
            await self._database.execute(_NOTE_SUCCESS, which=key, at=at)

    async def delete(self, key: str) -> None:
        """Deletes the counter."""
        await self._database.execute(_DELETE, which=key)

    async def purge_expired(
        self, *, failed_before: datetime, succeeded_before: datetime, limit: int
    ) -> int:
        """Deletes up to `limit` counters whose last failure and success were before these, and returns how many."""
        until = {"failed_before": failed_before, "succeeded_before": succeeded_before}
        found = await self._database.search(_SOME_EXPIRED, searcher=None, **until, limit=limit)
        return sum([await self._database.execute(_DELETE_EXPIRED, **row, **until) for row in found])

    async def _add(self, key: str) -> None:
        with suppress(IntegrityError):  # added by a concurrent request
            await self._database.execute(_ADD, key=key, failures=0)


def _attempts(row: Row) -> Attempts:
    return Attempts(row["failures"], row["last_failed_at"], row["last_success_at"])
