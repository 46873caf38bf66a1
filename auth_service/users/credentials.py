"""What protects an account, changed by its user: the password, and the address to which resets are sent."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from auth_service.audit.context import AuditContext
from auth_service.errors import InvalidField, TooManyTries
from auth_service.mail.limit import RequestLimit
from auth_service.mail.notices import Notices
from auth_service.passwords.authentication import PasswordAuthentication
from auth_service.passwords.hashing import PasswordHashing
from auth_service.passwords.strength import check_strength
from auth_service.passwords.throttling import Purpose
from auth_service.users.email_change.email_change import EmailChanges
from auth_service.users.store import PasswordChanged, User, UserStore


class WrongPassword(InvalidField):
    """The current password is wrong."""

    def __init__(self) -> None:
        super().__init__("current_password", "this is not your password")


@dataclass(frozen=True, slots=True)
class Credentials:
    """Changes password and address of a user who gives the current password: an access token may be stolen."""

    users: UserStore
    authentication: PasswordAuthentication
    hashing: PasswordHashing
    email_changes: EmailChanges
    limit: RequestLimit
    notices: Notices

    async def change_password(
        self, user: User, current_password: str, new_password: str, context: AuditContext
    ) -> None:
        """Sets a new password and ends every session.

        Raises:
            WrongPassword: the current password is wrong, or was changed meanwhile.
            InvalidField: the new password is the current one.
            WeakPassword: the new password is easily guessed.
            TooManyTries, TooManyFailedSignIns, HashingBusy: nothing was done.
        """
        await self._verify(user, current_password, context)
        # Whoever has found the password would void the owner's mailed links with changes, again and again.
        if new_password == current_password:
            raise InvalidField("new_password", "this is your password already")
        about = (user.username, user.display_name, user.email)
        await check_strength(self.hashing, context, new_password, "new_password", *about)
        await self._count(user, context)
        new_hash = await self.hashing.hash(new_password, context)
        with _wrong_if_changed():
            await self.users.change_password(user.id, new_hash, context, verified=user)
        self.notices.password_changed(user)

    async def change_email(
        self, user: User, current_password: str, email: str | None, context: AuditContext
    ) -> User:
        """Sends a link to the new address, or removes the present one. The present one is told.

        Returns:
            The user as it is now: with the present address until the link is used.

        Raises:
            WrongPassword: the current password is wrong, or was changed meanwhile.
            TooManyTries, TooManyFailedSignIns, HashingBusy: nothing was done.
        """
        await self._verify(user, current_password, context)
        if email is not None:
            with _wrong_if_changed():
                await self.email_changes.ask(user, email, context)
            return user
        await self._count(user, context)
        with _wrong_if_changed():
            changed = await self.users.remove_email(user, context) or user
        self.notices.email_changed(user)
        return changed

    async def _count(self, user: User, context: AuditContext) -> None:
        if not await self.limit.allows(Purpose.PASSWORD_CHANGE, str(user.id), context):
            raise TooManyTries

    async def _verify(self, user: User, password: str, context: AuditContext) -> None:
        if not await self.authentication.verify_password(password, user.username, user, context):
            raise WrongPassword


@contextmanager
def _wrong_if_changed() -> Iterator[None]:
    try:
        yield
    except PasswordChanged:
        raise WrongPassword from None
