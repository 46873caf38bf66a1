"""Deletes expired rows, in the background of the service.

Access tokens are purged more often, by `auth_service.revocation.status_list`, because their indexes are limited.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import structlog

INTERVAL = 3600.0
"""Seconds between two purges."""

BATCH = 200
"""Rows that one statement deletes: on SQLite it blocks everyone else who writes."""

_PAUSE = 0.05

log = structlog.get_logger(__name__)


class Purgeable(Protocol):
    """A store some of whose rows expire."""

    async def purge_expired(self, limit: int) -> int:
        """Deletes up to `limit` rows of each kind that have expired, and returns how many."""


@dataclass(frozen=True, slots=True)
class Maintenance:
    """Keeps the tables as small as what is in use. Several workers may run it at the same time."""

    stores: Sequence[Purgeable]

    async def run_forever(self) -> None:
        """Purges now, and again every `INTERVAL`."""
        while True:
            try:
                await self.purge_expired()
            except Exception as error:
                # The database may be back at the next try.
                log.warning("purge_failed", cause=repr(error))
            await asyncio.sleep(INTERVAL)

    async def purge_expired(self) -> int:
        """Deletes every expired row, in batches, and returns how many there were."""
        purged = 0
        for store in self.stores:
            while batch := await store.purge_expired(BATCH):
                purged += batch
                await asyncio.sleep(_PAUSE)  # others want to write too
        return purged
