"""Old entries of the audit log are deleted where `AUTH_AUDIT_RETENTION` says so, and nowhere else."""

from datetime import timedelta
from uuid import UUID

import pytest
from sqlalchemy import insert, select

from auth_service.audit.context import AuditContext
from auth_service.audit.events import Event
from auth_service.container import Container
from auth_service.tables import audit_log
from gatehouse_chassis.database import Database
from gatehouse_chassis.database.columns import now
from tests.auth_service.databases import on_both_databases, settings_for

pytestmark = on_both_databases

YEAR = timedelta(days=365)


async def entries(database: Database) -> list[str]:
    """The subjects of the entries, the oldest first."""
    found = select(audit_log.c.subject).order_by(audit_log.c.id).limit(100)
    return [row["subject"] for row in await database.fetch_all(found) if row["subject"]]


@pytest.mark.parametrize(("retention", "kept"), [(None, 4), (YEAR, 2), (timedelta(days=30), 1)])
async def test_entries_that_are_too_old_are_deleted(
    database_url: str, database: Database, retention: timedelta | None, kept: int
) -> None:
    ages = [3 * YEAR, YEAR + timedelta(hours=1), YEAR - timedelta(hours=1)]
    subjects = ["three years", "a year", "nearly a year", "now"]
    for number, age in enumerate(ages):
        old = {"id": UUID(int=number + 1), "at": now() - age, "subject": subjects[number]}
        await database.execute(
            insert(audit_log).values(**old, event=Event.SIGNED_IN.value, details="{}")
        )
    container = Container.build(settings_for(database_url, audit_retention=retention))
    await container.audit.record(Event.SIGNED_IN, "now", AuditContext())
    before = [each for each in await entries(database) if each not in subjects]
    await container.maintenance.purge_expired()
    await container.close()
    left = await entries(database)
    assert [each for each in left if each in subjects] == subjects[-kept:]
    assert [each for each in left if each not in subjects] == before
