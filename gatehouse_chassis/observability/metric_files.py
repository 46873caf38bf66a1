"""The files in which each worker counts, made so that a full disk does not end it."""

import os
from pathlib import Path

from prometheus_client import values
from prometheus_client.mmap_dict import MmapedDict  # without types, as its methods are

_SIZE = 1 << 16
_ENTRY = 64  # bytes that an entry takes at most beside its key


class AllocatedDict(MmapedDict):
    """A file of prometheus_client in which every page has its place on the disk before anything is written to it.

    The library maps files with holes into memory. Writing to a hole takes a free block, and where a full disk has none
    the kernel ends the process (SIGBUS).

    A worker that starts while the disk is full counts in memory, where nobody sees it; one that counts already gets an
    OSError for what is new.
    """

    def __init__(self, filename: str, read_mode: bool = False) -> None:
        if read_mode:
            super().__init__(filename, read_mode)  # type: ignore[no-untyped-call]
        elif _allocate(filename):
            super().__init__(filename)  # type: ignore[no-untyped-call]
        else:
            memory = os.memfd_create("metrics")
            super().__init__(f"/proc/self/fd/{memory}")  # type: ignore[no-untyped-call]
            os.close(memory)

    def _init_value(self, key: str) -> None:
        if self._used + len(key.encode()) + _ENTRY > self._capacity:
            os.posix_fallocate(self._f.fileno(), 0, 2 * self._capacity)
        super()._init_value(key)  # type: ignore[no-untyped-call]


def _allocate(filename: str) -> bool:
    path = Path(filename)
    with path.open("ab") as file:
        try:
            os.posix_fallocate(file.fileno(), 0, max(_SIZE, os.fstat(file.fileno()).st_size))
        except OSError:
            path.unlink()  # an empty file is none that the library can read
            return False
    return True


def keep_metrics_off_a_full_disk() -> None:
    """Makes prometheus_client use such files; it has no setting for them. Linux only, as the signal is."""
    if hasattr(os, "memfd_create"):
        values.MmapedDict = AllocatedDict  # type: ignore[attr-defined]
