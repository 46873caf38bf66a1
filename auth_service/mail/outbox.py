"""Mail that leaves after the answer, so that neither the answer nor its time tells whom it went to."""

import asyncio
from collections.abc import Callable, Coroutine
from contextlib import suppress
from typing import Any

import structlog

from auth_service.audit.context import AuditContext
from auth_service.mail.sender import LogSender, MailSender
from auth_service.passwords.throttling import SignInGuard
from gatehouse_chassis.http.problems import ServiceUnavailable, TooManyRequests

MOST_UNDER_WAY = 50
"""Mails that may be on their way in one worker; beyond that everybody is told to come back."""

log = structlog.get_logger(__name__)


class Mailing:
    """Does the errands that end in a mail, beside the requests that asked for them.

    Args:
        sender: how mail leaves.
        guard: counts what is asked for, so that nobody fills a mailbox.
    """

    def __init__(self, sender: MailSender, guard: SignInGuard) -> None:
        self.sender = sender
        self._guard = guard
        self._under_way: set[asyncio.Task[None]] = set()

    @property
    def goes_to_log(self) -> bool:
        """Whether no mail server is set, so that mails are found in the log."""
        return isinstance(self.sender, LogSender)

    def later(self, errand: Callable[[], Coroutine[Any, Any, None]]) -> None:
        """Does the errand a little later; when its mail cannot be sent, the log tells why.

        Raises:
            ServiceUnavailable: too many are under way.
        """
        if len(self._under_way) >= MOST_UNDER_WAY:
            raise ServiceUnavailable("Too many mails are asked for; try again.", retry_after=5)
        task = asyncio.create_task(_run(errand))
        self._under_way.add(task)  # the event loop alone would let it be collected
        task.add_done_callback(self._under_way.discard)

    async def may_send(self, about: str, context: AuditContext) -> bool:
        """Whether one more mail about this may leave: each counts as a failed sign-in, to a name that nobody has."""
        with suppress(TooManyRequests):
            await self._guard.check(about, context.address)
            await self._guard.failed(about, context.address)
            return True
        return False

    async def close(self) -> None:
        """Waits for the errands under way."""
        await asyncio.gather(*self._under_way)


async def _run(errand: Callable[[], Coroutine[Any, Any, None]]) -> None:
    try:
        await errand()
    except Exception as error:  # nobody waits for it who could be told
        log.error("mail_failed", cause=str(error) or repr(error))
