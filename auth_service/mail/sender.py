"""How mail is sent: to files in development, over SMTP where a server is set."""

import asyncio
import os
import smtplib
import ssl
from email.message import EmailMessage
from pathlib import Path
from secrets import token_hex
from typing import Protocol
from urllib.parse import unquote, urlsplit

import structlog

from gatehouse_chassis.database.columns import now

TIMEOUT = 15.0
"""Seconds that a mail server may take."""

FILES_KEPT = 100
"""Mails that are kept as files; older ones are deleted."""

log = structlog.get_logger(__name__)


class MailServerNotTrusted(OSError):
    """The mail server's certificate is refused, so nothing was sent."""


class MailSender(Protocol):
    """Sends a plain text to one address, or raises OSError (SMTP errors are subclasses of it)."""

    async def send(self, to: str, subject: str, text: str) -> None: ...


class FileSender:
    """Writes mails to files that only the owner of the service can read: for development.

    The log names the file and nothing of what is in it: a link in a mail is as good as a password.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    async def send(self, to: str, subject: str, text: str) -> None:
        file = await asyncio.to_thread(self._write, f"To: {to}\nSubject: {subject}\n\n{text}")
        log.warning("mail_not_sent", file=str(file), advice="set AUTH_SMTP_URL")

    def _write(self, mail: str) -> Path:
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        file = self._folder / f"{now():%Y%m%dT%H%M%S.%f}-{token_hex(4)}.txt"
        with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as opened:
            opened.write(mail)
        for old in sorted(self._folder.glob("*.txt"))[:-FILES_KEPT]:
            old.unlink(missing_ok=True)  # another worker may have been quicker
        return file


class SmtpSender:
    """Sends over SMTP. Certificates are checked against the system's authorities, or those in SSL_CERT_FILE.

    Args:
        url: `smtps://user:password@host:465` (TLS), `smtp://user:password@host:587` (STARTTLS, without which nothing
            is sent) or `smtp+plain://host:25` (no encryption: for a relay on the same machine).
        sender: the address that mails come from.
    """

    def __init__(self, url: str, sender: str) -> None:
        self._url = urlsplit(url)
        self._sender = sender

    async def send(self, to: str, subject: str, text: str) -> None:
        await asyncio.to_thread(self._send, to, subject, text)

    def _send(self, to: str, subject: str, text: str) -> None:
        mail = EmailMessage()
        mail["From"], mail["To"], mail["Subject"] = self._sender, to, subject
        mail.set_content(text)
        try:
            with self._connect() as server:
                if self._url.scheme == "smtp":
                    server.starttls(context=ssl.create_default_context())
                if self._url.username:
                    server.login(unquote(self._url.username), unquote(self._url.password or ""))
                server.send_message(mail, to_addrs=[to])
        except ssl.SSLCertVerificationError as error:
            raise MailServerNotTrusted(
                f"the certificate of the mail server {self._url.hostname} is refused: {error.verify_message}; "
                "if an authority of your own signed it, name that one's certificate in SSL_CERT_FILE"
            ) from error

    def _connect(self) -> smtplib.SMTP:
        host, port = self._url.hostname or "", self._url.port or 0
        if self._url.scheme == "smtps":
            context = ssl.create_default_context()
            return smtplib.SMTP_SSL(host, port, timeout=TIMEOUT, context=context)
        return smtplib.SMTP(host, port, timeout=TIMEOUT)


def mail_sender(url: str, sender: str, folder: Path) -> MailSender:
    """A sender over SMTP when there is a URL, otherwise one that writes to the folder."""
    return SmtpSender(url, sender) if url else FileSender(folder)
