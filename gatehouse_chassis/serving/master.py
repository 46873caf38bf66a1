"""gunicorn's master process, which on SIGHUP turns into a new one that runs the code as it is now.

How no request is lost, and why so: docs/decisions/0007-reload-by-draining.md

gunicorn's own ways do less: its SIGHUP without preloading ends the service when the new code does not start and takes
25 MB more for two workers, and its SIGUSR2 changes the process id, which supervisor and Docker take for a crash. With
preloading its SIGHUP starts workers with the old code.
"""

import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import asdict, dataclass
from types import FrameType, SimpleNamespace
from typing import Any, Self

from gunicorn import sock
from gunicorn.arbiter import Arbiter

from gatehouse_chassis.serving.draining import REQUEST_LIMIT
from gatehouse_chassis.serving.worker import DRAIN

REFUSAL = "Not reloaded: the code as it is now does not start, so the old workers go on."
"""What the log says when a reload would have ended the service."""

CHECK_TIMEOUT = 90
"""Seconds that the new code may take to start: two, but for a machine that has much else to do."""

RETIREMENT_LIMIT = 2 * REQUEST_LIMIT + 5
"""Seconds after which an old worker is killed: it may drain, and then finish requests, for one limit each."""

_AT_ONCE = {signal.SIGTERM, signal.SIGINT, signal.SIGQUIT}
_STOPS = {*_AT_ONCE, DRAIN}

_INHERITANCE = "CHASSIS_INHERITANCE"


@dataclass(frozen=True, slots=True)
class Inheritance:
    """What a master leaves to the one that it turns into: the process stays, and so its files and children do.

    Attributes:
        listener: the descriptor of the socket that listens.
        workers: the process ids of those who go on serving until new ones do.
    """

    listener: int
    workers: tuple[int, ...]

    @classmethod
    def find(cls) -> Self | None:
        """What a predecessor left, taken out of the environment; None in a master that is the first."""
        left = os.environ.pop(_INHERITANCE, None)
        return None if left is None else cls(**json.loads(left))

    def environment(self) -> dict[str, str]:
        """The environment in which `find` finds it."""
        return {**os.environ, _INHERITANCE: json.dumps(asdict(self))}


class Master(Arbiter):  # type: ignore[misc]  # gunicorn has no types
    """Starts workers and looks after them.

    Args:
        app: gunicorn's application.
        package: the service, of which `python -m <package> check` says whether its code starts.
        inheritance: what the master left that this process was.
    """

    def __init__(self, app: Any, package: str, inheritance: Inheritance | None) -> None:
        super().__init__(app)
        self._package = package
        self._is_to_reload = False
        self._check: subprocess.Popen[bytes] | None = None
        self._old_workers = list(inheritance.workers) if inheritance else []
        self._kill_at: float | None = None

    def init_signals(self) -> None:
        """Takes signals, those too that came while this master was starting."""
        super().init_signals()
        signal.pthread_sigmask(signal.SIG_UNBLOCK, self.SIGNALS)

    def signal(self, sig: int, frame: FrameType | None) -> None:
        """Notes a signal for the main loop, which a stop does not let wait for the check of new code."""
        super().signal(sig, frame)
        if sig in _STOPS and self._check:
            self._check.kill()

    def reload(self) -> None:
        """Remembers the SIGHUP until the signals that came with it are dealt with: one may have been SIGTERM."""
        self._is_to_reload = True

    def handle_usr2(self) -> None:
        """Stops when no proxy keeps a connection: where other replicas go on, no request is lost.

        What an orchestrator must send for it is in `docker-compose.yml` (`stop_signal`). SIGTERM is quicker, and closes
        connections on which a request may be on its way.
        """
        sock.close_sockets(self.LISTENERS, unlink=False)  # the workers accept what waits there
        self.LISTENERS.clear()
        late = time.monotonic() + REQUEST_LIMIT
        while self.WORKERS and time.monotonic() < late:
            self.kill_workers(DRAIN)  # every time: one that was only just starting does not hear it
            waiting = self.wait_for_signals(timeout=0.5)
            self.reap_workers()
            if _AT_ONCE.intersection(waiting):
                break
        raise StopIteration

    def manage_workers(self) -> None:
        """Once a second: keeps up the number of workers, and brings a reload on its way."""
        super().manage_workers()
        if self._old_workers and all(worker.has_started for worker in self.WORKERS.values()):
            self._retire_old_workers()
        if self._is_to_reload:
            self._is_to_reload = False
            if self._new_code_starts():
                self._turn_into_a_new_master()
            self.log.error(REFUSAL)

    def _new_code_starts(self) -> bool:
        command = [sys.executable, "-m", self._package, "check"]
        # Not in the folder of the metrics, where each process leaves files.
        environment = {**os.environ}
        environment.pop("PROMETHEUS_MULTIPROC_DIR", None)
        # Waited for here, because gunicorn takes the exit status of whatever child ends meanwhile.
        try:
            with subprocess.Popen(command, env=environment) as self._check:  # noqa: S603  # our own
                try:
                    return self._check.wait(CHECK_TIMEOUT) == 0
                finally:
                    self._check.kill()  # does nothing to one that has ended
        except (OSError, subprocess.TimeoutExpired) as error:
            self.log.error("%s", error)
            return False

    def _turn_into_a_new_master(self) -> None:
        [listener] = self.LISTENERS
        inheritance = Inheritance(listener.fileno(), (*self._old_workers, *self.WORKERS))
        # What has arrived, and what arrives from here on, waits for the new master.
        signal.pthread_sigmask(signal.SIG_BLOCK, self.SIGNALS)
        for waiting in self.wait_for_signals(timeout=0):
            os.kill(self.pid, waiting)
        command = [sys.executable, "-m", self._package, "serve"]
        os.execve(sys.executable, command, inheritance.environment())  # noqa: S606  # no shell is wanted

    def _retire_old_workers(self) -> None:
        """Tells them to drain, every time: one that was only just starting does not hear it the first time."""
        now = time.monotonic()
        self._kill_at = self._kill_at or now + RETIREMENT_LIMIT
        for pid in [*self._old_workers]:
            if _is_child(pid):
                os.kill(pid, signal.SIGKILL if now > self._kill_at else DRAIN)
            else:
                self._old_workers.remove(pid)
                self.cfg.child_exit(self, SimpleNamespace(pid=pid))
        if not self._old_workers:
            self.log.info("Reloaded: no old worker is left.")


def _is_child(pid: int) -> bool:
    """Whether this process of ours is still there. Its id stays taken until we have asked for its end."""
    try:
        return os.waitpid(pid, os.WNOHANG) == (0, 0)
    except ChildProcessError:
        return False
