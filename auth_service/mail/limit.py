"""How often something may be asked for, so that no mailbox is flooded and nobody sends mails to everyone.

What is asked about, such as a recipient, is open a few times to one address of clients and more often to all of them
together; an address may ask about many. After that each request waits longer, up to a quarter of an hour, as failed
sign-ins do. So what one client asks for uses up little of what others may.
"""

from collections.abc import Callable
from datetime import datetime

from auth_service.audit.context import AuditContext
from auth_service.passwords.client_network import client_network
from auth_service.passwords.store import Attempts, AttemptStore
from auth_service.passwords.throttling import (
    FAILURES_COUNT_FOR,
    Purpose,
    counter_key,
    end_of_delay,
)
from auth_service.users.names import username_key
from gatehouse_chassis.database.columns import now

FROM_ONE_ADDRESS = 5
FROM_ALL_ADDRESSES = 20
ABOUT_EVERYTHING = 30


class RequestLimit:
    """Counts what is asked for, each purpose by itself.

    Args:
        attempts: where the counters are.
        clock: the current time.
    """

    def __init__(self, attempts: AttemptStore, *, clock: Callable[[], datetime] = now) -> None:
        self._attempts = attempts
        self._clock = clock

    async def allows(self, purpose: Purpose, about: str, context: AuditContext) -> bool:
        """Whether it may be asked for once more, which is then counted; of many at once a few may.

        Args:
            about: such as a name or a mail address, as it was typed; whether anybody has it makes no difference.
        """
        about, network, at = username_key(about), client_network(context.address), self._clock()
        address = counter_key(purpose, "address", network)
        free = {
            counter_key(purpose, "account at address", about, network): FROM_ONE_ADDRESS,
            counter_key(purpose, "account", about): FROM_ALL_ADDRESSES,
            address: ABOUT_EVERYTHING,
        }
        found = await self._attempts.find(*free)
        if any(end_of_delay(found.get(key, Attempts()), free[key]) > at for key in free):
            return False
        since = at - FAILURES_COUNT_FOR
        for key in [one for one in free if one != address]:
            seen = found.get(key, Attempts()).failures
            if not await self._attempts.count_if_unchanged(key, seen, at=at, since=since):
                return False
        # Several people behind one address may ask at the same moment.
        await self._attempts.count_failure(address, at=at, since=since)
        return True
