"""Requests that offer another protocol, as Java's client does with h2c: served as if they did not.

RFC 9110 section 7.8 lets a server ignore the offer. uvicorn ignores it and loses the body, which its parser takes for
the other protocol.
"""

import sys
from collections.abc import Iterator

import httptools
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

_OF_AN_OFFER = frozenset((b"upgrade", b"http2-settings"))


class IgnoresUpgrades(HttpToolsProtocol):
    """uvicorn's HTTP/1.1, which reads a request that offers anything but a WebSocket once more, without the offer."""

    def data_received(self, data: bytes) -> None:
        # A loop, because one packet may hold many such requests.
        while data:
            self._received, self._again = data, b""
            super().data_received(data)
            data = self._again

    def on_headers_complete(self) -> None:
        if not self._offers_another_protocol():
            super().on_headers_complete()

    def on_message_complete(self) -> None:
        if not self._offers_another_protocol():
            super().on_message_complete()

    def _offers_another_protocol(self) -> bool:
        # To the parser every CONNECT is one; there is nothing to take away from it.
        offers = bool(self.parser.should_upgrade()) and self.parser.get_method() != b"CONNECT"
        return offers and not self._should_upgrade()

    def _unsupported_upgrade_warning(self) -> None:
        if not self._offers_another_protocol():
            return
        # Called where the parser's exception is caught: its argument is how much of the data it has read.
        stopped = sys.exception()
        assert isinstance(stopped, httptools.HttpParserUpgrade)  # noqa: S101  # uvicorn calls it nowhere else
        head = b"".join(self._head_without_offer())
        self.parser = httptools.HttpRequestParser(self)
        self.parser.set_dangerous_leniencies(lenient_data_after_close=True)  # as uvicorn does
        self._again = head + self._received[stopped.args[0] :]

    def _head_without_offer(self) -> Iterator[bytes]:
        version = self.parser.get_http_version().encode()
        yield b"%s %s HTTP/%s\r\n" % (self.parser.get_method(), self.url, version)
        for name, value in self.headers:
            if name == b"connection":
                options = (option.strip() for option in value.split(b","))
                value = b", ".join(one for one in options if one.lower() not in _OF_AN_OFFER)
            if value and name not in _OF_AN_OFFER:
                yield b"%s: %s\r\n" % (name, value)
        yield b"\r\n"
