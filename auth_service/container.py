"""What the auth service stands on: the database, the threads that hash, and mail."""

from dataclasses import dataclass
from typing import Self

from auth_service.mail.outbox import Mailing
from auth_service.mail.sender import mail_sender
from auth_service.passwords.hashing import PasswordHashing
from auth_service.passwords.store import AttemptStore
from auth_service.passwords.throttling import SignInGuard
from auth_service.settings import AuthSettings
from auth_service.users.store import UserStore
from gatehouse_chassis.database import Database, open_database


@dataclass(frozen=True, slots=True)
class Foundations:
    """What reaches out of the service or counts time. A test puts others in their places."""

    database: Database
    users: UserStore
    passwords: PasswordHashing
    guard: SignInGuard
    mailing: Mailing

    @classmethod
    def of(cls, settings: AuthSettings) -> Self:
        """Those that the settings ask for."""
        database = open_database(settings.database_url)
        guard = SignInGuard(AttemptStore(database))
        sender = mail_sender(settings.smtp_url.get_secret_value(), settings.mail_from)
        return cls(
            database=database,
            users=UserStore(database),
            passwords=PasswordHashing(
                threads=settings.hashing_threads, queue=settings.hashing_queue
            ),
            guard=guard,
            mailing=Mailing(sender, guard),
        )
