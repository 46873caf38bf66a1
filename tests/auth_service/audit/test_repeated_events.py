"""What a stranger can cause again and again is told without filling the log."""

import json

import pytest
from sqlalchemy import select

from auth_service.audit.context import AuditContext
from auth_service.audit.events import Event
from auth_service.audit.repeated import COUNTED_FOR, MAX_COUNTS, MAX_PER_MINUTE, RepeatedEvents
from auth_service.audit.store import AuditStore
from auth_service.tables import audit_log
from gatehouse_chassis.database import Database, DatabaseUnavailable
from testing.clocks import SettableClock


@pytest.fixture
def clock() -> SettableClock:
    return SettableClock(0)


@pytest.fixture
def repeated(database: Database, clock: SettableClock) -> RepeatedEvents:
    return RepeatedEvents(AuditStore(database), clock=clock)


async def told(database: Database) -> list[dict[str, str]]:
    """The details of the entries, oldest first."""
    refused = select(audit_log).where(audit_log.c.event == Event.TOKEN_REFUSED)
    rows = await database.fetch_all(refused.order_by(audit_log.c.id).limit(1000))
    return [json.loads(row["details"]) for row in rows]


async def note(repeated: RepeatedEvents, address: str = "203.0.113.9") -> None:
    await repeated.note(Event.TOKEN_REFUSED, None, AuditContext(address=address))


async def test_of_a_thousand_the_first_tenth_hundredth_and_thousandth_are_written(
    repeated: RepeatedEvents, database: Database
) -> None:
    for _ in range(1500):
        await note(repeated)
    assert [entry["number"] for entry in await told(database)] == ["1", "10", "100", "1000"]


async def test_each_subject_and_each_address_has_its_own_count_and_a_household_has_one(
    repeated: RepeatedEvents, database: Database
) -> None:
    for address in ("203.0.113.9", "203.0.113.10", "2001:db8::1", "2001:db8::2", "2001:db8:1::"):
        await note(repeated, address)
    assert len(await told(database)) == 4
    await repeated.note(Event.TOKEN_REFUSED, "somebody", AuditContext(address="203.0.113.9"))
    assert len(await told(database)) == 5


async def test_after_an_hour_a_count_begins_anew(
    repeated: RepeatedEvents, database: Database, clock: SettableClock
) -> None:
    await note(repeated)
    await note(repeated)
    clock.advance(COUNTED_FOR)
    await note(repeated)
    assert [entry["number"] for entry in await told(database)] == ["1", "1"]


async def test_from_very_many_addresses_so_many_entries_are_written_in_a_minute(
    repeated: RepeatedEvents, database: Database, clock: SettableClock
) -> None:
    for number in range(MAX_PER_MINUTE + 25):
        await note(repeated, f"198.51.100.{number}")
    assert len(await told(database)) == MAX_PER_MINUTE
    # What strangers do to one kind of entry leaves room for the others.
    await repeated.note(Event.ACCESS_DENIED, None, AuditContext())
    denied = select(audit_log).where(audit_log.c.event == Event.ACCESS_DENIED)
    assert len(await database.fetch_all(denied.limit(9))) == 1
    clock.advance(60)
    await note(repeated)
    assert (await told(database))[-1]["left_out"] == "25"


async def test_the_memory_of_counts_is_bounded(repeated: RepeatedEvents) -> None:
    for number in range(MAX_COUNTS + 100):
        await note(repeated, f"10.{number >> 16}.{number >> 8 & 255}.{number & 255}")
    assert len(repeated._counts) == MAX_COUNTS


async def test_without_a_database_the_refusal_is_answered_as_before(
    repeated: RepeatedEvents, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fail(*_: object, **__: object) -> int:
        raise DatabaseUnavailable("gone")

    monkeypatch.setattr(type(database), "execute", fail)
    await note(repeated)
