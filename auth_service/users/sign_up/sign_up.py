"""Sign-up by mail: the answer is always the same, and only the mail says whether the name and address are free."""

from dataclasses import dataclass
from datetime import timedelta
from functools import partial

from auth_service.audit.context import AuditContext
from auth_service.audit.events import Event
from auth_service.audit.store import AuditStore
from auth_service.errors import InvalidField
from auth_service.mail.outbox import Outbox
from auth_service.oauth.opaque_tokens import digest_of, new_opaque_token
from auth_service.passwords.hashing import PasswordHashing
from auth_service.passwords.strength import check_strength
from auth_service.passwords.throttling import SignInGuard
from auth_service.users.sign_up.schemas import SignUp
from auth_service.users.sign_up.store import SignUpStore
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


@dataclass(frozen=True, slots=True)
class SignUps:
    """Makes accounts: at once for administrators, for everyone else when the mailed token is used.

    The work before the answer is the same whether or not the user exists. One mail is sent in each case, afterwards.

    Attributes:
        is_open: whether anyone but an administrator may make an account.
        life: how long a mailed token is valid.
        issuer: the public address of this service, with which the links in mails begin.
    """

    users: UserStore
    waiting: SignUpStore
    audit: AuditStore
    hashing: PasswordHashing
    guard: SignInGuard
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

    async def ask(self, new: SignUp, context: AuditContext) -> None:
        """Sends a mail to the address: with the token, or with the reason why there is none.

        Raises:
            SignUpOff: people may not sign up.
            WeakPassword: the password is easily guessed.
            InvalidField: there is no address.
            HashingBusy, OutboxFull: nothing was done.
        """
        self.require_open()
        if new.email is None:
            raise InvalidField("email", "a sign-up is confirmed by mail")
        password_hash = await self._hash(new)
        self.outbox.add(partial(self._send, new, new.email, password_hash, context))

    async def create(self, new: SignUp, context: AuditContext) -> User:
        """The new user, at once.

        Raises:
            WeakPassword: the password is easily guessed.
            UsernameTaken: the name is in use.
            HashingBusy: nothing was done.
        """
        password_hash = await self._hash(new)
        return await self.users.create(
            new.username, password_hash, new.display_name, email=new.email, context=context
        )

    async def name_for(self, token: str) -> str:
        """The username that the token would confirm.

        Raises:
            SignUpOff: people may not sign up.
            SpentToken: it is unknown, used or expired.
        """
        self.require_open()
        username = await self.waiting.find_username(digest_of(token))
        if username is None:
            raise SpentToken
        return username

    async def confirm(self, token: str, context: AuditContext) -> User:
        """The new user, for the token that was sent.

        Raises:
            SignUpOff: people may not sign up any more.
            SpentToken: it is unknown, used or expired.
            UsernameTaken: the name was taken in the meantime; the token stays valid.
        """
        self.require_open()
        user = await self.waiting.confirm(digest_of(token), context)
        if user is None:
            raise SpentToken
        await self.guard.succeeded(user.username, context.address)
        return user

    async def _hash(self, new: SignUp) -> str:
        password = new.password.get_secret_value()
        about = (new.username, new.display_name, new.email)
        await check_strength(self.hashing, password, "password", *about)
        return await self.hashing.hash(password)

    async def _send(
        self, new: SignUp, email: str, password_hash: str, context: AuditContext
    ) -> None:
        if not await self.outbox.may_send(f"sign-up {email}", context):
            return
        if names := await self.users.names_at(email):
            mailed, subject, text = "address_known", "You have an account", self._known(names)
        elif await self.users.find_by_name(new.username):
            mailed, subject, text = "name_taken", "Choose another name", self._taken(new.username)
        else:
            token, digest = new_opaque_token()
            await self.waiting.add(
                digest,
                username=new.username,
                display_name=new.display_name,
                email=email,
                password_hash=password_hash,
                expires_at=now() + self.life,
            )
            mailed, subject = "confirmation", "Confirm your account"
            text = self._confirmation(new.username, token)
        about = {"username": new.username, "mailed": mailed}
        await self.audit.record(Event.SIGN_UP_ASKED, None, context, **about)
        await self.outbox.sender.send(email, subject, text)

    def _confirmation(self, username: str, token: str) -> str:
        minutes = int(self.life.total_seconds() // 60)
        valid_for = f"{minutes // 60} hours" if minutes >= 120 else f"{minutes} minutes"
        return (
            f"Someone, probably you, asked for an account with this address, under the name {username}.\n\n"
            f"To create it, open this page. It is valid for {valid_for}, once:\n\n"
            f"{self.issuer}/sign-up/confirm?token={token}\n\n"
            "If it was not you, do nothing: then there will be no account.\n"
        )

    def _taken(self, username: str) -> str:
        return (
            f"Someone, probably you, asked for an account with this address, under the name {username}.\n\n"
            "That name is taken, so there is no account. Choose another one:\n\n"
            f"{self.issuer}/sign-up\n\n"
            "If it was not you, do nothing.\n"
        )

    def _known(self, names: list[str]) -> str:
        return (
            "Someone, probably you, asked for an account with this address.\n\n"
            f"It belongs to an account already, so there is no new one: {', '.join(names)}.\n"
            "If you forgot the password, choose a new one:\n\n"
            f"{self.issuer}/password-reset\n\n"
            "If it was not you, do nothing.\n"
        )
