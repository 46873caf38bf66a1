"""Verifies usernames and passwords: the only place where a password is checked."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from auth_service.audit.context import AuditContext
from auth_service.audit.events import Event
from auth_service.audit.repeated import RepeatedEvents
from auth_service.audit.store import AuditStore
from auth_service.passwords.hashing import PasswordHashing
from auth_service.passwords.throttling import SignInGuard, TooManyFailedSignIns
from auth_service.users.schemas import MAX_PASSWORD_CHARS
from auth_service.users.store import User, UserStore

REFUSED_AFTER = 1.0
"""Seconds until a try is answered that has to wait: longer than a hash takes, so that the time tells nothing."""


class WrongCredentials(Exception):
    """There is no such user with this password."""

    def __init__(self) -> None:
        super().__init__("the username or the password is wrong")


@dataclass(frozen=True, slots=True)
class PasswordAuthentication:
    """Finds the user with a password. The answer and its time are the same for unknown and disabled users."""

    users: UserStore
    hashing: PasswordHashing
    guard: SignInGuard
    audit: AuditStore
    repeated: RepeatedEvents
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep

    async def user(self, username: str, password: str, context: AuditContext) -> User:
        """The user with this name, or this mail address, and this password.

        Raises:
            WrongCredentials: there is no such user with this password, or the user is disabled.
            TooManyFailedSignIns: too many tries failed; whether this one was right is not said.
            HashingBusy: too many sign in at once.
        """
        with self.hashing.reserve_slot(context):
            found = await self.users.find_by_login(username)
        user = found[0] if len(found) == 1 else None
        known = None if user is None or user.disabled else user
        if not await self.verify_password(password, username, known, context) or user is None:
            raise WrongCredentials
        if await self.hashing.is_outdated(user.password_hash, password, context):
            user = await self.users.upgrade_hash(user, await self.hashing.hash(password, context))
        return user

    async def verify_password(
        self, password: str, username: str, user: User | None, context: AuditContext
    ) -> bool:
        """Whether it is the password of the user; None stands for a name that no user has.

        Raises:
            TooManyFailedSignIns: too many tries failed; whether this one was right is not said.
            HashingBusy: too many sign in at once.
        """
        began = asyncio.get_running_loop().time()
        try:
            return await self._verify(password, username, user, context)
        except TooManyFailedSignIns:
            # At an address that the user knows the password was verified, elsewhere it was not.
            took = asyncio.get_running_loop().time() - began
            await self.sleep(max(0.0, REFUSED_AFTER - took))
            raise

    async def _verify(
        self, password: str, username: str, user: User | None, context: AuditContext
    ) -> bool:
        address = context.address
        try:
            with self.hashing.reserve_slot(context):
                await self.guard.check(username, address)
            matches = len(password) <= MAX_PASSWORD_CHARS and await self.hashing.verify(
                password, user.password_hash if user else None, context
            )
            refusal = await self.guard.check(username, address)
        except TooManyFailedSignIns:
            # Counted by address alone: a count for each user would do other work for a name that no one has.
            await self.repeated.note(Event.SIGN_IN_THROTTLED, None, context)
            raise
        if matches:
            await self.guard.succeeded(username, address)
            return True
        await self.guard.failed(username, address)
        if refusal:
            await self.repeated.note(Event.SIGN_IN_THROTTLED, None, context)
            raise refusal
        await self.audit.record(Event.SIGN_IN_FAILED, user.id if user else None, context)
        return False
