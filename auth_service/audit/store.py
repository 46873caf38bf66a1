"""The audit log: what happened to users, sessions, clients and keys, in its order.

Rows are only added, and deleted when they are as old as `AUTH_AUDIT_RETENTION`; triggers refuse everything else.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from json import dumps, loads
from typing import Any
from uuid import UUID

from sqlalchemy import Select, bindparam, delete, insert, select

from auth_service.audit.context import AuditContext
from auth_service.audit.events import Event
from auth_service.tables import audit_log
from gatehouse_chassis.database import Database, Row, Statements
from gatehouse_chassis.database.columns import new_id, now


@dataclass(frozen=True, slots=True)
class AuditEntry:
    """A row of `audit_log`.

    Attributes:
        subject: what it happened to: the id of a user or of a client, or a key id.
        actor, address, request_id: see `auth_service.audit.context.AuditContext`.
        details: what else is worth knowing; never a secret, a token or a mail address.
    """

    id: UUID
    at: datetime
    event: Event
    subject: str | None
    actor: str | None
    address: str | None
    request_id: str | None
    details: dict[str, str]


_ADD = insert(audit_log)
_ENTRIES = select(audit_log).order_by(audit_log.c.id.desc()).limit(bindparam("limit"))
# Entries are in the order of their ids, so the oldest come first.
_PURGE = delete(audit_log).where(
    audit_log.c.id.in_(select(audit_log.c.id).order_by(audit_log.c.id).limit(bindparam("limit"))),
    audit_log.c.at < bindparam("older_than"),
)
_FILTERS = {
    "before": audit_log.c.id < bindparam("before"),
    "event": audit_log.c.event == bindparam("event"),
    "subject": audit_log.c.subject == bindparam("subject"),
    "actor": audit_log.c.actor == bindparam("actor"),
}


async def record(
    statements: Statements,
    event: Event,
    subject: UUID | str | None,
    context: AuditContext,
    **details: str,
) -> None:
    """Adds an entry, within the caller's transaction if there is one."""
    await statements.execute(
        _ADD,
        id=new_id(),
        at=now(),
        event=event.value,
        subject=None if subject is None else str(subject),
        actor=context.actor,
        address=context.address,
        request_id=context.request_id,
        details=dumps(details),
    )


@cache
def _matching(names: frozenset[str]) -> Select[Any]:
    """The entries that match these filters: one statement for each combination."""
    return _ENTRIES.where(*(_FILTERS[name] for name in sorted(names)))


class AuditStore:
    """The audit log as a whole.

    Args:
        retention: how long entries are kept; None keeps them for ever.
    """

    def __init__(self, database: Database, retention: timedelta | None = None) -> None:
        self._database = database
        self._retention = retention

    async def record(
        self, event: Event, subject: UUID | str | None, context: AuditContext, **details: str
    ) -> None:
        """Adds an entry about something that changed nothing else in the database."""
        await record(self._database, event, subject, context, **details)

    async def purge_expired(self, limit: int) -> int:
        """Deletes those of the `limit` oldest entries that are too old to be kept, and returns how many."""
        if self._retention is None:
            return 0
        oldest = now() - self._retention
        return await self._database.execute(_PURGE, older_than=oldest, limit=limit)

    async def list(
        self,
        *,
        limit: int,
        before: UUID | None = None,
        event: Event | None = None,
        subject: str | None = None,
        actor: str | None = None,
        searcher: UUID | None = None,
    ) -> list[AuditEntry]:
        """Up to `limit` entries, newest first, that are older than the one with the id `before` and match the rest.

        Raises:
            SearchUnderWay: `searcher` reads the log already.
        """
        wanted: dict[str, Any] = {
            "before": before,
            "event": event.value if event else None,
            "subject": subject,
            "actor": actor,
        }
        wanted = {name: value for name, value in wanted.items() if value is not None}
        statement = _matching(frozenset(wanted))
        rows = await self._database.search(statement, searcher=searcher, limit=limit, **wanted)
        return [_entry(row) for row in rows]


def _entry(row: Row) -> AuditEntry:
    columns = {**row, "event": Event(row["event"]), "details": loads(row["details"])}
    return AuditEntry(**columns)
