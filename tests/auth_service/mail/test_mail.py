"""Mail over SMTP, to a real server: with TLS from the first byte, with STARTTLS, and with neither."""

import ssl
import stat
from collections.abc import Callable, Iterator
from email import message_from_bytes
from email.policy import default
from pathlib import Path
from typing import Any, Literal

import httpx2
import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult
from structlog.testing import capture_logs

from auth_service.mail.outbox import Outbox
from auth_service.mail.sender import (
    FILES_KEPT,
    MailServerNotTrusted,
    SmtpSender,
    mail_sender,
)
from testing.certificates import Certificates
from testing.ports import free_port
from tests.auth_service.people import DEMO, Person, make_user

SENDER, EMAIL = "gatehouse@example.com", "ada@example.com"
LINK = f"https://gatehouse.example.com/auth/sign-up/confirm?token={'A' * 43}"

Encryption = Literal["smtps", "smtp", "smtp+plain"]


class Received:
    """What an SMTP server was given."""

    def __init__(self) -> None:
        self.envelopes: list[Any] = []
        self.encrypted: list[bool] = []
        self.signed_in: list[bool] = []

    async def handle_DATA(  # noqa: N802  # aiosmtpd's name
        self, server: Any, session: Any, envelope: Any
    ) -> str:
        self.envelopes.append(envelope)
        self.encrypted.append(server.transport.get_extra_info("ssl_object") is not None)
        self.signed_in.append(session.authenticated)
        return "250 OK"


@pytest.fixture
def received() -> Received:
    return Received()


@pytest.fixture(scope="session")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    return Certificates(tmp_path_factory.mktemp("mail"), host="localhost")


Serve = Callable[[Encryption], str]


@pytest.fixture
def serve(received: Received, certificates: Certificates) -> Iterator[Serve]:
    """Starts a server, and gives the setting that names it with name and password."""
    servers: list[Controller] = []
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificates.certificate, certificates.key)

    def authenticate(*arguments: Any) -> AuthResult:
        login = arguments[-1]
        return AuthResult(success=(login.login, login.password) == (b"gatehouse", b"p:ss"))

    def start(encryption: Encryption) -> str:
        options: dict[str, Any] = {"auth_require_tls": encryption == "smtp"}
        if encryption == "smtps":
            options["ssl_context"] = context
        if encryption == "smtp":
            options |= {"tls_context": context, "require_starttls": True}
        server = Controller(
            received,
            hostname="127.0.0.1",
            port=free_port(),
            authenticator=authenticate,
            auth_required=False,
            **options,
        )
        server.start()
        servers.append(server)
        return f"{encryption}://gatehouse:p%3Ass@localhost:{server.port}"

    yield start
    for server in servers:
        server.stop()


@pytest.fixture
def trusted(certificates: Certificates, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(certificates.authority))


async def test_without_a_server_a_mail_is_a_file_of_the_owner_and_the_log_names_nothing_else(
    tmp_path: Path,
) -> None:
    folder = tmp_path / "auth" / "mails"
    sender = mail_sender("", "", folder)
    with capture_logs() as log:
        for number in range(FILES_KEPT + 2):
            await sender.send(f"{number}@example.com", "Hello", LINK)
    files = sorted(folder.iterdir())
    assert len(files) == FILES_KEPT
    assert f"To: {FILES_KEPT + 1}@example.com\nSubject: Hello\n\n{LINK}" == files[-1].read_text()
    assert {stat.S_IMODE(file.stat().st_mode) for file in files} == {0o600}
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert log[-1] == {
        "event": "mail_not_sent",
        "log_level": "warning",
        "file": str(files[-1]),
        "advice": "set AUTH_SMTP_URL",
    }


@pytest.mark.usefixtures("trusted")
@pytest.mark.parametrize("encryption", ["smtps", "smtp", "smtp+plain"])
async def test_a_mail_arrives_whole_over_the_encryption_that_the_url_names(
    serve: Serve, received: Received, encryption: Encryption
) -> None:
    text = f"Open this page:\n\n{LINK}\n"
    await SmtpSender(serve(encryption), SENDER).send(EMAIL, "Your account", text)
    (envelope,) = received.envelopes
    assert (envelope.mail_from, envelope.rcpt_tos) == (SENDER, [EMAIL])
    assert received.encrypted == [encryption != "smtp+plain"]
    assert received.signed_in == [True]
    mail = message_from_bytes(envelope.content, policy=default)
    assert (mail["Subject"], mail["From"], mail["To"]) == ("Your account", SENDER, EMAIL)
    assert mail.get_content().splitlines() == text.splitlines()


@pytest.mark.parametrize("encryption", ["smtps", "smtp"])
async def test_nothing_is_sent_to_a_server_whose_certificate_nobody_vouches_for(
    serve: Serve, received: Received, encryption: Encryption
) -> None:
    with pytest.raises(MailServerNotTrusted, match=r"localhost is refused: .* SSL_CERT_FILE"):
        await SmtpSender(serve(encryption), SENDER).send(EMAIL, "Hello", "A text.\n")
    assert received.envelopes == []


@pytest.mark.usefixtures("trusted")
@pytest.mark.parametrize("encryption", ["smtps", "smtp"])
async def test_nothing_is_sent_to_a_server_with_another_one_s_certificate(
    serve: Serve, received: Received, encryption: Encryption
) -> None:
    url = serve(encryption).replace("localhost", "127.0.0.1")
    with pytest.raises(MailServerNotTrusted, match=r"127\.0\.0\.1"):
        await SmtpSender(url, SENDER).send(EMAIL, "Hello", "A text.\n")
    assert received.envelopes == []


async def test_nothing_is_sent_without_encryption_unless_the_url_says_so(
    serve: Serve, received: Received
) -> None:
    url = serve("smtp+plain").replace("smtp+plain", "smtp")
    with pytest.raises(OSError, match="STARTTLS"):
        await SmtpSender(url, SENDER).send(EMAIL, "Hello", "A text.\n")
    assert received.envelopes == []


@pytest.mark.parametrize("encryption", ["smtps", "smtp"])
async def test_a_refused_certificate_is_told_to_the_log_and_to_nobody_else(
    outbox: Outbox, client: httpx2.AsyncClient, serve: Serve, encryption: Encryption
) -> None:
    ada = Person("ada", "engine-of-9-difference-wheels")
    await make_user(client, ada, email=EMAIL)
    outbox.sender = SmtpSender(serve(encryption), SENDER)
    for path, bodies in (
        ("/users/password-reset", [{"username": name} for name in ("ada", "demo", "nobody")]),
        (
            "/users",
            [
                {"username": name, "email": email}
                for name, email in ((DEMO.username, "new@example.com"), ("grace", EMAIL))
            ],
        ),
    ):
        with capture_logs() as log:
            answers = [await client.post(path, json=body) for body in bodies]
            await outbox.close()
        assert {answer.status_code for answer in answers} == {202}
        assert len({answer.content for answer in answers}) == 1
        failures = [entry for entry in log if entry["event"] == "mail_failed"]
        assert len(failures) == (1 if path.endswith("reset") else 2)
        for failure in failures:
            assert failure["log_level"] == "error"
            assert "the certificate of the mail server localhost is refused" in failure["cause"]
            assert "SSL_CERT_FILE" in failure["cause"]
            assert "exc_info" not in failure
