"""The workers of a local service, found in Linux's /proc."""

from pathlib import Path

PROC = Path("/proc")


def workers(master: int) -> frozenset[int]:
    """Return the children of `master` that serve; it may have one that only checks its code."""
    try:
        children = (PROC / str(master) / "task" / str(master) / "children").read_text().split()
    except FileNotFoundError:
        return frozenset()
    return frozenset(int(child) for child in children if _serves(PROC / child))


def _serves(process: Path) -> bool:
    try:
        return (process / "cmdline").read_bytes().endswith(b"\0serve\0")
    except (FileNotFoundError, ProcessLookupError):
        return False  # It has ended.
