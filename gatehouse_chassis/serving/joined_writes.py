"""The head and the body of an answer in one write.

uvicorn writes them one after the other: two system calls here, and the proxy is woken twice.
"""

import asyncio
from collections.abc import Iterable
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol


class JoinedWritesProtocol(HttpToolsProtocol):
    """uvicorn's protocol on a transport that joins what is written in one turn of the event loop."""

    def connection_made(self, transport: Any) -> None:
        """Called by the event loop, or by the protocol that had the connection before."""
        super().connection_made(_JoiningTransport(transport, self.loop))  # type: ignore[arg-type]


class _JoiningTransport:
    """Everything but `write` and the ways to end is the transport's own."""

    def __init__(self, transport: asyncio.Transport, loop: asyncio.AbstractEventLoop) -> None:
        self._transport = transport
        self._loop = loop
        self._head: bytes | None = None

    def write(self, data: bytes) -> None:
        if self._head is not None:
            self._transport.write(self._head + data)
            self._head = None
        else:
            self._head = data
            # A stream's first part may be long in coming.
            self._loop.call_soon(self._flush)

    def writelines(self, parts: Iterable[bytes]) -> None:
        self._flush()
        self._transport.writelines(parts)

    def write_eof(self) -> None:
        self._flush()
        self._transport.write_eof()

    def close(self) -> None:
        self._flush()
        self._transport.close()

    def _flush(self) -> None:
        if self._head is not None:
            self._transport.write(self._head)
            self._head = None

    def __getattr__(self, name: str) -> Any:
        return getattr(self._transport, name)
