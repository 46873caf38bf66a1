"""Talk to this checkout's supervisord over its Unix socket (https://supervisord.org/api.html)."""

import hashlib
import http.client
import os
import shutil
import socket
import tempfile
import xmlrpc.client
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from deploy.checkout import Checkout
from deploy.errors import DeployError

# A socket's path may hold 107 bytes (unix(7)), and supervisord first makes it with its process id appended.
LONGEST_SOCKET_PATH = 107 - len(".4194304")
# Stopping waits for the longest stopwaitsecs of each of the two priorities in supervisord.conf, one after the other.
ANSWER_TIMEOUT_S = 45


@dataclass(frozen=True)
class Program:
    """What supervisord knows about one program; times are seconds since the epoch."""

    name: str
    state: str
    pid: int
    started: int
    now: int

    @property
    def runs(self) -> bool:
        """Whether the process exists and has not just been started."""
        return self.state == "RUNNING"

    @property
    def failed(self) -> bool:
        """Whether it ended, or could not be started, without being told to end."""
        return self.state in {"BACKOFF", "EXITED", "FATAL", "UNKNOWN"}


class Supervisor:
    """The supervisord behind the socket at `path`, which may or may not run."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def programs(self) -> list[Program] | None:
        """Return the programs, none while supervisord stops, or None when it does not run."""
        try:
            with self._server() as server:
                answer = server.supervisor.getAllProcessInfo()
        except xmlrpc.client.Fault:
            return []
        except (OSError, http.client.HTTPException):
            return None
        return [
            Program(info["name"], info["statename"], info["pid"], info["start"], info["now"])
            for info in cast("list[dict[str, Any]]", answer)
        ]

    def signal(self, program: str, name: str) -> None:
        """Send the signal `name` (such as HUP) to the main process of `program`.

        Raises DeployError when it does not run.
        """
        try:
            with self._server() as server:
                server.supervisor.signalProcess(program, name)
        except (OSError, http.client.HTTPException, xmlrpc.client.Fault) as error:
            raise DeployError(f"{program} cannot be sent SIG{name}: {error}.") from error

    def shut_down(self) -> None:
        """Tell supervisord to stop its programs and then itself; returns before that is done."""
        # It may be gone, or already on its way.
        with (
            suppress(OSError, http.client.HTTPException, xmlrpc.client.Fault),
            self._server() as server,
        ):
            server.supervisor.shutdown()

    def _server(self) -> xmlrpc.client.ServerProxy:
        return xmlrpc.client.ServerProxy("http://localhost", transport=_Transport(self._path))


def socket_path(checkout: Checkout) -> Path:
    """Return where the control socket lies: var/run, or a private folder if that is too long.

    Raises DeployError when the private folder belongs to somebody else.
    """
    path = checkout.run / "supervisor.sock"
    if len(os.fsencode(path)) <= LONGEST_SOCKET_PATH:
        return path
    name = hashlib.sha256(os.fsencode(checkout.root)).hexdigest()[:16]
    folder = Path(tempfile.gettempdir()) / f"gatehouse-{os.getuid()}-{name}"
    folder.mkdir(mode=0o700, exist_ok=True)
    found = folder.lstat()
    if found.st_uid != os.getuid() or found.st_mode & 0o077 or folder.is_symlink():
        raise DeployError(
            f"{folder} is not a private folder of yours: remove it, or move the checkout to a shorter "
            "path."
        )
    return folder / "supervisor.sock"


def remove_socket_folder(checkout: Checkout) -> None:
    """Remove the private folder, where there is one."""
    folder = socket_path(checkout).parent
    if folder != checkout.run:
        shutil.rmtree(folder, ignore_errors=True)


class _Transport(xmlrpc.client.Transport):
    def __init__(self, path: Path) -> None:
        super().__init__()
        self._path = path

    def make_connection(self, _: object) -> "_Connection":
        return _Connection(self._path)


class _Connection(http.client.HTTPConnection):
    def __init__(self, path: Path) -> None:
        super().__init__("localhost", timeout=ANSWER_TIMEOUT_S)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(self.timeout)
        try:
            self.sock.connect(str(self._path))
        except OSError:
            self.sock.close()
            raise
