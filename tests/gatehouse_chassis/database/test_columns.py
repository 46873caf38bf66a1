"""Ids sort by time, and a stored time is the same instant everywhere."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from sqlalchemy import Dialect
from sqlalchemy.dialects import registry

from gatehouse_chassis.database.columns import UtcDateTime, new_id, now


def test_ids_are_version_7_and_sort_by_time_of_creation() -> None:
    ids = [new_id() for _ in range(1000)]
    assert ids == sorted(ids)
    assert len(set(ids)) == 1000
    assert {row_id.version for row_id in ids} == {7}


def test_now_has_an_offset() -> None:
    assert now().utcoffset() == timedelta(0)


SQLITE: Dialect = registry.load("sqlite")()
POSTGRESQL: Dialect = registry.load("postgresql.asyncpg")()


@pytest.mark.parametrize("dialect", [SQLITE, POSTGRESQL], ids=["sqlite", "postgresql"])
def test_a_time_without_an_offset_is_refused(dialect: Dialect) -> None:
    naive = datetime(2026, 1, 1)  # the very thing that is refused
    with pytest.raises(ValueError, match="needs an offset"):
        UtcDateTime().bind_processor(dialect)(naive)


@pytest.mark.parametrize(
    ("dialect", "stored"),
    [
        (SQLITE, "2026-01-01 06:30:00.000000"),
        (POSTGRESQL, datetime(2026, 1, 1, 6, 30, tzinfo=UTC)),
    ],
    ids=["sqlite", "postgresql"],
)
def test_a_time_is_stored_in_utc(dialect: Dialect, stored: object) -> None:
    noon_in_delhi = datetime(2026, 1, 1, 12, tzinfo=timezone(timedelta(hours=5, minutes=30)))
    assert UtcDateTime().bind_processor(dialect)(noon_in_delhi) == stored
