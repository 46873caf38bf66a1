"""What of this machine was full while it was loaded: processes, cores, disks, as seen from outside the services."""

import threading
import time
from collections import defaultdict
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field

import psutil

from loadtests.memory_sources import LocalProcesses, source_behind

FULL_PERCENT = 85.0
INTERVAL_SECONDS = 1.0


@dataclass
class Resources:
    """How much of it was used on average, in percent: of a core by each process, of all cores, of each disk's time."""

    processes: dict[str, float] = field(default_factory=dict)
    machine: float = 0.0
    disks: dict[str, float] = field(default_factory=dict)


def bottleneck(resources: Resources, failures: Mapping[str, int]) -> str:
    """What was full, as a sentence. `failures` counts sentences of failed requests."""
    refused = sum(count for sentence, count in failures.items() if sentence.startswith("503 "))
    busiest = max(resources.processes, key=lambda name: resources.processes[name], default="")
    used = resources.processes.get(busiest, 0.0)
    disk = max(resources.disks, key=lambda name: resources.disks[name], default="")
    if used >= FULL_PERCENT:
        return f"the CPU of {busiest}: {used:.0f} % of a core"
    if resources.machine >= FULL_PERCENT:
        ours = sum(resources.processes.values()) / (psutil.cpu_count() or 1)
        return f"all cores of this machine: {resources.machine:.0f} %, {ours:.0f} % by the stack and its load"
    if disk and resources.disks[disk] >= FULL_PERCENT:
        return f"the disk {disk}: busy for {resources.disks[disk]:.0f} % of the time"
    if refused:
        return f"a queue or a pool of connections of a service: {refused} requests were answered with 503"
    return (
        f"nothing that is seen from outside (the busiest process was {busiest or 'unknown'} with {used:.0f} % of a "
        "core): requests waited for a lock or for a connection to the database"
    )


@contextmanager
def watched(url: str, generator: int) -> Iterator[Resources]:
    """Look at the stack of this checkout behind `url`, and at the load generator with this process id."""
    found, over = Resources(), threading.Event()
    watcher = threading.Thread(target=_watch, args=(url, generator, found, over), daemon=True)
    watcher.start()
    try:
        yield found
    finally:
        over.set()
        watcher.join()


def _watch(url: str, generator: int, found: Resources, over: threading.Event) -> None:
    source = source_behind(url)
    names: dict[int, str] = {}
    began: dict[str, tuple[float, float]] = {}
    used: dict[str, float] = defaultdict(float)
    psutil.cpu_percent()
    disks, start = _disk_seconds(), time.monotonic()
    while not over.wait(INTERVAL_SECONDS):
        for process in _processes(source, generator):
            try:
                if process.pid not in names:
                    names[process.pid] = _name(source, process, generator)
                name, times = names[process.pid], process.cpu_times()
                now = (time.monotonic(), times.user + times.system)
                since = began.setdefault(name, now)
                if now[0] > since[0]:
                    used[name] = 100 * (now[1] - since[1]) / (now[0] - since[0])
            except psutil.Error:
                continue
    seconds = time.monotonic() - start
    found.processes = {name: round(percent, 1) for name, percent in used.items()}
    found.machine = psutil.cpu_percent()
    found.disks = {
        name: round(100 * (busy - disks.get(name, busy)) / seconds, 1)
        for name, busy in _disk_seconds().items()
    }


def _processes(source: object, generator: int) -> Iterator[psutil.Process]:
    try:
        if isinstance(source, LocalProcesses):
            yield from source.supervisor.children(recursive=True)
        loading = psutil.Process(generator)
        yield from (loading, *loading.children(recursive=True))
    except psutil.Error:
        return


def _name(source: object, process: psutil.Process, generator: int) -> str:
    if process.pid == generator or generator in {parent.pid for parent in process.parents()}:
        return f"the load generator ({process.pid})"
    return source.name_of(process) if isinstance(source, LocalProcesses) else process.name()


def _disk_seconds() -> dict[str, float]:
    counters = psutil.disk_io_counters(perdisk=True) or {}
    return {name: getattr(one, "busy_time", 0) / 1000 for name, one in counters.items()}
