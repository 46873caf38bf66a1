"""Forgets what means nothing any more, beside the service: expired tokens, their sessions, sign-ups, old counters."""

import asyncio
from dataclasses import dataclass
from datetime import timedelta

import structlog

from auth_service.maintenance.store import ExpiredStore
from auth_service.passwords.throttling import SignInGuard
from gatehouse_chassis.database.columns import now

LOOK_EVERY = 3600.0
"""Seconds from one look to the next."""

KEPT = timedelta(days=1)
"""How long things stay after their end: longer than any access token that a session gave."""

BATCH = 200
_PAUSE = 0.05

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Housekeeping:
    """Keeps the tables as small as what is in use. Workers may do it at the same time."""

    expired: ExpiredStore
    guard: SignInGuard

    async def keep_house(self) -> None:
        """Runs for ever."""
        while True:
            try:
                await self.forget()
            except Exception as error:
                # The next look may find the database again.
                log.warning("housekeeping_failed", cause=repr(error))
            await asyncio.sleep(LOOK_EVERY)

    async def forget(self) -> int:
        """Forgets all that can be forgotten now, and says how much it was."""
        before, forgotten = now() - KEPT, 0
        while True:
            some = await self.expired.forget_tokens(before=before, most=BATCH)
            some += await self.expired.forget_mailed_tokens(before=now(), most=BATCH)
            some += await self.expired.forget_sessions(before=before, most=BATCH)
            some += await self.guard.forget_stale(most=BATCH)
            if not some:
                return forgotten
            forgotten += some
            await asyncio.sleep(_PAUSE)  # others want to write too
