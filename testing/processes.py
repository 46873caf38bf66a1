"""Programs that run beside the tests: started, waited for, and ended by their own process group."""

import os
import re
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

from testing.checkout import ROOT

running: list["Program"] = []
"""Every program that is up: tests/conftest.py shows how their logs end below a failed test."""


def wait_until(condition: Callable[[], bool], *, seconds: float, what: str) -> None:
    """Poll `condition` until it holds.

    Raises AssertionError, saying that `what` did not come true, after `seconds`.
    """
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            raise AssertionError(f"after {seconds:g} s it is still not so that {what}")
        time.sleep(0.02)


class Program:
    """One program with its children, until the end of the `with` block.

    Args:
        name: what it is called when it fails.
        command: the program and its arguments.
        environment: all of its environment; nothing is inherited.
        log: the file that receives what it prints.
        user: the user it runs as, where root may not run it.
        folder: where it runs, unless that is the root of the checkout.
    """

    def __init__(
        self,
        name: str,
        command: Sequence[str | Path],
        *,
        environment: Mapping[str, str],
        log: Path,
        user: str | None = None,
        folder: Path = ROOT,
    ) -> None:
        self.name = name
        self.log = log
        with log.open("ab") as output:
            # A process group can be ended with its children. In sessions of their own, which `make up` does not make
            # either, programs would get equal time whatever their niceness (autogroup(7)).
            self._process = subprocess.Popen(
                [*_end_with_us(), *command],
                env=environment,
                cwd="/" if user else folder,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                process_group=0,
                user=user,
                group=_group_of(user) if user else None,
                extra_groups=[] if user else None,
            )
        running.append(self)

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def is_running(self) -> bool:
        return self._process.poll() is None

    @property
    def children(self) -> list[int]:
        """The processes that the program itself started, such as a server's workers (Linux)."""
        tasks = Path(f"/proc/{self.pid}/task").glob("*/children")
        return [int(pid) for task in tasks for pid in task.read_text().split()]

    @property
    def pss_megabytes(self) -> float:
        """Its own memory and its children's, a page that they share counted once (Linux)."""
        return sum(map(pss_megabytes, (self.pid, *self.children)))

    def log_tail(self, lines: int = 20) -> str:
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-lines:])

    def wait(self, *, seconds: float) -> int:
        """Return the exit code of a program that ends by itself."""
        try:
            return self._process.wait(seconds)
        finally:
            self.stop()

    def wait_until(self, condition: Callable[[], bool], *, seconds: float, what: str) -> None:
        """Poll `condition`, and give up with the program's log when it ends or the time does."""

        def holds() -> bool:
            if not self.is_running:
                raise AssertionError(f"{self.name} ended with {self._process.returncode}")
            return condition()

        try:
            wait_until(holds, seconds=seconds, what=what)
        except AssertionError as error:
            raise AssertionError(
                f"{error}; the log of {self.name} ends:\n{self.log_tail()}"
            ) from None

    def kill(self) -> None:
        """End the program and its children at once, as a crash of the machine would."""
        os.killpg(self.pid, signal.SIGKILL)
        self._process.wait()
        self._forget()

    def stop(self, how: signal.Signals = signal.SIGTERM, *, seconds: float = 15) -> None:
        """Ask the program to end, and kill it with its children when it has not after `seconds`."""
        if self.is_running:
            self._process.send_signal(how)
            try:
                self._process.wait(seconds)
            except subprocess.TimeoutExpired:
                self.kill()
        self._forget()

    def _forget(self) -> None:
        if self in running:
            running.remove(self)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.stop()


def _end_with_us() -> list[str]:
    """Return the words that let the kernel end a program whose tests were killed (Linux)."""
    setpriv = shutil.which("setpriv")
    return [setpriv, "--pdeathsig", "TERM", "--"] if setpriv else []


def _group_of(user: str) -> int:
    import pwd  # not everywhere, and needed only where a program runs as another user

    return pwd.getpwnam(user).pw_gid


def pss_megabytes(process: int) -> float:
    """The proportional set size of a process (proc_pid_smaps(5)), in megabytes."""
    text = Path(f"/proc/{process}/smaps_rollup").read_text()
    found = re.search(r"^Pss: +(\d+) kB", text, re.MULTILINE)
    return int(found[1]) * 1024 / 1e6 if found else 0.0
