"""Counters of failed sign-ins, shared by all workers and replicas."""

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import and_, bindparam, case, delete, insert, select, update

from auth_service.tables import sign_in_attempts
from gatehouse_chassis.database import Database, IntegrityError


@dataclass(frozen=True, slots=True)
class Attempts:
    """What is known of the tries under one key."""

    failures: int = 0
    last_failed_at: datetime | None = None
    last_success_at: datetime | None = None


_COLUMNS = sign_in_attempts.c
_THESE = select(sign_in_attempts).where(
    _COLUMNS.key.in_([bindparam("first"), bindparam("second"), bindparam("third")])
)
_BEGIN = insert(sign_in_attempts)
_THIS = _COLUMNS.key == bindparam("which")
# One statement counts, so that no two tries at once are counted as one.
_ONE_MORE = (
    update(sign_in_attempts)
    .where(_THIS)
    .values(
        failures=case((_COLUMNS.last_failed_at >= bindparam("since"), _COLUMNS.failures), else_=0)
        + 1,
        last_failed_at=bindparam("at"),
    )
)
_SUCCESS = update(sign_in_attempts).where(_THIS).values(failures=0, last_success_at=bindparam("at"))
_FORGET = delete(sign_in_attempts).where(_THIS)
_STALE = and_(
    _COLUMNS.last_failed_at.is_(None) | (_COLUMNS.last_failed_at < bindparam("failed_before")),
    _COLUMNS.last_success_at.is_(None) | (_COLUMNS.last_success_at < bindparam("good_before")),
)
_SOME_STALE = select(_COLUMNS.key).where(_STALE).limit(bindparam("most"))
_FORGET_STALE = delete(sign_in_attempts).where(_COLUMNS.key.in_(_SOME_STALE))


class AttemptStore:
    """Counters by key; a key is a digest, because what people type as a name may be their password."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def find(self, first: str, second: str, third: str) -> Mapping[str, Attempts]:
        """What is known of each of the keys."""
        rows = await self._database.fetch_all(_THESE, first=first, second=second, third=third)
        return {
            row["key"]: Attempts(row["failures"], row["last_failed_at"], row["last_success_at"])
            for row in rows
        }

    async def count_failure(self, key: str, *, at: datetime, since: datetime) -> None:
        """Counts one more; what failed before `since` does not count any more."""
        if not await self._database.execute(_ONE_MORE, which=key, at=at, since=since):
            await self._begin(key)
            await self._database.execute(_ONE_MORE, which=key, at=at, since=since)

    async def note_success(self, key: str, *, at: datetime) -> None:
        """Forgets the failures under the key, and remembers when somebody succeeded under it."""
        if not await self._database.execute(_SUCCESS, which=key, at=at):
            await self._begin(key)
            await self._database.execute(_SUCCESS, which=key, at=at)

    async def forget(self, key: str) -> None:
        """Forgets all that is known under the key."""
        await self._database.execute(_FORGET, which=key)

    async def forget_stale(
        self, *, failed_before: datetime, good_before: datetime, most: int
    ) -> int:
        """Removes up to `most` counters that mean nothing any more, and says how many."""
        return await self._database.execute(
            _FORGET_STALE,
            failed_before=failed_before,
            good_before=good_before,
            most=most,
        )

    async def _begin(self, key: str) -> None:
        with suppress(IntegrityError):  # somebody else began it just now
            await self._database.execute(_BEGIN, key=key, failures=0)
