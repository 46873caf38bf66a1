"""One client cannot take every connection: neither with half a head, nor with half a body."""

import resource
import socket
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from http.client import HTTPMessage
from pathlib import Path

import pytest

from testing.http import Answer, send
from testing.nginx import Proxy, running_proxy
from testing.processes import wait_until
from testing.services import SAMPLE

HALF_A_HEAD = b"POST /auth/token HTTP/1.1\r\nHost: localhost\r\nX-Half: "
MORE_THAN_ONE_ADDRESS_OPENS = 2100
MOST_AT_ONCE = 512


@pytest.fixture
def strict_proxy(tmp_path: Path, ports: dict[str, int]) -> Iterator[Proxy]:
    settings = {"GATEHOUSE_TRUSTED_PROXIES": "127.0.0.1"}
    with running_proxy(tmp_path, services=SAMPLE, ports=ports, settings=settings) as running:
        yield running


@contextmanager
def connections(proxy: Proxy, number: int, sent: bytes) -> Iterator[list[socket.socket]]:
    """Opens as many, each of which sends this and waits."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    with ExitStack() as opened:
        opened.callback(resource.setrlimit, resource.RLIMIT_NOFILE, (soft, hard))
        sockets = []
        for _ in range(number):
            client = opened.enter_context(socket.create_connection(("127.0.0.1", proxy.port), 10))
            client.sendall(sent)
            sockets.append(client)
        yield sockets


def half_a_body(address: str) -> bytes:
    """Of a request that is not limited otherwise."""
    head = f"POST /items/ HTTP/1.1\r\nHost: localhost\r\nX-Forwarded-For: {address}\r\nContent-Length: 99999"
    return head.encode() + b"\r\n\r\nhalf"


def test_half_sent_heads_of_one_address_leave_others_served(strict_proxy: Proxy) -> None:
    with connections(strict_proxy, MORE_THAN_ONE_ADDRESS_OPENS, HALF_A_HEAD):
        for path in ("/", "/items/"):
            assert (
                send(strict_proxy.url, path, headers=[("X-Forwarded-For", "203.0.113.7")]).status
                == 200
            )


@pytest.mark.parametrize(
    ("first", "same", "other"),
    [
        ("198.51.100.1", "198.51.100.1", "198.51.100.2"),
        ("2001:db8:1:2::1", "2001:db8:1:2:3::", "2001:db8:1:3::1"),
    ],
)
def test_one_client_has_so_many_requests_under_way_and_no_more(
    strict_proxy: Proxy, first: str, same: str, other: str
) -> None:
    with connections(strict_proxy, MOST_AT_ONCE, half_a_body(first)) as under_way:
        refused = [Answer(0, HTTPMessage(), b"")]

        # Both workers of nginx have to have read what was sent, before they give up waiting for the rest.
        def is_refused() -> bool:
            for one in under_way:
                one.sendall(b"x")
            refused[0] = send(strict_proxy.url, "/items/", headers=[("X-Forwarded-For", same)])
            return refused[0].status != 200

        wait_until(is_refused, seconds=10, what="one more request is refused")
        served = send(strict_proxy.url, "/items/", headers=[("X-Forwarded-For", other)])
    [answer] = refused
    assert (answer.status, answer.json["code"]) == (429, "too_many_requests")
    assert answer.headers["Retry-After"] == "1"
    assert served.status == 200
