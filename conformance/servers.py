"""The servers that run the suite's services: each with its own handling of proxies off, as the README asks."""

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path

from conformance.wire import SocketWire
from testing.ports import free_port
from testing.processes import Program

_APP = "conformance.app"
# gunicorn's own worker would compare lines of X-Forwarded-Proto and answer 400, on a unix socket always.
_GUNICORN_SETTINGS = "secure_scheme_headers = {}\n"


@dataclass(frozen=True)
class Server:
    """A way to run an ASGI application.

    Attributes:
        name: how tables call it.
        packages: what it is made of, as PyPI calls it.
        command: the words after `python -m` for a service, an address (host:port, or the path of a socket) and a
            folder for files of its own.
    """

    name: str
    packages: tuple[str, ...]
    command: Callable[[str, str, Path], list[str]]

    @property
    def is_installed(self) -> bool:
        return all(find_spec(package.replace("-", "_")) for package in self.packages)

    @property
    def version(self) -> str:
        return ", ".join(f"{package} {version(package)}" for package in self.packages)


def _bind(address: str) -> str:
    return f"unix:{address}" if address.startswith("/") else address


def _gunicorn(worker: str) -> Callable[[str, str, Path], list[str]]:
    def command(service: str, address: str, folder: Path) -> list[str]:
        settings = folder / "gunicorn.conf.py"
        settings.write_text(_GUNICORN_SETTINGS)
        return [
            *("gunicorn", "--config", str(settings), "--worker-class", worker),
            *("--bind", _bind(address), "--no-control-socket", f"{_APP}:{service}()"),
        ]

    return command


def _uvicorn(service: str, address: str, _folder: Path) -> list[str]:
    host, _, port = address.partition(":")
    where = ["--uds", address] if not port else ["--host", host, "--port", port]
    return [
        "uvicorn",
        *where,
        "--no-proxy-headers",
        "--no-server-header",
        "--factory",
        f"{_APP}:{service}",
    ]


def _hypercorn(service: str, address: str, _folder: Path) -> list[str]:
    return ["hypercorn", "--bind", _bind(address), f"{_APP}:{service}()"]


def _granian(service: str, address: str, _folder: Path) -> list[str]:
    host, _, port = address.partition(":")
    where = ["--uds", address] if not port else ["--host", host, "--port", port]
    return ["granian", "--interface", "asgi", *where, "--factory", f"{_APP}:{service}"]


SERVERS = {
    server.name: server
    for server in (
        Server(
            "gunicorn, the stack's worker",
            ("gunicorn", "uvicorn-worker", "uvicorn"),
            _gunicorn("gatehouse_chassis.serving.worker.ServiceWorker"),
        ),
        Server("gunicorn -k asgi", ("gunicorn",), _gunicorn("asgi")),
        Server("uvicorn", ("uvicorn",), _uvicorn),
        Server("hypercorn", ("hypercorn",), _hypercorn),
        Server("granian", ("granian",), _granian),
    )
}


@dataclass(frozen=True)
class Services:
    """The two services under one server: host:port each, or the path of a unix socket."""

    items: str
    auth: str


@contextmanager
def running_services(server: Server, folder: Path, *, unix: bool = False) -> Iterator[Services]:
    """Runs the service and its sibling on ports or on unix sockets."""
    with ExitStack() as running:
        programs = []
        for name in ("items", "auth"):
            own_folder = folder / name
            own_folder.mkdir(parents=True)
            address = str(own_folder / "socket") if unix else f"127.0.0.1:{free_port()}"
            program = Program(
                f"{server.name} ({name})",
                [sys.executable, "-m", *server.command(name, address, own_folder)],
                environment={"PATH": os.environ["PATH"], "HOME": str(own_folder)},
                log=own_folder / "log",
            )
            # They have nothing to finish, and some wait long for idle connections.
            running.callback(program.kill)
            programs.append((program, address))
        for program, address in programs:
            program.wait_until(partial(_answers, address), seconds=60, what=f"{address} answers")
            if unix:
                # A proxy may run as another user.
                Path(address).chmod(0o666)
        yield Services(*(address for _, address in programs))


def socket_address(address: str) -> tuple[str, int] | str:
    """An address as sockets want it."""
    host, colon, port = address.partition(":")
    return (host, int(port)) if colon else address


def _answers(address: str) -> bool:
    try:
        reply = SocketWire(socket_address(address)).send("GET", "http://service/health/live")
    except OSError:
        return False
    return reply.status == 200
