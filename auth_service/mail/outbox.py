"""Mail that is sent after the response, so that neither the response nor its time reveals who gets one."""

import asyncio
from collections.abc import Callable, Coroutine
from contextlib import suppress
from typing import Any

import structlog

from auth_service.audit.context import AuditContext
from auth_service.errors import TryLater
from auth_service.mail.sender import LogSender, MailSender
from auth_service.passwords.throttling import SignInGuard, TooManyFailedSignIns

MAX_IN_FLIGHT = 50
"""Mails that may be on their way in one worker; more are refused."""

log = structlog.get_logger(__name__)


class OutboxFull(TryLater):
    """Too many mails are on their way."""

    def __init__(self) -> None:
        super().__init__("Too many mails are asked for; try again.", retry_after=5)


class Outbox:
    """Runs the tasks that end in a mail, in the background of the requests that asked for them.

    Args:
        sender: how mail is sent.
        guard: counts the mails for each recipient, so that a mailbox is not flooded.
    """

    def __init__(self, sender: MailSender, guard: SignInGuard) -> None:
        self.sender = sender
        self._guard = guard
        self._in_flight: set[asyncio.Task[None]] = set()

    @property
    def goes_to_log(self) -> bool:
        """Whether mails are written to the log, because no mail server is set."""
        return isinstance(self.sender, LogSender)

    def add(self, task: Callable[[], Coroutine[Any, Any, None]]) -> None:
        """Starts a task that sends a mail; if it fails, the log has the cause.

        Raises:
            OutboxFull: too many are on their way.
        """
        if len(self._in_flight) >= MAX_IN_FLIGHT:
            raise OutboxFull
        running = asyncio.create_task(_run(task))
        self._in_flight.add(running)  # the event loop keeps no reference to it
        running.add_done_callback(self._in_flight.discard)

    async def may_send(self, about: str, context: AuditContext) -> bool:
        """Whether one more mail about this may be sent: each counts as a failed sign-in under this name."""
        with suppress(TooManyFailedSignIns):
            await self._guard.check(about, context.address)
            await self._guard.failed(about, context.address)
            return True
        return False

    async def close(self) -> None:
        """Waits for the mails on their way."""
        await asyncio.gather(*self._in_flight)


async def _run(task: Callable[[], Coroutine[Any, Any, None]]) -> None:
    try:
        await task()
    except Exception as error:  # no request waits for it
        log.error("mail_failed", cause=str(error) or repr(error))
