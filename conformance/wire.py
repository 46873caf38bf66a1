"""How a case reaches a proxy or a service: over a socket, or in this process."""

import asyncio
import atexit
import json
import socket
import ssl
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from http.client import HTTPConnection
from typing import Any, Protocol
from urllib.parse import unquote, urlsplit

from starlette.types import ASGIApp, Message, Scope

Headers = Iterable[tuple[str, str]]

NO_HOST = ("Host", "")
"""Among the headers of a request: it is sent without a Host."""

_SECONDS = 15

_UPGRADE = (
    "Connection: Upgrade",
    "Upgrade: websocket",
    "Sec-WebSocket-Version: 13",
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
)


@dataclass(frozen=True)
class Reply:
    """A response as it came: redirects are not followed."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes = b""

    def values(self, name: str) -> list[str]:
        return [value for key, value in self.headers if key.lower() == name.lower()]

    def header(self, name: str) -> str:
        """The value of a header that must be there once."""
        [value] = self.values(name)
        return value

    @property
    def text(self) -> str:
        return self.body.decode()

    @property
    def json(self) -> Any:
        return json.loads(self.body)


@dataclass(frozen=True)
class Handshake:
    """The answer to a WebSocket's opening handshake: 101 with the first message, or another status."""

    status: int
    message: str = ""


class Wire(Protocol):
    """Sends requests for any URL to one place, as if the URL's host led there."""

    def send(
        self, method: str, url: str, headers: Headers = (), body: bytes | None = None
    ) -> Reply: ...

    def open_websocket(self, url: str, headers: Headers = ()) -> Handshake: ...


@dataclass(frozen=True)
class SocketWire:
    """A connection per request, byte for byte as the case wrote it.

    Args:
        address: host and port, or the path of a unix socket.
        source: the address of the loopback network that the request comes from.
        tls: what to trust, for URLs of https and wss.
    """

    address: tuple[str, int] | str
    source: str = "127.0.0.1"
    tls: ssl.SSLContext | None = None

    def send(
        self, method: str, url: str, headers: Headers = (), body: bytes | None = None
    ) -> Reply:
        parts = urlsplit(url)
        headers = list(headers)
        connection = HTTPConnection(parts.netloc, timeout=_SECONDS)
        connection.sock = self._connected(url)
        try:
            own_host = any(name.lower() == "host" for name, _ in headers)
            target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
            connection.putrequest(method, target, skip_host=True, skip_accept_encoding=True)
            if not own_host:
                connection.putheader("Host", parts.netloc)
            for name, value in headers:
                if (name, value) != NO_HOST:
                    connection.putheader(name, value)
            if body is not None:
                connection.putheader("Content-Length", str(len(body)))
            connection.endheaders(body)
            response = connection.getresponse()
            return Reply(response.status, tuple(response.getheaders()), response.read())
        finally:
            connection.close()

    def open_websocket(self, url: str, headers: Headers = ()) -> Handshake:
        parts = urlsplit(url)
        lines = [f"GET {parts.path} HTTP/1.1", f"Host: {parts.netloc}", *_UPGRADE]
        lines += [f"{name}: {value}" for name, value in headers]
        with self._connected(url) as connected, connected.makefile("rwb") as stream:
            stream.write("\r\n".join([*lines, "", ""]).encode())
            stream.flush()
            status = int(stream.readline().split()[1])
            while stream.readline().strip():
                pass
            if status != 101:
                return Handshake(status)
            # RFC 6455 section 5.2: a text frame without a mask; the length is extended from 126 on.
            opcode, length = stream.read(2)
            assert opcode == 0x81, opcode
            if length == 126:
                length = int.from_bytes(stream.read(2))
            return Handshake(status, stream.read(length).decode())

    def _connected(self, url: str) -> socket.socket:
        if isinstance(self.address, str):
            connected = socket.socket(socket.AF_UNIX)
            connected.settimeout(_SECONDS)
            try:
                connected.connect(self.address)
            except OSError:
                connected.close()
                raise
            return connected
        connected = socket.create_connection(self.address, _SECONDS, (self.source, 0))
        connected.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        parts = urlsplit(url)
        if parts.scheme in ("https", "wss"):
            assert self.tls, f"no certificate authority is known for {url}"
            try:
                return self.tls.wrap_socket(connected, server_hostname=parts.hostname)
            except OSError:
                connected.close()
                raise
        return connected


@dataclass(frozen=True)
class InProcessWire:
    """An ASGI application, called as a server would call it.

    Args:
        app: a service, or the imitation of a proxy.
        peer: the IP address that the request comes from.
    """

    app: ASGIApp
    peer: str

    def send(
        self, method: str, url: str, headers: Headers = (), body: bytes | None = None
    ) -> Reply:
        scope = {**self._scope(url, headers), "type": "http", "method": method}
        sent = _loop().run(self._call(scope, {"type": "http.request", "body": body or b""}))
        start = next(message for message in sent if message["type"] == "http.response.start")
        received = tuple((k.decode(), v.decode("latin-1")) for k, v in start.get("headers", ()))
        whole = b"".join(message.get("body", b"") for message in sent)
        return Reply(start["status"], received, b"" if method == "HEAD" else whole)

    def open_websocket(self, url: str, headers: Headers = ()) -> Handshake:
        scope = {**self._scope(url, headers), "type": "websocket", "subprotocols": []}
        sent = _loop().run(self._call(scope, {"type": "websocket.connect"}))
        by_type = {message["type"]: message for message in reversed(sent)}
        if "websocket.accept" in by_type:
            return Handshake(101, by_type["websocket.send"]["text"])
        # What servers answer when the application closes before it has accepted.
        start = by_type.get("websocket.http.response.start") or by_type.get("http.response.start")
        return Handshake(start["status"] if start else 403)

    def _scope(self, url: str, headers: Headers) -> Scope:
        parts = urlsplit(url)
        lines = [(name.lower().encode(), value.encode("latin-1")) for name, value in headers]
        if not any(name == b"host" for name, _ in lines):
            lines.insert(0, (b"host", parts.netloc.encode()))
        return {
            "asgi": {"version": "3.0"},
            "http_version": "1.1",
            "scheme": parts.scheme,
            "path": unquote(parts.path) or "/",
            "raw_path": parts.path.encode() or b"/",
            "root_path": "",
            "query_string": parts.query.encode(),
            "headers": [line for line in lines if line != (b"host", b"")],
            "client": (self.peer, 50000),
            "server": ("10.0.0.9", 8000),
        }

    async def _call(self, scope: Scope, first: Message) -> list[Message]:
        sent: list[Message] = []
        incoming = [first]

        async def receive() -> Message:
            if not incoming:
                await asyncio.Event().wait()  # the client stays until it has its answer
            return incoming.pop()

        async def send(message: Message) -> None:
            sent.append(message)

        await asyncio.wait_for(self.app(scope, receive, send), _SECONDS)
        return sent


@cache
def _loop() -> asyncio.Runner:
    """One event loop for all requests, because a new one for each takes longer than the answer."""
    runner = asyncio.Runner()
    atexit.register(runner.close)
    return runner
