"""Where the memory of this checkout's stack can be read: its local processes, or its containers."""

import ipaddress
import os
import re
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Protocol
from urllib.parse import urlsplit

import psutil

from loadtests.settings import running

ROOT = Path(__file__).parent.parent
SUPERVISOR_PID_FILE = ROOT / "var" / "run" / "supervisord.pid"
PROGRAMS = ("auth_service", "items_service", "nginx")
MEGABYTE = 1_000_000
DOCKER_TIMEOUT_SECONDS = 15.0

_STATISTICS = (
    "sh",
    "-c",
    "cat /sys/fs/cgroup/memory.stat 2>/dev/null || cat /sys/fs/cgroup/memory/memory.stat",
)


class Source(Protocol):
    """Reads the memory of each part of a stack; `meaning` is the sentence that says what is measured."""

    meaning: str
    interval_seconds: float

    def sample(self) -> Iterator[tuple[str, float]]:
        """The name and the megabytes of each part that there is now."""


class LocalProcesses:
    """The processes below `supervisor`."""

    meaning = (
        "The memory of a process is its proportional set size (PSS): what it has alone, and its part of "
        "what it shares."
    )
    interval_seconds = 2.0

    def __init__(self, supervisor: psutil.Process) -> None:
        self.supervisor = supervisor

    def sample(self) -> Iterator[tuple[str, float]]:
        """As Source says."""
        for process in _family(self.supervisor):
            try:
                yield self.name_of(process), process.memory_full_info().pss / MEGABYTE
            except (psutil.Error, AttributeError):
                continue  # It has ended, or belongs to another user, or this system has no PSS.

    def name_of(self, process: psutil.Process) -> str:
        """`auth`, which starts and watches its processes, or `auth worker`, which answers requests."""
        if process == self.supervisor:
            return "supervisord"
        command = " ".join(process.cmdline())
        program = next((name for name in PROGRAMS if name in command), process.name())
        role = "" if process.ppid() == self.supervisor.pid else " worker"
        return f"{program.removesuffix('_service')}{role} ({process.pid})"


class Containers:
    """The containers with these names."""

    meaning = (
        "The memory of a container is what its processes allocated (`anon` of its cgroup): without cached files, and "
        "without the pages that PostgreSQL keeps in shared memory, up to its `shared_buffers`."
    )
    # It takes Docker a tenth of a second for each container, and some of the machine with it.
    interval_seconds = 8.0

    def __init__(self, names: list[str]) -> None:
        self._names = names

    def sample(self) -> Iterator[tuple[str, float]]:
        """As Source says."""
        for name in self._names:
            # In a cgroup of version 1 the figure has another name.
            figure = re.search(
                r"^(?:anon|total_rss) (\d+)$", _docker("exec", name, *_STATISTICS), re.M
            )
            if figure:
                yield name, int(figure[1]) / MEGABYTE


def source_behind(url: str) -> Source | None:
    """What answers at `url`, if that is the stack of this checkout on this machine."""
    port = _port_here(url)
    if port is None:
        return None
    supervisor = supervisor_behind(port)
    if supervisor:
        return LocalProcesses(supervisor)
    names = _containers_behind(port)
    return Containers(names) if names else None


def supervisor_behind(port: int, pid_file: Path = SUPERVISOR_PID_FILE) -> psutil.Process | None:
    """The supervisor of this checkout's local processes, if one of them listens on `port`."""
    try:
        supervisor = psutil.Process(int(pid_file.read_text(encoding="ascii")))
        is_ours = any(
            connection.laddr and connection.laddr.port == port
            for process in _family(supervisor)
            for connection in process.net_connections("tcp")
            if connection.status == psutil.CONN_LISTEN
        )
    except (OSError, ValueError, psutil.Error):
        return None
    return supervisor if is_ours else None


def _containers_behind(port: int) -> list[str]:
    published = _docker("compose", "port", "proxy", "8080")
    if not published.endswith(f":{port}"):
        return []
    ids = _docker("compose", "ps", "--quiet").split()
    return [
        name.removeprefix("/") for name in _docker("inspect", "--format", "{{.Name}}", *ids).split()
    ]


def _docker(*arguments: str) -> str:
    """What it prints; nothing when it cannot, because there is none or a container has ended."""
    try:
        done = subprocess.run(
            ["docker", *arguments],
            cwd=ROOT,
            env={**os.environ, **running(), "PWD": str(ROOT)},
            check=True,
            text=True,
            capture_output=True,
            timeout=DOCKER_TIMEOUT_SECONDS,
        )
    except (OSError, subprocess.SubprocessError):
        return ""
    return done.stdout.strip()


def _port_here(url: str) -> int | None:
    parts = urlsplit(url)
    try:
        found = socket.getaddrinfo(parts.hostname, parts.port or 80, type=socket.SOCK_STREAM)
    except (OSError, ValueError):
        return None
    is_here = all(ipaddress.ip_address(str(entry[4][0])).is_loopback for entry in found)
    return parts.port or 80 if is_here else None


def _family(supervisor: psutil.Process) -> list[psutil.Process]:
    try:
        return [supervisor, *supervisor.children(recursive=True)]
    except psutil.Error:
        return []
