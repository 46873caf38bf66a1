"""Changing the mail address: the new one is proven by a link, and the old one is told."""

from dataclasses import dataclass
from datetime import timedelta

from auth_service.audit.context import AuditContext
from auth_service.errors import InvalidField, TooManyTries
from auth_service.mail.limit import RequestLimit
from auth_service.mail.notices import Notices
from auth_service.mail.outbox import Outbox
from auth_service.oauth.opaque_tokens import digest_of, new_opaque_token
from auth_service.passwords.throttling import Purpose
from auth_service.users.email_change.store import EmailChangeStore
from auth_service.users.store import User
from gatehouse_chassis.database.columns import now


class SpentEmailToken(InvalidField):
    """The mailed token is unknown, used or expired."""

    def __init__(self) -> None:
        super().__init__("token", "the token is unknown, used or expired; ask for the change again")


@dataclass(frozen=True, slots=True)
class EmailChanges:
    """Sends tokens to new addresses, and changes the address for each that comes back.

    Attributes:
        life: how long a mailed token is valid.
        issuer: the public address of this service, with which the links in mails begin.
    """

    changes: EmailChangeStore
    limit: RequestLimit
    outbox: Outbox
    notices: Notices
    life: timedelta
    issuer: str

    async def ask(self, user: User, email: str, context: AuditContext) -> None:
        """Sends a token to the new address and a notice to the present one.

        Raises:
            TooManyTries: too many mails to this address were asked for; nothing was done.
            PasswordChanged: the verified password is another one by now; nothing was done.
        """
        if not await self.limit.allows(Purpose.EMAIL_CHANGE_MAIL, email, context):
            raise TooManyTries
        token, digest = new_opaque_token()
        await self.changes.add(digest, user, email, now() + self.life, context)
        self.notices.email_change_asked(user)
        self.outbox.send(
            email,
            "Confirm your mail address",
            f"Someone, probably you, asked to use this address for the account {user.username}.\n\n"
            "To do so, open this page. It is valid once:\n\n"
            f"{self.issuer}/email/confirm?token={token}\n\n"
            "If it was not you, do nothing: then the account keeps the address that it has.\n",
        )

    async def email_of(self, token: str) -> str:
        """The address that the token would prove.

        Raises:
            SpentEmailToken: it is unknown, used or expired.
        """
        email = await self.changes.find_email(digest_of(token))
        if email is None:
            raise SpentEmailToken
        return email

    async def confirm(self, token: str, context: AuditContext) -> User:
        """The user under the new address; the old one is told.

        Raises:
            SpentEmailToken: it is unknown, used or expired.
        """
        changed = await self.changes.use(digest_of(token), context)
        if changed is None:
            raise SpentEmailToken
        before, after = changed
        self.notices.email_changed(before)
        return after
