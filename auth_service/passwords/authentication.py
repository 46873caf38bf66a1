"""Who somebody is, by username and password: the one place where a password is judged."""

from dataclasses import dataclass

from auth_service.audit.context import AuditContext, given_or_current
from auth_service.audit.events import Event
from auth_service.audit.store import AuditStore
from auth_service.oauth.requests import InvalidGrant
from auth_service.passwords.hashing import PasswordHashing
from auth_service.passwords.throttling import SignInGuard
from auth_service.schemas import MAX_PASSWORD_CHARS
from auth_service.users.store import User, UserStore


@dataclass(frozen=True, slots=True)
class PasswordAuthentication:
    """Finds the user whose password it is. Unknown, disabled and mistaken users get one answer, after the same work."""

    users: UserStore
    passwords: PasswordHashing
    guard: SignInGuard
    audit: AuditStore

    async def user(self, username: str, password: str, context: AuditContext | None = None) -> User:
        """The user with this name, whose password it is.

        Raises:
            InvalidGrant: there is no such user with this password.
            TooManyRequests: too many tries failed; this one is not answered.
            ServiceUnavailable: too many sign in at once.
        """
        context = given_or_current(context)
        with self.passwords.place():
            user = await self.users.find_by_name(username)
        known = None if user is None or user.disabled else user
        if not await self.verify_password(password, username, known, context) or user is None:
            raise InvalidGrant("the username or the password is wrong")
        if self.passwords.is_outdated(user.password_hash):
            user = await self.users.upgrade_hash(user, await self.passwords.hash(password))
        return user

    async def verify_password(
        self, password: str, username: str, user: User | None, context: AuditContext
    ) -> bool:
        """Whether it is the password of the user, who goes by this name if there is one at all.

        Raises:
            TooManyRequests: too many tries failed; this one is not answered.
            ServiceUnavailable: too many sign in at once.
        """
        address = context.address
        with self.passwords.place():
            await self.guard.check(username, address)
        matches = len(password) <= MAX_PASSWORD_CHARS and await self.passwords.verify(
            password, user.password_hash if user else None
        )
        await self.guard.check(username, address)
        if matches:
            await self.guard.succeeded(username, address)
        else:
            await self.guard.failed(username, address)
            await self.audit.record(Event.SIGN_IN_FAILED, user.id if user else None, context)
        return matches
