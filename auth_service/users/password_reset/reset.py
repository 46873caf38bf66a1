"""Resetting a forgotten password: a token by mail, good once and for a short time."""

from dataclasses import dataclass
from datetime import timedelta
from functools import partial

from auth_service.audit.context import AuditContext
from auth_service.mail.outbox import Mailing
from auth_service.oauth.opaque_tokens import digest_of, new_opaque_token
from auth_service.passwords.hashing import PasswordHashing
from auth_service.passwords.strength import refuse_weak
from auth_service.passwords.throttling import SignInGuard
from auth_service.users.password_reset.store import PasswordResetStore
from auth_service.users.store import User, UserStore
from gatehouse_chassis.database.columns import now
from gatehouse_chassis.http.problems import InvalidInput


@dataclass(frozen=True, slots=True)
class PasswordResets:
    """Sends tokens, and takes them back for a new password.

    What depends on whether there is such a user happens after the answer: neither it nor its time tells.

    Attributes:
        life: how long a mailed token is good.
        issuer: the public address of this service, with which the links in mails begin.
    """

    users: UserStore
    resets: PasswordResetStore
    passwords: PasswordHashing
    guard: SignInGuard
    mailing: Mailing
    life: timedelta
    issuer: str

    def ask(self, username: str, context: AuditContext) -> None:
        """Sends a token to the user's address, if there is such a user and an address, a little later.

        Raises:
            ServiceUnavailable: too many mails are asked for at once.
        """
        self.mailing.later(partial(self._send, username, context))

    async def user_of(self, token: str) -> User:
        """Whose password the token sets.

        Raises:
            InvalidInput: it is good no more.
        """
        user_id = await self.resets.find_user(digest_of(token))
        user = await self.users.find(user_id) if user_id else None
        if user is None:
            raise _token_is_spent()
        return user

    async def confirm(self, token: str, new_password: str, context: AuditContext) -> None:
        """Sets the password; every session ends.

        Raises:
            InvalidInput: the token is good no more, or the password is weak.
            ServiceUnavailable: too much is being hashed already.
        """
        user = await self.user_of(token)
        about = (user.username, user.display_name, user.email)
        await refuse_weak(self.passwords, new_password, "#/new_password", *about)
        password_hash = await self.passwords.hash(new_password)
        if not await self.resets.use(digest_of(token), password_hash, context):
            raise _token_is_spent()
        # Whoever has the mail is the owner, and may sign in from here whatever strangers tried.
        await self.guard.succeeded(user.username, context.address)

    async def _send(self, username: str, context: AuditContext) -> None:
        if not await self.mailing.may_send(f"reset {username}", context):
            return
        user = await self.users.find_by_name(username)
        if user is None or user.disabled or user.email is None:
            return
        token, digest = new_opaque_token()
        await self.resets.add(digest, user.id, now() + self.life, context)
        minutes = int(self.life.total_seconds() // 60)
        await self.mailing.sender.send(
            user.email,
            "Your new password",
            f"Somebody, probably you, asked to reset the password of {user.username}.\n\n"
            f"To choose a new one, open this page. It is good for {minutes} minutes, once:\n\n"
            f"{self.issuer}/password-reset/confirm?token={token}\n\n"
            "If it was not you, do nothing: your password stays as it is.\n",
        )


def _token_is_spent() -> InvalidInput:
    return InvalidInput.of_member(
        "#/token", "the token is unknown, used or expired; ask for a new one"
    )
