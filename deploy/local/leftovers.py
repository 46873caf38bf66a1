"""Processes that outlived their parent, found in Linux's /proc and ended.

A program whose main process was killed may leave children that still hold its port, as nginx's workers
do, and a killed supervisord leaves every program. Each program leads a process group of its own, whose id
`launch` records: the group tells whose child a process is, and the working directory tells of which
checkout.
"""

import os
import signal
import time
from contextlib import suppress
from pathlib import Path

from deploy.checkout import Checkout
from deploy.errors import DeployError

PROC = Path("/proc")
# SIGKILL cannot be refused; only a process stuck in the kernel outlives this.
DEADLINE_S = 5


def record(checkout: Checkout, program: str) -> Path:
    """Return the file with the ids of the process groups that `program` had since `make up`."""
    return checkout.run / f"{program}.starts"


def starts(checkout: Checkout, program: str) -> int:
    """Return how often `program` was started since `make up`."""
    try:
        return len(record(checkout, program).read_text().split())
    except FileNotFoundError:
        return 0


def end(checkout: Checkout, program: str) -> int:
    """End what is left of `program`, and return how many processes that were.

    Raises DeployError when one of them does not go.
    """
    try:
        groups = set(map(int, record(checkout, program).read_text().split()))
    except FileNotFoundError:
        return 0
    ended: set[int] = set()
    deadline = time.monotonic() + DEADLINE_S
    # Again and again, because a main process may replace a child that was ended before it.
    while left := _members(checkout, groups):
        if time.monotonic() > deadline:
            raise DeployError(
                f"Processes of {program} that were left running cannot be ended: {sorted(left)}."
            )
        for process in left:
            _kill(process)
        ended |= left
        time.sleep(0.02)
    return len(ended)


def _members(checkout: Checkout, groups: set[int]) -> set[int]:
    return {
        int(process.name)
        for process in PROC.glob("[0-9]*")
        if _group(process) in groups and _works_in(process, checkout.root)
    }


def _group(process: Path) -> int | None:
    try:
        # After the name, which is in brackets and may hold anything: state, parent, process group.
        return int((process / "stat").read_text().rpartition(")")[2].split()[2])
    except (OSError, IndexError):
        return None


def _works_in(process: Path, folder: Path) -> bool:
    try:
        return (process / "cwd").readlink() == folder
    except OSError:
        return False  # A zombie, or somebody else's.


def _kill(process: int) -> None:
    with suppress(ProcessLookupError):  # It may have ended meanwhile.
        os.kill(process, signal.SIGKILL)
