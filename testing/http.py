"""Requests byte for byte: no client library that tidies a path or a header on the way."""

import json
import socket
from collections.abc import Sequence
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPMessage
from typing import Any
from urllib.parse import urlsplit


@dataclass(frozen=True)
class Answer:
    """A response; `headers` are found by name in any spelling."""

    status: int
    headers: HTTPMessage
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


def listens(port: int) -> bool:
    """Whether a server accepts connections on the loopback `port`."""
    with socket.socket() as client:
        return client.connect_ex(("127.0.0.1", port)) == 0


def send(
    url: str,
    path: str = "",
    *,
    method: str = "GET",
    headers: Sequence[tuple[str, str]] = (),
    body: bytes | None = None,
    seconds: float = 20,
) -> Answer:
    """Send exactly these headers and this path, and return what comes back, redirects too."""
    address = urlsplit(url)
    connection = HTTPConnection(address.hostname or "", address.port, timeout=seconds)
    try:
        own_host = any(name.lower() == "host" for name, _ in headers)
        connection.putrequest(
            method, address.path + path, skip_host=own_host, skip_accept_encoding=True
        )
        for name, value in headers:
            connection.putheader(name, value)
        if body is not None:
            connection.putheader("Content-Length", str(len(body)))
        connection.endheaders(body)
        response = connection.getresponse()
        return Answer(response.status, response.headers, response.read())
    finally:
        connection.close()


def send_raw(port: int, request: bytes, *, seconds: float = 10) -> bytes:
    """Send bytes that no client library would, and return all that comes back until the end."""
    with socket.create_connection(("127.0.0.1", port), timeout=seconds) as client:
        client.sendall(request)
        return b"".join(iter(lambda: client.recv(65536), b""))
