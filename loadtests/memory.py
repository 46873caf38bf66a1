"""The memory of every process of this machine's own stack while it is loaded, and whether it grows.

A process's memory is its proportional set size (PSS): what it has alone, and its part of what it
shares, so that the sum is what the stack takes (proc(5), /proc/[pid]/smaps).
"""

import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import combinations
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import psutil

ROOT = Path(__file__).parent.parent
SUPERVISOR_PID_FILE = ROOT / "var" / "run" / "supervisord.pid"
PROGRAMS = ("auth_service", "items_service", "nginx")

INTERVAL_SECONDS = 2.0
MOST_SAMPLES = 400
MEGABYTE = 1_000_000
# A shorter run only shows how caches fill.
SHORTEST_JUDGED_SECONDS = 300.0
FLAT_MEGABYTES = 1.0
FLAT_MEGABYTES_PER_HOUR = 6.0
DEFINITION = (
    "PSS. The slope is the median of the slopes between any two samples of the second half of the run "
    "(Theil-Sen), in which a single step, as a thread makes one at its first password, weighs little. Flat is a slope "
    f"of at most {FLAT_MEGABYTES:.0f} MB in that half, or of at most {FLAT_MEGABYTES_PER_HOUR:.0f} MB per "
    f"hour; a run shorter than {SHORTEST_JUDGED_SECONDS / 60:.0f} minutes is not judged."
)


@dataclass
class Growth:
    """The memory of one process over time: seconds since the start, and megabytes."""

    name: str
    pid: int
    seconds: list[float] = field(default_factory=list)
    megabytes: list[float] = field(default_factory=list)
    spacing: float = INTERVAL_SECONDS / 2

    def add(self, second: float, megabytes: float) -> None:
        """Take a sample; the longer the run, the wider apart are those that are kept."""
        if self.seconds and second - self.seconds[-1] < self.spacing:
            return
        self.seconds.append(second)
        self.megabytes.append(megabytes)
        if len(self.seconds) > MOST_SAMPLES:
            del self.seconds[1::2], self.megabytes[1::2]
            self.spacing *= 2

    def figures(self, run_seconds: float) -> dict[str, Any]:
        """First, last and most memory in MB, the slope in MB per hour, and whether that is flat.

        `slope` is None for a process that did not live through the second half, `flat` also after
        a short run.
        """
        slope = self._slope(run_seconds / 2, run_seconds)
        rise = 0.0 if slope is None else slope * run_seconds / 2 / 3600
        judged = slope is not None and run_seconds >= SHORTEST_JUDGED_SECONDS
        return {
            "process": self.name,
            "pid": self.pid,
            "first": round(self.megabytes[0], 1),
            "last": round(self.megabytes[-1], 1),
            "most": round(max(self.megabytes), 1),
            "slope": None if slope is None else round(slope, 1),
            "flat": rise <= FLAT_MEGABYTES or (slope or 0.0) <= FLAT_MEGABYTES_PER_HOUR
            if judged
            else None,
        }

    def _slope(self, since: float, until: float) -> float | None:
        samples = [
            (second, size)
            for second, size in zip(self.seconds, self.megabytes, strict=True)
            if second >= since
        ]
        margin = (until - since) / 5
        if len(samples) < 3 or samples[0][0] > since + margin or samples[-1][0] < until - margin:
            return None
        slopes = ((b[1] - a[1]) / (b[0] - a[0]) for a, b in combinations(samples, 2))
        return statistics.median(slopes) * 3600


class MemoryRecording:
    """Samples the stack of this checkout, if that is what is loaded."""

    def __init__(self, url: str) -> None:
        self.supervisor = supervisor_behind(url)
        self._growths: dict[int, Growth] = {}
        self._started = time.monotonic()

    def start(self, spawn: Callable[..., object]) -> None:
        """Begin, in the greenlet that `spawn` starts, until that is killed."""
        self._started = time.monotonic()
        self._growths = {}
        if self.supervisor:
            spawn(self._follow, self.supervisor)

    def figures(self, run_seconds: float) -> dict[str, Any] | None:
        """What was found, with the curves; None when another stack than this one's was loaded."""
        if not self._growths:
            return None
        growths = sorted(self._growths.values(), key=lambda growth: (growth.name, growth.pid))
        processes = [growth.figures(run_seconds) for growth in growths]
        judged = [process["flat"] for process in processes if process["flat"] is not None]
        return {
            "definition": DEFINITION,
            "flat": all(judged) if judged else None,
            "processes": processes,
            "series": {
                f"{growth.name} ({growth.pid})": [
                    [round(second, 1), round(size, 2)]
                    for second, size in zip(growth.seconds, growth.megabytes, strict=True)
                ]
                for growth in growths
            },
        }

    def _follow(self, supervisor: psutil.Process) -> None:
        while True:
            for process in _family(supervisor):
                self._sample(process, supervisor)
            time.sleep(INTERVAL_SECONDS)

    def _sample(self, process: psutil.Process, supervisor: psutil.Process) -> None:
        try:
            megabytes = process.memory_full_info().pss / MEGABYTE
            growth = self._growths.get(process.pid)
            if growth is None:
                growth = self._growths[process.pid] = Growth(
                    _name(process, supervisor), process.pid
                )
        except (psutil.Error, AttributeError):
            return  # It has ended, or belongs to somebody else, or this system has no PSS.
        growth.add(time.monotonic() - self._started, megabytes)


def supervisor_behind(url: str, pid_file: Path = SUPERVISOR_PID_FILE) -> psutil.Process | None:
    """The supervisor of this checkout's local processes, if one of them listens on the port of `url`."""
    try:
        supervisor = psutil.Process(int(pid_file.read_text(encoding="ascii")))
        port = urlsplit(url).port or 80
        is_ours = any(
            connection.laddr and connection.laddr.port == port
            for process in _family(supervisor)
            for connection in process.net_connections("tcp")
            if connection.status == psutil.CONN_LISTEN
        )
    except (OSError, ValueError, psutil.Error):
        return None
    return supervisor if is_ours else None


def _family(supervisor: psutil.Process) -> list[psutil.Process]:
    try:
        return [supervisor, *supervisor.children(recursive=True)]
    except psutil.Error:
        return []


def _name(process: psutil.Process, supervisor: psutil.Process) -> str:
    """`auth`, which starts and watches its processes, or `auth worker`, which answers requests."""
    if process == supervisor:
        return "supervisord"
    command = " ".join(process.cmdline())
    program = next((name for name in PROGRAMS if name in command), process.name())
    role = "" if process.ppid() == supervisor.pid else " worker"
    return program.removesuffix("_service") + role
