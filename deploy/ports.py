"""Who listens on a port, found in Linux's /proc (proc(5), /proc/net/tcp)."""

import errno
import socket
from dataclasses import dataclass
from pathlib import Path

LISTEN = "0A"


@dataclass(frozen=True)
class Refusal:
    """Why a port cannot be had: because of its address, or of its `holder` where that can be told."""

    reason: str
    holder: str | None = None
    no_such_address: bool = False


def refusal(host: str, port: int) -> Refusal | None:
    """Return why nothing can listen on `host`:`port`, or None when something can."""
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        with socket.socket(family, kind, protocol) as probe:
            # Servers set this too: without it a port that was closed a moment ago would look taken.
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(address)
            probe.listen()
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            return Refusal("is taken", holder(port))
        if error.errno == errno.EACCES:
            return Refusal("is one of the ports below 1024 that only root may use")
        if error.errno == errno.EADDRNOTAVAIL:
            return Refusal("no network of this machine has that address", no_such_address=True)
        return Refusal(f"cannot be used on {host} ({error.strerror or error})")
    return None


def holder(port: int, proc: Path = Path("/proc")) -> str | None:
    """Return `name (pid 123)` of the process that listens on `port`.

    None when that cannot be told: the process belongs to another user, or there is no /proc.
    """
    sockets = {f"socket:[{inode}]" for inode in _listening_inodes(port, proc)}
    if not sockets:
        return None
    for process in proc.glob("[0-9]*"):
        try:
            if any(str(entry.readlink()) in sockets for entry in (process / "fd").iterdir()):
                return f"{(process / 'comm').read_text().strip()} (pid {process.name})"
        except OSError:
            continue  # It ended meanwhile, or is somebody else's.
    return None


def _listening_inodes(port: int, proc: Path) -> set[str]:
    inodes = set()
    for table in ("tcp", "tcp6"):
        try:
            lines = (proc / "net" / table).read_text().splitlines()[1:]
        except OSError:
            continue
        for fields in map(str.split, lines):
            local_address, state, inode = fields[1], fields[3], fields[9]
            if state == LISTEN and int(local_address.rpartition(":")[2], 16) == port:
                inodes.add(inode)
    return inodes
