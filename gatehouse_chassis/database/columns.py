"""Ids and times as every table has them."""

from collections.abc import Callable
from datetime import UTC, datetime
from uuid import UUID

from sqlalchemy import DateTime, Dialect, TypeDecorator
from uuid_utils.compat import uuid7


def new_id() -> UUID:
    """A UUIDv7 (RFC 9562 section 5.7): sorts by time of creation, so that it serves as a cursor too."""
    return uuid7()


def now() -> datetime:
    """The current time in UTC, to the microsecond that both databases keep."""
    return datetime.now(UTC)


class UtcDateTime(TypeDecorator[datetime]):
    """A point in time. SQLite keeps no offset, so it is stored as UTC there and given its offset back."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def bind_processor(self, dialect: Dialect) -> Callable[[datetime | None], object]:
        """Refuses a time without an offset, which would mean another instant on another machine."""
        return _stored_as_text if dialect.name == "sqlite" else _with_offset

    def result_processor(
        self, dialect: Dialect, coltype: object
    ) -> Callable[[str | None], datetime | None] | None:
        """The same instant, in UTC, as PostgreSQL's driver gives it by itself."""
        return _read_from_text if dialect.name == "sqlite" else None


def _with_offset(value: datetime | None) -> datetime | None:
    if value is None:
        return None
    if value.tzinfo is None:
        raise ValueError("a stored time needs an offset")
    return value.astimezone(UTC)


def _stored_as_text(value: datetime | None) -> str | None:
    instant = _with_offset(value)
    return instant.replace(tzinfo=None).isoformat(" ", "microseconds") if instant else None


def _read_from_text(value: str | None) -> datetime | None:
    return None if value is None else datetime.fromisoformat(f"{value}+00:00")
