"""A request that offers another protocol arrives whole, however it is cut into packets."""

import json
import socket
from collections.abc import Iterator
from typing import Any

import pytest

from gatehouse_chassis.serving.upgrades import IgnoresUpgrades
from gatehouse_chassis.serving.worker import ServiceWorker
from testing.echo import Echo
from testing.serving import served

HOST = b"POST /introspect?a=%2F HTTP/1.1\r\nHost: auth:8000\r\nX-Kept: yes\r\n"
JAVA = b"Connection: Upgrade, HTTP2-Settings\r\nHTTP2-Settings: AAMAAABkAAQC\r\nUpgrade: h2c\r\n"
LENGTH = b"Content-Length: 11\r\n\r\ntoken=hello"
CHUNKED = b"Transfer-Encoding: chunked\r\n\r\n6\r\ntoken=\r\n5\r\nhello\r\n0\r\n\r\n"


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    with served(Echo("auth"), http=IgnoresUpgrades) as port:
        yield port


def exchange(port: int, *packets: bytes) -> list[dict[str, Any]]:
    """What the service saw of each request: the last of them ends the connection."""
    with socket.create_connection(("127.0.0.1", port), timeout=10) as client:
        client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for packet in packets:
            client.sendall(packet)
        answers = b"".join(iter(lambda: client.recv(65536), b""))
    return [json.loads(line) for line in answers.splitlines() if line.startswith(b"{")]


def last(request: bytes) -> bytes:
    """The same request, after which the connection ends."""
    return request.replace(b"Connection: ", b"Connection: close, ")


@pytest.mark.parametrize("body", [LENGTH, CHUNKED], ids=["length", "chunked"])
@pytest.mark.parametrize("offer", [JAVA, JAVA.replace(b"h2c", b"TLS/1.0")], ids=["h2c", "tls"])
def test_the_body_arrives_and_the_offer_does_not(port: int, offer: bytes, body: bytes) -> None:
    [seen] = exchange(port, last(HOST + offer + body))
    assert (seen["method"], seen["path"], seen["body_bytes"]) == ("POST", "/introspect", 11)
    assert ["x-kept", "yes"] in seen["headers"]
    names = [name for name, _ in seen["headers"]]
    assert "upgrade" not in names
    assert "http2-settings" not in names


@pytest.mark.parametrize("body", [LENGTH, CHUNKED], ids=["length", "chunked"])
def test_it_arrives_whole_wherever_it_is_cut(port: int, body: bytes) -> None:
    request = last(HOST + JAVA + body)
    for cut in range(1, len(request)):
        [seen] = exchange(port, request[:cut], request[cut:])
        assert seen["body_bytes"] == 11, cut


def test_requests_after_it_on_the_same_connection_are_served(port: int) -> None:
    request = HOST + JAVA + LENGTH
    plain = HOST + b"Connection: close\r\n" + LENGTH
    seen = exchange(port, request + request + plain)
    assert [one["body_bytes"] for one in seen] == [11, 11, 11]


def test_hundreds_of_them_in_one_packet_are_served(port: int) -> None:
    seen = exchange(port, (HOST + JAVA + LENGTH) * 600 + last(HOST + JAVA + LENGTH))
    assert [one["body_bytes"] for one in seen] == [11] * 601


def test_a_connect_is_read_once_and_logs_nothing(
    port: int, caplog: pytest.LogCaptureFixture
) -> None:
    with socket.create_connection(("127.0.0.1", port), timeout=10) as client:
        client.sendall(b"CONNECT a:1 HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n")
        assert client.recv(65536).startswith(b"HTTP/1.1 ")
    assert "RecursionError" not in caplog.text


def test_a_service_speaks_so() -> None:
    assert ServiceWorker.CONFIG_KWARGS["http"] is IgnoresUpgrades
