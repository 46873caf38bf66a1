"""Resetting a forgotten password: a token by mail, valid once and for a short time."""

from dataclasses import dataclass
from datetime import timedelta
from functools import partial

from auth_service.audit.context import AuditContext
from auth_service.errors import InvalidField
from auth_service.mail.limit import RequestLimit
from auth_service.mail.notices import Notices
from auth_service.mail.outbox import Outbox
from auth_service.oauth.opaque_tokens import digest_of, new_opaque_token
from auth_service.passwords.hashing import PasswordHashing
from auth_service.passwords.strength import check_strength
from auth_service.passwords.throttling import Purpose, SignInGuard
from auth_service.users.password_reset.store import PasswordResetStore
from auth_service.users.store import User, UserStore
from gatehouse_chassis.database.columns import now


class SpentResetToken(InvalidField):
    """The mailed token is unknown, used or expired."""

    def __init__(self) -> None:
        super().__init__("token", "the token is unknown, used or expired; ask for a new one")


@dataclass(frozen=True, slots=True)
class PasswordResets:
    """Sends tokens, and sets a new password for each that comes back.

    What depends on whether the user exists happens after the answer, so neither the answer nor its time reveals it. The
    statements are the same whoever exists, so the time of the next answer does not reveal it either.

    Attributes:
        life: how long a mailed token is valid.
        issuer: the public address of this service, with which the links in mails begin.
    """

    users: UserStore
    resets: PasswordResetStore
    hashing: PasswordHashing
    guard: SignInGuard
    limit: RequestLimit
    outbox: Outbox
    notices: Notices
    life: timedelta
    issuer: str

    def ask(self, login: str, context: AuditContext) -> None:
        """Sends a token to the user's address after the answer, if there is such a user with an address.

        Args:
            login: the user's name or address.

        Raises:
            OutboxFull: too many mails are on their way.
        """
        self.outbox.add(partial(self._send, login, context))

    async def user_of(self, token: str) -> User:
        """The user whose password the token sets.

        Raises:
            SpentResetToken: it is unknown, used or expired.
        """
        user_id = await self.resets.find_user(digest_of(token))
        user = await self.users.find(user_id) if user_id else None
        if user is None:
            raise SpentResetToken
        return user

    async def confirm(self, token: str, new_password: str, context: AuditContext) -> None:
        """Sets the password; every session ends.

        Raises:
            SpentResetToken: it is unknown, used or expired.
            WeakPassword: the password is easily guessed.
            HashingBusy: nothing was done.
        """
        user = await self.user_of(token)
        about = (user.username, user.display_name, user.email)
        await check_strength(self.hashing, context, new_password, "new_password", *about)
        password_hash = await self.hashing.hash(new_password, context)
        if not await self.resets.use(digest_of(token), password_hash, context):
            raise SpentResetToken
        # The mail shows that this is the owner, who may sign in from here whatever strangers tried.
        for login in filter(None, (user.username, user.email)):
            await self.guard.succeeded(login, context.address)
        self.notices.password_reset(user)

    async def _send(self, login: str, context: AuditContext) -> None:
        if not await self.limit.allows(Purpose.RESET_MAIL, login, context):
            return
        found = [
            user
            for user in await self.users.find_by_login(login)
            if user.email and not user.disabled
        ]
        user = found[0] if len(found) == 1 else None
        token, digest = new_opaque_token()
        await self.resets.add(digest, user.id if user else None, now() + self.life, context)
        minutes = int(self.life.total_seconds() // 60)
        text = (
            f"Someone, probably you, asked to reset the password of {user.username if user else login}.\n\n"
            f"To choose a new one, open this page. It is valid for {minutes} minutes, once:\n\n"
            f"{self.issuer}/password-reset/confirm?token={token}\n\n"
            "If it was not you, do nothing: your password stays as it is.\n"
        )
        if len(found) > 1:
            text = (
                "Someone, probably you, asked to reset the password of the account with this address.\n\n"
                f"There are several: {', '.join(user.username for user in found)}.\n"
                "Ask again with the name of the one that you mean:\n\n"
                f"{self.issuer}/password-reset\n\n"
                "If it was not you, do nothing.\n"
            )
        self.outbox.send(found[0].email if found else None, "Your new password", text)
