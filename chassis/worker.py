"""The gunicorn worker: uvicorn with its own proxy handling off, so that `chassis.forwarded` is the only one."""

import ctypes
import signal
import sys
from typing import Any

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

    def init_process(self) -> None:
        """Makes the kernel end this worker with its master: an orphan would keep the port that a new master needs."""
        if sys.platform == "linux":
            ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
        super().init_process()
