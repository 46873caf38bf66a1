"""The gunicorn worker: uvicorn with its own proxy handling off, so that `proxy.forwarded` is the only one."""

import asyncio
import ctypes
import logging
import mmap
import signal
import sys
from typing import Any

from fastapi.routing import iter_route_contexts
from starlette.applications import Starlette
from starlette.routing import Mount, WebSocketRoute
from starlette.staticfiles import StaticFiles
from uvicorn_worker import UvicornWorker

from gatehouse_chassis.serving.draining import REQUEST_LIMIT, DrainingServer
from gatehouse_chassis.serving.upgrades import IgnoresUpgrades

DRAIN = signal.SIGUSR2
"""Tells a worker to leave when no peer keeps a connection to it."""

START_PATIENCE = 5.0
"""Seconds that a worker which starts waits to be ready before it takes requests all the same."""

_PR_SET_PDEATHSIG = 1


class ServiceWorker(UvicornWorker):  # type: ignore[misc]  # it comes without types
    """Serves one process of a service."""

    CONFIG_KWARGS: dict[str, Any] = {  # noqa: RUF012  # the base class declares it so
        "loop": "auto",
        "http": IgnoresUpgrades,
        "lifespan": "on",
        "proxy_headers": False,
        "server_header": False,
        "access_log": False,
        "timeout_graceful_shutdown": REQUEST_LIMIT,
    }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        # Its base class gives uvicorn's messages to gunicorn's handlers; here they all go to the root logger.
        logging.getLogger("uvicorn.error").propagate = True
        # Made before the fork, so that the master sees what the worker writes.
        self._started = mmap.mmap(-1, 1)

    @property
    def has_started(self) -> bool:
        """Whether it takes requests; the master may ask."""
        return self._started[0] == 1

    async def _serve(self) -> None:
        if not takes_websockets(self.wsgi):
            # Otherwise an upgrade request waits for a handshake that is never answered.
            self.config.ws = "none"
        if isinstance(self.wsgi, Starlette):
            self.wsgi.state.start_patience = START_PATIENCE
        self.config.app = self.wsgi
        server = DrainingServer(self.config, on_start=self._note_start)
        loop = asyncio.get_running_loop()
        loop.add_signal_handler(DRAIN, server.drain)
        # gunicorn's word for "at once". The base class takes it and does nothing.
        loop.add_signal_handler(signal.SIGQUIT, _stop_at_once, server)
        await server.serve(sockets=self.sockets)

    def _note_start(self) -> None:
        self._started[0] = 1

    def init_process(self) -> None:
        """Makes the kernel end this worker with its master: an orphan would keep the port that a new master needs."""
        if sys.platform == "linux":
            ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
        super().init_process()


def _stop_at_once(server: DrainingServer) -> None:
    server.should_exit = server.force_exit = True


def takes_websockets(app: Any) -> bool:
    """Whether the application has a route for one, or mounts an application that may have."""
    if isinstance(app, StaticFiles):
        return False
    if not hasattr(app, "routes"):
        return True  # it does not say
    return any(
        isinstance(context.original_route, WebSocketRoute)
        or (
            isinstance(context.original_route, Mount)
            and takes_websockets(context.original_route.app)
        )
        for context in iter_route_contexts(app.routes)
    )
