"""Sign-up by mail: whoever asks gets one answer, and the address learns the rest."""

from dataclasses import dataclass
from datetime import timedelta
from functools import partial

from auth_service.audit.context import AuditContext
from auth_service.audit.events import Event
from auth_service.audit.store import AuditStore
from auth_service.mail.outbox import Mailing
from auth_service.oauth.opaque_tokens import digest_of, new_opaque_token
from auth_service.passwords.hashing import PasswordHashing
from auth_service.passwords.strength import refuse_weak
from auth_service.passwords.throttling import SignInGuard
from auth_service.schemas import SignUp
from auth_service.users.sign_up.store import SignUpStore
from auth_service.users.store import User, UsernameTaken, UserStore
from gatehouse_chassis.database.columns import now
from gatehouse_chassis.http.problems import BadRequest, Conflict, InvalidInput


class SpentToken(BadRequest):
    """The mailed token is unknown, used or expired."""

    code = "spent_token"

    def __init__(self) -> None:
        super().__init__("The token is unknown, used or expired; sign up again.")


@dataclass(frozen=True, slots=True)
class SignUps:
    """Makes accounts: at once for administrators, for everybody else when the mailed token is used.

    The work before the answer is the same whoever exists, and one mail is sent in each case, after the answer.

    Attributes:
        life: how long a mailed token is good.
        issuer: the public address of this service, with which the links in mails begin.
    """

    users: UserStore
    waiting: SignUpStore
    audit: AuditStore
    passwords: PasswordHashing
    guard: SignInGuard
    mailing: Mailing
    life: timedelta
    issuer: str

    async def ask(self, new: SignUp, context: AuditContext) -> None:
        """Sends a mail to the address: with the token, or with the reason why there is none.

        Raises:
            InvalidInput: the password is weak, or there is no address.
            ServiceUnavailable: too much is being hashed, or too many mails are asked for at once.
        """
        if new.email is None:
            raise InvalidInput.of_member("#/email", "a sign-up is confirmed by mail")
        password_hash = await self._hash(new)
        self.mailing.later(partial(self._send, new, new.email, password_hash, context))

    async def create(self, new: SignUp, context: AuditContext) -> User:
        """The new user, at once.

        Raises:
            InvalidInput: the password is weak.
            Conflict: the name is taken.
            ServiceUnavailable: too much is being hashed already.
        """
        password_hash = await self._hash(new)
        try:
            return await self.users.create(
                new.username, password_hash, new.display_name, email=new.email, context=context
            )
        except UsernameTaken:
            raise Conflict("This username is taken.") from None

    async def name_for(self, token: str) -> str:
        """The name that the token would confirm.

        Raises:
            SpentToken: it is good no more.
        """
        username = await self.waiting.find_username(digest_of(token))
        if username is None:
            raise SpentToken
        return username

    async def confirm(self, token: str, context: AuditContext) -> User:
        """The new user, for the token that was sent.

        Raises:
            SpentToken: it is good no more.
            Conflict: the name was taken meanwhile.
        """
        try:
            user = await self.waiting.confirm(digest_of(token), context)
        except UsernameTaken:
            raise Conflict(
                "This username was taken meanwhile; sign up again under another one."
            ) from None
        if user is None:
            raise SpentToken
        await self.guard.succeeded(user.username, context.address)
        return user

    async def _hash(self, new: SignUp) -> str:
        password = new.password.get_secret_value()
        about = (new.username, new.display_name, new.email)
        await refuse_weak(self.passwords, password, "#/password", *about)
        return await self.passwords.hash(password)

    async def _send(
        self, new: SignUp, email: str, password_hash: str, context: AuditContext
    ) -> None:
        if not await self.mailing.may_send(f"sign-up {email}", context):
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
        await self.mailing.sender.send(email, subject, text)

    def _confirmation(self, username: str, token: str) -> str:
        minutes = int(self.life.total_seconds() // 60)
        good_for = f"{minutes // 60} hours" if minutes >= 120 else f"{minutes} minutes"
        return (
            f"Somebody, probably you, asked for an account with this address, under the name {username}.\n\n"
            f"To create it, open this page. It is good for {good_for}, once:\n\n"
            f"{self.issuer}/sign-up/confirm?token={token}\n\n"
            "If it was not you, do nothing: then there will be no account.\n"
        )

    def _taken(self, username: str) -> str:
        return (
            f"Somebody, probably you, asked for an account with this address, under the name {username}.\n\n"
            "That name is taken, so there is no account. Choose another one:\n\n"
            f"{self.issuer}/sign-up\n\n"
            "If it was not you, do nothing.\n"
        )

    def _known(self, names: list[str]) -> str:
        return (
            "Somebody, probably you, asked for an account with this address.\n\n"
            f"It belongs to an account already, so there is no new one: {', '.join(names)}.\n"
            "If you forgot the password, choose a new one:\n\n"
            f"{self.issuer}/password-reset\n\n"
            "If it was not you, do nothing.\n"
        )
