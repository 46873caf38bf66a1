"""A server that drains: what becomes of its connections, and of the requests on them."""

import asyncio
import re
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import pytest
from starlette.types import Receive, Scope, Send
from uvicorn import Config

from gatehouse_chassis.serving.draining import IDLE_LIMIT, DrainingServer
from testing.checkout import ROOT
from testing.services import LISTED


@dataclass
class Serving:
    """A server with an application that answers `/slow` when `release` is set, and all else at once."""

    port: int
    server: DrainingServer
    task: asyncio.Task[None]
    slow_has_begun: asyncio.Event
    release: asyncio.Event
    connections: list["Connection"] = field(default_factory=list)

    async def connect(self) -> "Connection":
        self.connections.append(Connection(*await asyncio.open_connection("127.0.0.1", self.port)))
        return self.connections[-1]

    async def refuses(self) -> None:
        """Wait until nobody listens any more."""
        async with asyncio.timeout(5):
            while True:
                try:
                    (await self.connect()).writer.close()
                except ConnectionRefusedError:
                    return
                await asyncio.sleep(0.02)


@dataclass
class Connection:
    """A client's connection, as nginx keeps it."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter

    def ask(self, path: str = "/") -> None:
        self.writer.write(f"GET {path} HTTP/1.1\r\nHost: x\r\n\r\n".encode())

    async def answer(self) -> str:
        """The head of the next answer."""
        head = await self.reader.readuntil(b"\r\n\r\n")
        assert await self.reader.readexactly(2) == b"ok"
        return head.decode()


@asynccontextmanager
async def serving(idle_limit: float = 30) -> AsyncIterator[Serving]:
    slow_has_begun, release = asyncio.Event(), asyncio.Event()

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["path"] == "/slow":
            slow_has_begun.set()
            await release.wait()
        headers = [(b"content-length", b"2")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": b"ok"})

    started = asyncio.Event()
    listener = socket.create_server(("127.0.0.1", 0))
    port = listener.getsockname()[1]
    config = Config(app, lifespan="off", log_config=None)
    server = DrainingServer(config, on_start=started.set, idle_limit=idle_limit)
    task = asyncio.create_task(server.serve(sockets=[listener]))
    try:
        await started.wait()
        one = Serving(port, server, task, slow_has_begun, release)
        yield one
        for connection in one.connections:
            connection.writer.close()
    finally:
        server.should_exit = server.force_exit = True
        await task


async def test_an_idle_connection_survives_and_its_next_answer_is_its_last() -> None:
    async with serving() as one:
        kept = await one.connect()
        kept.ask()
        assert "connection: close" not in await kept.answer()
        one.server.drain()
        await one.refuses()
        kept.ask()
        assert "connection: close" in await kept.answer()
        assert await kept.reader.read() == b""
        await one.task


async def test_it_stops_when_its_peers_have_closed_what_they_kept() -> None:
    async with serving() as one:
        kept = await one.connect()
        kept.ask()
        await kept.answer()
        one.server.drain()
        await one.refuses()
        assert not one.task.done()
        kept.writer.close()
        await one.task


async def test_a_connection_that_waits_to_be_accepted_is_accepted_and_answered() -> None:
    """Where it is the last that listens, the kernel would reset it, and the POST on it may not be sent again."""
    async with serving() as one:
        one.server.drain()
        with socket.create_connection(("127.0.0.1", one.port)) as late:
            late.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
            assert not await one.server.on_tick(
                0
            )  # stops listening, before the loop sees the connection
            late.settimeout(5)
            answer = await asyncio.to_thread(late.recv, 1000)
        assert answer.startswith(b"HTTP/1.1 200 OK")
        assert b"connection: close" in answer
        await one.refuses()
        await one.task


async def test_a_request_under_way_is_finished() -> None:
    async with serving(idle_limit=0) as one:
        busy = await one.connect()
        busy.ask("/slow")
        await one.slow_has_begun.wait()
        one.server.drain()
        await one.refuses()
        one.release.set()
        assert (await busy.answer()).startswith("HTTP/1.1 200 OK")
        busy.writer.close()
        await one.task


async def test_a_peer_that_keeps_its_connection_for_ever_is_not_waited_for() -> None:
    async with serving(idle_limit=0.2) as one:
        kept = await one.connect()
        kept.ask()
        await kept.answer()
        one.server.drain()
        assert await kept.reader.read() == b""
        await one.task


async def test_a_stop_that_comes_while_it_drains_is_quick() -> None:
    async with serving() as one:
        kept = await one.connect()
        kept.ask()
        await kept.answer()
        one.server.drain()
        await one.refuses()
        one.server.should_exit = True
        assert await kept.reader.read() == b""
        await one.task


@pytest.mark.parametrize("service", LISTED)
def test_nginx_drops_an_idle_connection_before_a_draining_worker_does(service: str) -> None:
    template = (ROOT / "proxy" / "gateway" / "nginx.conf.template").read_text(encoding="utf-8")
    found = re.search(rf"upstream {service} {{[^}}]*keepalive_timeout (\d+)s;", template)
    assert found
    # Twice as long, because nginx looks at its clock when a busy machine lets it.
    assert 2 * int(found[1]) <= IDLE_LIMIT
