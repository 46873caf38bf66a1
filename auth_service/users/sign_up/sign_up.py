"""Sign-up by mail: the answer is always the same, and only the mail says whether the name and address are free."""

from dataclasses import dataclass
from datetime import timedelta
from functools import partial

from auth_service.audit.context import AuditContext
from auth_service.errors import InvalidField, TooManyTries
from auth_service.mail.limit import RequestLimit
from auth_service.mail.outbox import Outbox
from auth_service.oauth.opaque_tokens import digest_of, new_opaque_token
from auth_service.passwords.hashing import PasswordHashing
from auth_service.passwords.strength import check_strength
from auth_service.passwords.throttling import Purpose, SignInGuard
from auth_service.users.names import username_key
from auth_service.users.sign_up.store import SignUpStore, WaitingSignUp
from auth_service.users.store import User, UserStore
from gatehouse_chassis.database.columns import now


class SignUpOff(Exception):
    """`AUTH_SIGN_UP` is off."""

    def __init__(self) -> None:
        super().__init__("Only an administrator makes accounts here.")


class SpentToken(Exception):
    """The mailed token is unknown, used or expired."""

    def __init__(self) -> None:
        super().__init__("The token is unknown, used or expired; sign up again.")


class AlreadyConfirmed(SpentToken):
    """The mailed token made an account."""

    def __init__(self) -> None:
        Exception.__init__(
            self, "This link made your account already: sign in, or ask for a new password."
        )


@dataclass(frozen=True, slots=True)
class SignUps:
    """Makes accounts: at once for administrators, for everyone else when the mailed token is used.

    Anybody can sign up with anybody's address, so nothing that they give is of use to them: whoever reads the mail
    chooses the password, and may choose another name.

    The answer is the same whether or not the user exists. One mail is sent in each case, afterwards, and the statements
    are the same, so the time of the next answer does not reveal it either.

    Attributes:
        is_open: whether anyone but an administrator may make an account.
        life: how long a mailed token is valid.
        issuer: the public address of this service, with which the links in mails begin.
    """

    users: UserStore
    waiting: SignUpStore
    hashing: PasswordHashing
    guard: SignInGuard
    limit: RequestLimit
    outbox: Outbox
    is_open: bool
    life: timedelta
    issuer: str

    def require_open(self) -> None:
        """Lets people sign up.

        Raises:
            SignUpOff: they may not.
        """
        if not self.is_open:
            raise SignUpOff

    def ask(
        self, username: str, display_name: str, email: str | None, context: AuditContext
    ) -> None:
        """Sends a mail to the address: with the token, or with the reason why there is none.

        Raises:
            SignUpOff: people may not sign up.
            InvalidField: there is no address.
            OutboxFull: nothing was done.
        """
        self.require_open()
        if email is None:
            raise InvalidField("email", "a sign-up is confirmed by mail")
        _check_name(username, email)
        new = WaitingSignUp(username, display_name, email)
        self.outbox.add(partial(self._send, new, context))

    async def create(
        self,
        username: str,
        password: str,
        display_name: str,
        email: str | None,
        context: AuditContext,
    ) -> User:
        """The new user, at once.

        Raises:
            WeakPassword: the password is easily guessed.
            UsernameTaken: the name is in use.
            HashingBusy: nothing was done.
        """
        await check_strength(
            self.hashing, context, password, "password", username, display_name, email
        )
        password_hash = await self.hashing.hash(password, context)
        return await self.users.create(
            username, password_hash, display_name, email=email, context=context
        )

    async def find(self, token: str) -> WaitingSignUp:
        """The sign-up that the token would confirm.

        Raises:
            SignUpOff: people may not sign up.
            AlreadyConfirmed: it made an account.
            SpentToken: it is unknown or expired.
        """
        self.require_open()
        waiting = await self.waiting.find(digest_of(token))
        if waiting is None:
            raise SpentToken
        if waiting.is_confirmed:
            raise AlreadyConfirmed
        return waiting

    async def confirm(
        self,
        token: str,
        password: str,
        context: AuditContext,
        *,
        username: str | None = None,
        display_name: str | None = None,
    ) -> User:
        """The new user, for the token that was sent.

        Args:
            username, display_name: in the place of those of the sign-up.

        Raises:
            SignUpOff: people may not sign up any more.
            AlreadyConfirmed: it made an account.
            SpentToken: it is unknown or expired.
            WeakPassword: the password is easily guessed.
            UsernameTaken: the name is in use; the token stays valid.
            TooManyTries: too many names were tried with this token.
            HashingBusy: nothing was done.
        """
        waiting, digest = await self.find(token), digest_of(token)
        username = username or waiting.username
        display_name = waiting.display_name if display_name is None else display_name
        _check_name(username, waiting.email)
        about = (username, display_name, waiting.email)
        await check_strength(self.hashing, context, password, "password", *about)
        # Or one token would tell of every name whether it is taken.
        if not await self.limit.allows(Purpose.SIGN_UP_NAME, digest, context):
            raise TooManyTries
        password_hash = await self.hashing.hash(password, context)
        user = await self.waiting.confirm(digest, username, password_hash, display_name, context)
        if user is None:
            await self.find(token)
            raise SpentToken
        await self.guard.succeeded(user.username, context.address)
        return user

    async def _send(self, new: WaitingSignUp, context: AuditContext) -> None:
        if not await self.limit.allows(Purpose.SIGN_UP_MAIL, new.email, context):
            return
        names = await self.users.names_proven_at(new.email)
        taken = await self.users.find_by_name(new.username)
        token, digest = new_opaque_token()
        if names:
            mailed, subject, text = "address_known", "You have an account", self._known(names)
        elif taken:
            mailed, subject = "name_taken", "Choose another name"
            text = self._confirmation(new.username, token, "That name is taken: choose another.")
        else:
            mailed, subject = "confirmation", "Confirm your account"
            text = self._confirmation(new.username, token, "You may choose another one.")
        expires_at = now() + self.life
        await self.waiting.add(
            digest, new, expires_at, context, mailed=mailed, wanted=mailed != "address_known"
        )
        self.outbox.send(new.email, subject, text)

    def _confirmation(self, username: str, token: str, about_the_name: str) -> str:
        minutes = int(self.life.total_seconds() // 60)
        valid_for = f"{minutes // 60} hours" if minutes >= 120 else f"{minutes} minutes"
        return (
            f"Someone, probably you, asked for an account with this address, under the name {username}. "
            f"{about_the_name}\n\n"
            f"To create it, open this page and choose a password. It is valid for {valid_for}, once; if there are "
            "several such mails, take any:\n\n"
            f"{self.issuer}/sign-up/confirm?token={token}\n\n"
            "If it was not you, do nothing: then there will be no account.\n"
        )

    def _known(self, names: list[str]) -> str:
        return (
            "Someone, probably you, asked for an account with this address.\n\n"
            f"It belongs to an account already, so there is no new one: {', '.join(names)}.\n"
            "If you forgot the password, choose a new one:\n\n"
            f"{self.issuer}/password-reset\n\n"
            "If it was not you, do nothing.\n"
        )


def _check_name(username: str, email: str) -> None:
    """Keeps people from names that others type as their mail address when they sign in."""
    if "@" in username and username_key(username) != email.lower():
        raise InvalidField("username", "a name with @ in it must be your mail address")
