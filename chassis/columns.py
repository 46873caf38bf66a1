"""Ids and times as every table has them."""

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

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Refuses a time without an offset, which would mean another instant on another machine."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a stored time needs an offset")
        return value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """The same instant, in UTC."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)
