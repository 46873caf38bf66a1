"""Resetting a forgotten password: a token by mail, good once and for a short time."""

import asyncio
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import timedelta

import structlog

from auth_service.brute_force import SignInGuard
from auth_service.mail import MailSender
from auth_service.opaque_tokens import digest_of, new_opaque_token
from auth_service.origin import current_origin
from auth_service.password_strength import refuse_weak
from auth_service.passwords import PasswordHashing
from auth_service.store import PasswordResetStore, UserStore
from chassis.columns import now
from chassis.database import DatabaseUnavailable
from chassis.problems import InvalidInput, ServiceUnavailable, TooManyRequests

MOST_UNDER_WAY = 50
"""Mails that may be on their way in one worker; beyond that everybody is told to come back."""

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class PasswordResets:
    """Sends tokens, and takes them back for a new password.

    What depends on whether there is such a user happens after the answer: neither it nor its time tells.
    """

    users: UserStore
    resets: PasswordResetStore
    passwords: PasswordHashing
    guard: SignInGuard
    sender: MailSender
    life: timedelta
    _under_way: set[asyncio.Task[None]] = field(default_factory=set)

    def ask(self, username: str) -> None:
        """Sends a token to the user's address, if there is such a user and an address, a little later.

        Raises:
            ServiceUnavailable: too many are asked for at once.
        """
        if len(self._under_way) >= MOST_UNDER_WAY:
            raise ServiceUnavailable("Too many resets are asked for; try again.", retry_after=5)
        task = asyncio.create_task(self._send(username))
        self._under_way.add(task)  # the event loop alone would let it be collected
        task.add_done_callback(self._under_way.discard)

    async def confirm(self, token: str, new_password: str) -> None:
        """Sets the password; every session ends.

        Raises:
            InvalidInput: the token is good no more, or the password is weak.
            ServiceUnavailable: too much is being hashed already.
        """
        digest = digest_of(token)
        user_id = await self.resets.find_user(digest)
        user = await self.users.find(user_id) if user_id else None
        if user is None:
            raise _token_is_spent()
        about = (user.username, user.display_name, user.email)
        await refuse_weak(self.passwords, new_password, "#/new_password", *about)
        if not await self.resets.use(digest, await self.passwords.hash(new_password)):
            raise _token_is_spent()
        # Whoever has the mail is the owner, and may sign in from here whatever strangers tried.
        await self.guard.succeeded(user.username, current_origin().address)

    async def close(self) -> None:
        """Waits for the mails under way."""
        await asyncio.gather(*self._under_way)

    async def _send(self, username: str) -> None:
        try:
            if not await self._may_ask(username):
                return
            user = await self.users.find_by_name(username)
            if user is None or user.disabled or user.email is None:
                return
            token, digest = new_opaque_token()
            await self.resets.add(digest, user.id, now() + self.life)
            minutes = int(self.life.total_seconds() // 60)
            await self.sender.send(
                user.email,
                "Your new password",
                f"Somebody, probably you, asked to reset the password of {user.username}.\n\n"
                f"This is good for {minutes} minutes, once:\n\n{token}\n\n"
                "If it was not you, do nothing: your password stays as it is.\n",
            )
        except (OSError, DatabaseUnavailable) as error:
            log.error("password_reset_not_sent", exc_info=error)

    async def _may_ask(self, username: str) -> bool:
        """Nobody fills a mailbox: each request counts as a failed sign-in to a name beside the user's own."""
        asked, address = f"reset {username}", current_origin().address
        with suppress(TooManyRequests):
            await self.guard.check(asked, address)
            await self.guard.failed(asked, address)
            return True
        return False


def _token_is_spent() -> InvalidInput:
    reason = "the token is unknown, used or expired; ask for a new one"
    return InvalidInput(
        f"The body is not valid: {reason} (#/token).",
        errors=[{"in": "body", "pointer": "#/token", "detail": reason}],
    )
