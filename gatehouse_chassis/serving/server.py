"""Serves an application with gunicorn: the same way on a laptop and in a container."""

import asyncio
import gc
import os
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any

from gunicorn.app.base import BaseApplication
from gunicorn.glogging import Logger

from gatehouse_chassis.serving.master import Inheritance, Master
from gatehouse_chassis.serving.metrics_folder import make_metrics_folder
from gatehouse_chassis.serving.worker import ServiceWorker
from gatehouse_chassis.settings import ServiceSettings, SettingsError

GRACEFUL_TIMEOUT = 25
"""Seconds that requests under way have to finish when the service stops."""

SHARED_MEMORY = Path("/dev/shm")  # noqa: S108  # gunicorn makes its files there safely

# Each worker would import them for itself, when it serves and when it first fetches something.
_IMPORTED_LATE = ("httpcore2", "uvicorn.lifespan.on", "uvicorn.protocols.http.auto", "uvloop")


class _PropagatingLogger(Logger):  # type: ignore[misc]  # gunicorn has no types
    """Leaves gunicorn's messages to the root logger, so that they come in the service's one format."""

    def setup(self, cfg: Any) -> None:
        self.cfg = cfg
        self.error_log.propagate = True


class _Server(BaseApplication):  # type: ignore[misc]  # gunicorn has no types
    def __init__(self, app: Any, options: dict[str, Any]) -> None:
        self._app = app
        self._options = options
        super().__init__()

    def load_config(self) -> None:
        for name, value in self._options.items():
            self.cfg.set(name, value)

    def load(self) -> Any:
        return self._app


def serve(settings: ServiceSettings, package: str) -> None:
    """Serves in the foreground until a signal ends it; SIGHUP replaces code and workers.

    Args:
        settings: handed to `create_app`.
        package: the service, in whose `main` is `create_app(settings)`; it must open nothing that workers cannot share.

    Raises:
        SettingsError: the state folder cannot be written to, or the composition root refuses a setting.
    """
    inheritance = Inheritance.find()
    try:
        if not inheritance:  # a reload leaves the folder and its name
            # Read when prometheus_client is imported.
            os.environ["PROMETHEUS_MULTIPROC_DIR"] = str(make_metrics_folder(settings.state_dir))
    except OSError as error:
        raise SettingsError(
            f"{settings.variable('state_dir')} is no folder that can be written to "
            f"({error.filename}: {error.strerror}). Change it in .env or in the environment."
        ) from None
    # All of it once, before the workers are forked, which then start in a fraction of the time and share its memory.
    # What the composition root refuses is told here too, and not by each of them.
    app = _composition_root(package)(settings)
    for module in _IMPORTED_LATE:
        import_module(module)
    gc.collect()
    gc.freeze()
    options = {
        "bind": f"fd://{inheritance.listener}" if inheritance else settings.bind,
        "workers": settings.workers,
        "worker_class": ServiceWorker,
        "logger_class": _PropagatingLogger,
        "keepalive": 75,  # longer than nginx keeps its connections, so that nginx closes them first
        "timeout": 30,
        "graceful_timeout": GRACEFUL_TIMEOUT,
        "control_socket_disable": True,
        "umask": 0o077,  # gunicorn would set its own, which lets everybody read
        "child_exit": _forget_worker_metrics,
    }
    if SHARED_MEMORY.is_dir():
        # A heartbeat file on a slow disk looks like a hung worker.
        options["worker_tmp_dir"] = str(SHARED_MEMORY)
    Master(_Server(app, options), package, inheritance).run()


def check(settings: ServiceSettings, package: str) -> None:
    """Starts and stops the application without serving it; what is wrong with its code is raised."""
    asyncio.run(_start_and_stop(_composition_root(package)(settings)))


async def _start_and_stop(app: Any) -> None:
    async with app.router.lifespan_context(app):
        pass


def _composition_root(package: str) -> Callable[[Any], Any]:
    create_app: Callable[[Any], Any] = import_module(f"{package}.main").create_app
    return create_app


def _forget_worker_metrics(_server: object, worker: Any) -> None:
    from prometheus_client import multiprocess

    multiprocess.mark_process_dead(worker.pid)  # type: ignore[no-untyped-call]
