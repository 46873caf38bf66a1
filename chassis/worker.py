"""The gunicorn worker: uvicorn with its own proxy handling off, so that `chassis.forwarded` is the only one."""

import ctypes
import logging
import signal
import sys
from typing import Any

from fastapi.routing import iter_route_contexts
from starlette.routing import WebSocketRoute
from uvicorn_worker import UvicornWorker

_PR_SET_PDEATHSIG = 1


class ServiceWorker(UvicornWorker):  # type: ignore[misc]  # it comes without types
    """Serves one process of a service."""

    CONFIG_KWARGS: dict[str, Any] = {  # noqa: RUF012  # the base class declares it so
        "loop": "auto",
        "http": "auto",
        "lifespan": "on",
        "proxy_headers": False,
        "server_header": False,
        "access_log": False,
        "timeout_graceful_shutdown": 20,
    }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        # Its base class gives uvicorn's messages to gunicorn's handlers; here they all go to the root logger.
        logging.getLogger("uvicorn.error").propagate = True

    async def _serve(self) -> None:
        if not _takes_websockets(self.wsgi):
            # Otherwise an upgrade request waits for a handshake that nobody will answer.
            self.config.ws = "none"
        await super()._serve()

    def init_process(self) -> None:
        """Makes the kernel end this worker with its master: an orphan would keep the port that a new master needs."""
        if sys.platform == "linux":
            ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
        super().init_process()


def _takes_websockets(app: Any) -> bool:
    return any(
        isinstance(context.original_route, WebSocketRoute)
        for context in iter_route_contexts(getattr(app, "routes", ()))
    )
