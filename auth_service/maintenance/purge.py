"""Deletes expired rows, in the background of the service."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import structlog

INTERVAL = 3600.0
"""Seconds between two purges of a store that needs them no more often."""

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
    """Keeps the tables as small as what is in use. Several workers may run it at the same time.

    Attributes:
        schedule: the stores, each with the seconds between two purges.
    """

    schedule: Sequence[tuple[float, Purgeable]]

    async def run_forever(self) -> None:
        """Purges each store now, and again after its interval."""
        async with asyncio.TaskGroup() as tasks:
            for interval, store in self.schedule:
                tasks.create_task(_keep_purging(store, interval))

    async def purge_expired(self) -> int:
        """Deletes every expired row of every store, and returns how many there were."""
        return sum([await purge(store) for _, store in self.schedule])


async def purge(store: Purgeable) -> int:
    """Deletes every expired row of a store, in batches, and returns how many there were."""
    purged = 0
    while batch := await store.purge_expired(BATCH):
        purged += batch
        await asyncio.sleep(_PAUSE)  # others want to write too
    return purged


async def _keep_purging(store: Purgeable, interval: float) -> None:
    while True:
        try:
            await purge(store)
        except Exception as error:
            # The database may be back at the next try.
            log.warning("purge_failed", store=type(store).__name__, cause=repr(error))
        await asyncio.sleep(interval)
