"""An ASGI application at an address: uvicorn in a thread, with TLS where a test asks for it."""

import asyncio
import datetime
import ipaddress
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import uvicorn
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from starlette.types import ASGIApp

from testing.http import listens
from testing.processes import wait_until


@dataclass(frozen=True)
class Certificate:
    """A self-signed certificate of 127.0.0.1, as files."""

    certificate: Path
    key: Path


def make_certificate(folder: Path) -> Certificate:
    """Write a certificate that is good for a day."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.datetime.now(datetime.UTC)
    address = x509.IPAddress(ipaddress.ip_address("127.0.0.1"))
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(minutes=5))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([address]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    made = Certificate(folder / "certificate.pem", folder / "key.pem")
    made.certificate.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    made.key.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    return made


@contextmanager
def served(
    app: ASGIApp,
    *,
    certificate: Certificate | None = None,
    root_path: str = "",
    http: type[asyncio.Protocol] | Literal["auto"] = "auto",
    lifespan: Literal["on", "off"] = "off",
) -> Iterator[int]:
    """Serve `app` on a free port, and yield the port.

    `root_path` is uvicorn's own --root-path, and `http` how it speaks HTTP/1.1.
    """
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    port = int(listener.getsockname()[1])
    config = uvicorn.Config(
        app,
        log_config=None,
        lifespan=lifespan,
        server_header=False,
        ws="websockets-sansio",
        root_path=root_path,
        http=http,
        proxy_headers=False,
        timeout_graceful_shutdown=1,
        ssl_certfile=certificate.certificate if certificate else None,
        ssl_keyfile=certificate.key if certificate else None,
    )
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, args=([listener],), daemon=True)
    thread.start()
    try:
        wait_until(lambda: server.started and listens(port), seconds=10, what="uvicorn listens")
        yield port
    finally:
        server.should_exit = True
        thread.join(10)
        listener.close()
