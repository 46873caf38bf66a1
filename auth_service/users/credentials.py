"""What protects an account, changed by its user: the password, and the address to which resets are sent."""

from dataclasses import dataclass

from auth_service.audit.context import AuditContext
from auth_service.errors import InvalidField
from auth_service.mail.notices import Notices
from auth_service.passwords.authentication import PasswordAuthentication
from auth_service.passwords.hashing import PasswordHashing
from auth_service.passwords.strength import check_strength
from auth_service.users.email_change.email_change import EmailChanges
from auth_service.users.store import User, UserStore


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
    notices: Notices

    async def change_password(
        self, user: User, current_password: str, new_password: str, context: AuditContext
    ) -> None:
        """Sets a new password and ends every session.

        Raises:
            WrongPassword: the current password is wrong.
            WeakPassword: the new password is easily guessed.
            TooManyFailedSignIns, HashingBusy: nothing was done.
        """
        await self._verify(user, current_password, context)
        about = (user.username, user.display_name, user.email)
        await check_strength(self.hashing, context, new_password, "new_password", *about)
        new_hash = await self.hashing.hash(new_password, context)
        await self.users.change_password(user.id, new_hash, context)
        self.notices.password_changed(user)

    async def change_email(
        self, user: User, current_password: str, email: str | None, context: AuditContext
    ) -> User:
        """Sends a link to the new address, or removes the present one. The present one is told.

        Returns:
            The user as it is now: with the present address until the link is used.

        Raises:
            WrongPassword: the current password is wrong.
            TooManyTries, TooManyFailedSignIns, HashingBusy: nothing was done.
        """
        await self._verify(user, current_password, context)
        if email is not None:
            await self.email_changes.ask(user, email, context)
            return user
        changed = await self.users.remove_email(user.id, context) or user
        self.notices.email_changed(user)
        return changed

    async def _verify(self, user: User, password: str, context: AuditContext) -> None:
        if not await self.authentication.verify_password(password, user.username, user, context):
            raise WrongPassword
