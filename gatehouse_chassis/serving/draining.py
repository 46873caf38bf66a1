"""A server that can leave while its proxy keeps connections to it, without one request lost.

How, and why so: docs/decisions/0007-reload-by-draining.md
"""

import asyncio
import socket
import time
from collections.abc import Callable
from contextlib import suppress

from uvicorn import Config, Server

IDLE_LIMIT = 10.0
"""Seconds without a request under way after which a draining server closes what its peers have not.

Longer than nginx keeps an idle connection (`keepalive_timeout` in `proxy/gateway/nginx.conf.template`).
"""

REQUEST_LIMIT = 20.0
"""Seconds that requests under way have to finish when the server stops, drained or not."""

_CLOSE = (b"connection", b"close")


class DrainingServer(Server):
    """uvicorn's server, with a way to stop that closes no connection which a request may be on its way to.

    Args:
        on_start: called when it takes requests.
        idle_limit: seconds without a request under way after which it closes what its peers have not.
    """

    def __init__(
        self, config: Config, on_start: Callable[[], None], idle_limit: float = IDLE_LIMIT
    ) -> None:
        super().__init__(config)
        self._on_start = on_start
        self._idle_limit = idle_limit
        self._is_to_drain = False
        self._drains_since: float | None = None
        self._busy_at = 0.0
        self._listeners: list[socket.socket] = []
        self._late_connections: set[asyncio.Task[object]] = set()

    def drain(self) -> None:
        """Stops as soon as no peer keeps a connection.

        From now on nothing is accepted, and every answer tells its peer to use the connection no more. An idle
        connection is left to the peer, which alone knows that it is not about to use it.
        """
        self._is_to_drain = True

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Starts the application and accepts connections."""
        await super().startup(sockets)
        self._listeners = sockets or []
        self._on_start()

    async def on_tick(self, counter: int) -> bool:
        """Ten times a second: whether it is time to stop."""
        should_stop = await super().on_tick(counter)
        if not self._is_to_drain:
            return should_stop
        if self._drains_since is None:
            self._begin_to_drain()
            return should_stop
        return should_stop or self._is_drained(self._drains_since)

    def _begin_to_drain(self) -> None:
        self._drains_since = self._busy_at = time.monotonic()
        self._accept_what_waits()
        for listener in self.servers:
            listener.close()
        # The headers of every answer: those of this second, and what the next second's are made of.
        self.server_state.default_headers.append(_CLOSE)
        self.config.encoded_headers.append(_CLOSE)

    def _accept_what_waits(self) -> None:
        """The kernel resets what nobody has accepted when the last listener closes, and a POST may be on it."""
        loop = asyncio.get_running_loop()
        for listener in self._listeners:
            with suppress(BlockingIOError):
                while True:
                    accepted, _ = listener.accept()
                    accepted.setblocking(False)
                    task = loop.create_task(
                        loop.connect_accepted_socket(self._make_protocol, accepted)
                    )
                    self._late_connections.add(task)
                    task.add_done_callback(self._late_connections.discard)

    def _make_protocol(self) -> asyncio.Protocol:
        # As uvicorn's own startup makes one.
        make: Callable[..., asyncio.Protocol] = self.config.http_protocol_class
        return make(
            config=self.config, server_state=self.server_state, app_state=self.lifespan.state
        )

    def _is_drained(self, began: float) -> bool:
        now = time.monotonic()
        if self.server_state.tasks:
            self._busy_at = now
        return (
            not (self.server_state.connections or self._late_connections)
            or now - self._busy_at > self._idle_limit
            or now - began > REQUEST_LIMIT
        )
