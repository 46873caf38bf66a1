"""Audit entries for what can happen very often, and what strangers can make happen: they never fill the log.

Of one event about one subject from one address, the 1st, the 10th, the 100th and so on within an hour are written, each
with its number. What comes from many addresses is bounded by a number of entries per minute; the next entry tells how
many were left out. Each worker counts by itself, in memory: what is only counted costs the database nothing.
"""

import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from uuid import UUID

import structlog

from auth_service.audit.context import AuditContext
from auth_service.audit.events import Event
from auth_service.audit.store import AuditStore
from auth_service.passwords.client_network import client_network
from gatehouse_chassis.database import DatabaseUnavailable

COUNTED_FOR = 3600.0
"""Seconds after its first event for which a count goes on."""

MAX_PER_MINUTE = 60
"""Entries of one kind that a worker writes in a minute."""

MAX_COUNTS = 10_000
"""Counts that a worker keeps; then it forgets the oldest."""

log = structlog.get_logger(__name__)


@dataclass(slots=True)
class _Count:
    since: float
    number: int = 0


@dataclass(slots=True)
class _Minute:
    began: float
    written: int = 0
    left_out: int = 0


class RepeatedEvents:
    """Writes some of many events to the audit log.

    Args:
        audit: the audit log.
        clock: seconds, from any beginning.
    """

    def __init__(self, audit: AuditStore, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._audit = audit
        self._clock = clock
        self._counts: OrderedDict[tuple[Event, str, str], _Count] = OrderedDict()
        self._minutes: dict[Event, _Minute] = {}

    async def note(
        self, event: Event, subject: UUID | str | None, context: AuditContext, **details: str
    ) -> None:
        """Counts the event, and adds an entry if it is the turn of one.

        Without a database there is no entry: most of these events need none, and are answered as before.
        """
        number = self._count(event, str(subject), client_network(context.address))
        if number != 10 ** (len(str(number)) - 1):
            return
        minute = self._minute(event)
        if minute.written >= MAX_PER_MINUTE:
            minute.left_out += 1
            return
        minute.written += 1
        about = {**details, "number": str(number)}
        if minute.left_out:
            about["left_out"] = str(minute.left_out)
            minute.left_out = 0
        try:
            await self._audit.record(event, subject, context, **about)
        except DatabaseUnavailable as error:
            log.warning("audit_entry_lost", audit_event=event.value, cause=repr(error))

    def _count(self, *key: *tuple[Event, str, str]) -> int:
        count = self._counts.get(key)
        if count is None or self._clock() - count.since >= COUNTED_FOR:
            self._counts.pop(key, None)
            count = self._counts[key] = _Count(self._clock())
            if len(self._counts) > MAX_COUNTS:
                self._counts.popitem(last=False)
        count.number += 1
        return count.number

    def _minute(self, event: Event) -> _Minute:
        minute = self._minutes.get(event)
        if minute is None or self._clock() - minute.began >= 60:
            left_out = minute.left_out if minute else 0
            minute = self._minutes[event] = _Minute(self._clock(), left_out=left_out)
        return minute
