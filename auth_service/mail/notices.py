"""Mails to users about changes of what protects their account, so that they notice one that they did not make.

Each way in to an account has its sentences here; whoever adds one, such as a second factor, adds its notice.
"""

from dataclasses import dataclass

from auth_service.mail.outbox import Outbox
from auth_service.users.store import User


@dataclass(frozen=True, slots=True)
class Notices:
    """Tells users at the address that their account has. An account without one gets no notice.

    Attributes:
        issuer: the public address of this service, with which the links in mails begin.
    """

    outbox: Outbox
    issuer: str

    def password_changed(self, user: User) -> None:
        """The password was changed by someone who knew it, or by an administrator."""
        self._send(
            user,
            "Your password was changed",
            f"The password of {user.username} was changed, and every session has ended.\n\n{self._reset()}",
        )

    def password_reset(self, user: User) -> None:
        """A new password was chosen with a mailed link."""
        self._send(
            user,
            "Your password was reset",
            f"A new password of {user.username} was chosen with a link that was mailed to this address, and every "
            f"session has ended.\n\n{self._reset()}",
        )

    def email_change_asked(self, user: User) -> None:
        """A link went to another address; the account still has this one."""
        self._send(
            user,
            "A change of your mail address was asked for",
            f"Someone who knows the password of {user.username}, probably you, asked to change its mail address. A "
            f"link went to the new one; until it is used nothing changes.\n\n{self._reset()}"
            "That also makes the link to the new address invalid.\n",
        )

    def email_changed(self, before: User) -> None:
        """The account has another address now, or none.

        Args:
            before: the user with the address that it had.
        """
        self._send(
            before,
            "Your mail address was changed",
            f"The account {before.username} does not use this address any more.\n\n"
            "If it was not you, tell the people who run this service at once.\n",
        )

    def _reset(self) -> str:
        return (
            f"If it was not you, choose a new password at once:\n\n{self.issuer}/password-reset\n\n"
        )

    def _send(self, user: User, subject: str, text: str) -> None:
        if user.email is not None:
            self.outbox.send(user.email, subject, text)
