"""How mail leaves: into the log in development, over SMTP where a server is set."""

import asyncio
import smtplib
import ssl
from email.message import EmailMessage
from typing import Protocol
from urllib.parse import unquote, urlsplit

import structlog

SECONDS = 15.0
"""How long a mail server may take."""

log = structlog.get_logger(__name__)


class MailSender(Protocol):
    """Sends a plain text to one address; raises OSError (of which SMTP errors are) when it cannot."""

    async def send(self, to: str, subject: str, text: str) -> None: ...


class LogSender:
    """Writes mails into the log, secrets and all: for development."""

    async def send(self, to: str, subject: str, text: str) -> None:
        log.warning("mail_not_sent", to=to, subject=subject, text=text, advice="set AUTH_SMTP_URL")


class SmtpSender:
    """Sends over SMTP.

    Args:
        url: `smtps://user:password@host:465` (TLS), `smtp://user:password@host:587` (STARTTLS, without which nothing
            is sent) or `smtp+plain://host:25` (no encryption: for a relay on the same machine).
        sender: the address that mails come from.
    """

    def __init__(self, url: str, sender: str) -> None:
        self._url = urlsplit(url)
        self._sender = sender

    async def send(self, to: str, subject: str, text: str) -> None:
        mail = EmailMessage()
        mail["From"], mail["To"], mail["Subject"] = self._sender, to, subject
        mail.set_content(text)
        await asyncio.to_thread(self._send, mail)

    def _send(self, mail: EmailMessage) -> None:
        host, port = self._url.hostname or "", self._url.port or 0
        if self._url.scheme == "smtps":
            server: smtplib.SMTP = smtplib.SMTP_SSL(
                host, port, timeout=SECONDS, context=ssl.create_default_context()
            )
        else:
            server = smtplib.SMTP(host, port, timeout=SECONDS)
        with server:
            if self._url.scheme == "smtp":
                server.starttls(context=ssl.create_default_context())
            if self._url.username:
                server.login(unquote(self._url.username), unquote(self._url.password or ""))
            server.send_message(mail)


def mail_sender(url: str, sender: str) -> MailSender:
    """Over SMTP when there is a URL, otherwise into the log."""
    return SmtpSender(url, sender) if url else LogSender()
