"""What the service mails, kept instead of sent."""

import re

import httpx2
import pytest

from auth_service.mail.outbox import Outbox
from tests.auth_service.people import URL


class Mailbox:
    """A sender that keeps what it is given."""

    def __init__(self) -> None:
        self.mails: list[tuple[str, str, str]] = []

    async def send(self, to: str, subject: str, text: str) -> None:
        self.mails.append((to, subject, text))

    @property
    def link(self) -> str:
        """The one address in the newest mail."""
        (link,) = re.findall(r"^http\S+$", self.mails[-1][2], re.MULTILINE)
        assert link.startswith(f"{URL}/")
        return str(link)

    @property
    def token(self) -> str:
        return str(httpx2.URL(self.link).params["token"])


@pytest.fixture
def mailbox(outbox: Outbox) -> Mailbox:
    """Where the mails of `app` go from now on."""
    mailbox = Mailbox()
    outbox.sender = mailbox
    return mailbox
