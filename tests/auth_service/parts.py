"""What a test puts into an application in place of the real thing."""

from collections.abc import Callable
from datetime import datetime
from typing import TypedDict

from auth_service.clients.documents import Fetch
from auth_service.mail.sender import MailSender
from auth_service.passwords.hashing import PasswordHashing
from auth_service.users.store import UserStore
from gatehouse_chassis.database import Database


class Parts(TypedDict, total=False):
    """Arguments of `Container.build`."""

    database: Database
    users: UserStore
    hashing: PasswordHashing
    sender: MailSender
    fetch: Fetch
    clock: Callable[[], datetime]
