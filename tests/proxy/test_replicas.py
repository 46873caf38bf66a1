"""nginx in front of replicas that come, go and fail; a script stands for the DNS."""

import os
import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from testing.http import send
from testing.nginx import Proxy, running_proxy
from testing.ports import free_port
from testing.processes import wait_until


class Replica(socketserver.ThreadingTCPServer):
    """A service on one loopback address; it keeps the method of each request that reached it whole.

    Attributes:
        dies: whether it closes the connection instead of answering, as a killed process does.
    """

    allow_reuse_address = True
    daemon_threads = True

    def __init__(self, host: str, port: int) -> None:
        self.host = host
        self.asked: list[str] = []
        self.dies = False
        super().__init__((host, port), _Request)


class _Request(socketserver.StreamRequestHandler):
    server: Replica

    def handle(self) -> None:
        while first := self.rfile.readline():
            length = 0
            while (line := self.rfile.readline()) not in (b"\r\n", b""):
                name, _, value = line.partition(b":")
                length = int(value) if name.lower() == b"content-length" else length
            self.rfile.read(length)
            self.server.asked.append(first.split()[0].decode())
            if self.server.dies:
                return
            host = self.server.host.encode()
            self.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(host), host))


@contextmanager
def replica(host: str, port: int) -> Iterator[Replica]:
    with Replica(host, port) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield server
        server.shutdown()
        thread.join()


class Dns:
    """What the name of the service stands for, one address a line."""

    def __init__(self, folder: Path) -> None:
        self._file = folder / "addresses"
        getent = folder / "getent"
        getent.write_text(f"#!/bin/sh\n[ \"$2\" != items.test ] || cat '{self._file}'\n")
        getent.chmod(0o755)

    def says(self, *hosts: str) -> None:
        new = self._file.with_suffix(".new")
        new.write_text("".join(f"{host} STREAM items.test\n" for host in hosts))
        new.replace(self._file)


@pytest.fixture(scope="module")
def dns(tmp_path_factory: pytest.TempPathFactory) -> Dns:
    dns = Dns(tmp_path_factory.mktemp("dns"))
    dns.says("127.0.0.1")
    return dns


@pytest.fixture(scope="module")
def port() -> int:
    return free_port()


@pytest.fixture(scope="module")
def proxy(tmp_path_factory: pytest.TempPathFactory, dns: Dns, port: int) -> Iterator[Proxy]:
    settings = {
        "PATH": f"{dns._file.parent}:{os.environ['PATH']}",
        "PROXY_RESOLVER": "127.0.0.1",
        "ITEMS_ADDRESS": f"items.test:{port}",
    }
    with running_proxy(tmp_path_factory.mktemp("proxy"), ports={}, settings=settings) as running:
        yield running


@pytest.fixture(scope="module")
def replicas(port: int) -> Iterator[list[Replica]]:
    with replica("127.0.0.1", port) as first, replica("127.0.0.2", port) as second:
        yield [first, second]


def ask(proxy: Proxy, method: str = "GET") -> str:
    """Which replica answers, or the status of an error."""
    answer = send(proxy.url, "/items/", method=method, body=b"{}" if method == "POST" else None)
    return answer.body.decode() if answer.status == 200 else str(answer.status)


@pytest.mark.usefixtures("replicas")
def test_replicas_that_come_are_asked_and_those_that_go_are_not(proxy: Proxy, dns: Dns) -> None:
    dns.says("127.0.0.1")
    wait_until(lambda: ask(proxy) == "127.0.0.1", seconds=30, what="the first is asked")

    dns.says("127.0.0.1", "127.0.0.2")
    wait_until(lambda: ask(proxy) == "127.0.0.2", seconds=30, what="the second is asked")
    dns.says("127.0.0.2")

    def only_the_second_is_asked() -> bool:
        return {ask(proxy) for _ in range(6)} == {"127.0.0.2"}

    wait_until(only_the_second_is_asked, seconds=30, what="the first is asked no more")


@pytest.mark.usefixtures("replicas")
def test_one_that_does_not_listen_costs_no_request_not_even_a_post(proxy: Proxy, dns: Dns) -> None:
    dns.says("127.0.0.1", "127.0.0.2", "127.0.0.3")

    wait_until(lambda: ask(proxy) == "127.0.0.1", seconds=30, what="the list is known")
    answers = [ask(proxy, method) for _ in range(30) for method in ("GET", "POST")]

    assert set(answers) == {"127.0.0.1", "127.0.0.2"}


def test_a_post_that_one_has_read_is_never_sent_to_another_and_a_get_is(
    proxy: Proxy, dns: Dns, replicas: list[Replica]
) -> None:
    dns.says("127.0.0.1", "127.0.0.2")
    for one in replicas:
        wait_until(lambda host=one.host: ask(proxy) == host, seconds=30, what="each is asked")  # type: ignore[misc]
    replicas[0].dies = True

    def post_meets_the_dead_one() -> bool:
        for one in replicas:
            one.asked.clear()
        answer = ask(proxy, "POST")
        assert [*replicas[0].asked, *replicas[1].asked] == ["POST"], "whatever becomes of it"
        return answer == "502"

    wait_until(post_meets_the_dead_one, seconds=30, what="a POST is lost with its replica")

    def get_meets_the_dead_one() -> bool:
        replicas[0].asked.clear()
        assert ask(proxy) == "127.0.0.2"
        return replicas[0].asked == ["GET"]

    wait_until(get_meets_the_dead_one, seconds=30, what="a GET is sent to the other one")
