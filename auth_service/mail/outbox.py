"""Mail that is sent after the response, so that neither the response nor any later one reveals who gets one."""

import asyncio
from collections.abc import Callable, Coroutine
from contextlib import suppress
from random import SystemRandom
from typing import Any

import structlog

from auth_service.errors import TryLater
from auth_service.mail.sender import FileSender, MailSender

MAX_IN_FLIGHT = 50
"""Requests for mails that may be worked on in one worker; more are refused."""

MAX_UNSENT = 200
"""Mails that may wait in one worker until they are sent; more are dropped."""

SENT_WITHIN = (0.5, 3.0)
"""Seconds after which the sending of a mail begins: some moment, which no other request can be compared with."""

log = structlog.get_logger(__name__)


class OutboxFull(TryLater):
    """Too many mails are asked for."""

    def __init__(self) -> None:
        super().__init__("Too many mails are asked for; try again.", retry_after=5)


class Outbox:
    """Works on what asks for mails in the background, and sends the mails later still.

    The two are bounded apart: how long mails take depends on who gets one, so how many wait must not show in an answer.

    Args:
        sender: how mail is sent.
    """

    def __init__(self, sender: MailSender) -> None:
        self.sender = sender
        self._in_flight: set[asyncio.Task[None]] = set()
        self._unsent: set[asyncio.Task[None]] = set()
        self._is_closing = asyncio.Event()

    @property
    def goes_to_files(self) -> bool:
        """Whether mails are written to files, because no mail server is set."""
        return isinstance(self.sender, FileSender)

    def add(self, task: Callable[[], Coroutine[Any, Any, None]]) -> None:
        """Starts a task that ends in `send`, and takes as long whoever exists; if it fails, the log has the cause.

        Raises:
            OutboxFull: too many run already.
        """
        if len(self._in_flight) >= MAX_IN_FLIGHT:
            raise OutboxFull
        _start(self._in_flight, task())

    def send(self, to: str | None, subject: str, text: str) -> None:
        """Sends a mail in a while; if that fails, the log has the cause.

        Args:
            to: the recipient; for None the work is the same, and nothing is sent.
        """
        if len(self._unsent) >= MAX_UNSENT:
            log.error("mail_dropped", cause="too many mails wait to be sent")
            return
        _start(self._unsent, self._send_later(to, subject, text))

    @property
    def unsent(self) -> int:
        """How many mails wait."""
        return len(self._unsent)

    async def work(self) -> None:
        """Returns when all that was added has run; the mails may still wait."""
        while running := set(self._in_flight):
            await asyncio.wait(running)

    async def close(self) -> None:
        """Sends what waits at once, and returns when it is done."""
        await self.work()
        self._is_closing.set()
        while running := set(self._unsent):
            await asyncio.wait(running)
        self._is_closing.clear()

    async def _send_later(self, to: str | None, subject: str, text: str) -> None:
        with suppress(TimeoutError):
            await asyncio.wait_for(
                self._is_closing.wait(), timeout=SystemRandom().uniform(*SENT_WITHIN)
            )
        if to is not None:
            await self.sender.send(to, subject, text)


def _start(running: set[asyncio.Task[None]], work: Coroutine[Any, Any, None]) -> None:
    task = asyncio.create_task(_logged(work))
    running.add(task)  # the event loop keeps no reference to it
    task.add_done_callback(running.discard)


async def _logged(work: Coroutine[Any, Any, None]) -> None:
    try:
        await work
    except Exception as error:  # no request waits for it
        log.error("mail_failed", cause=str(error) or repr(error))
