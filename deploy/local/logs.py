"""Show and follow log files, as `tail -F` does, with the name of the program before each line."""

import os
import sys
import time
from collections import deque
from collections.abc import Mapping
from contextlib import ExitStack, closing
from pathlib import Path
from typing import TextIO

LOOK_EVERY_S = 0.2
COLOURS = (36, 33, 35)


def show(logs: Mapping[str, Path], lines: int, follow: bool, out: TextIO | None = None) -> None:
    """Print the last `lines` of each file and, with `follow`, what is added until interrupted."""
    out = out or sys.stdout
    width = max(map(len, logs))
    with ExitStack() as tails_to_close:
        tails = [
            tails_to_close.enter_context(closing(Tail(path, _prefix(name, width, i, out))))
            for i, (name, path) in enumerate(logs.items())
        ]
        for tail in tails:
            tail.print_last(lines, out)
        out.flush()
        while follow:
            time.sleep(LOOK_EVERY_S)
            for tail in tails:
                tail.print_new(out)
            out.flush()


def _prefix(name: str, width: int, index: int, out: TextIO) -> str:
    text = f"{name:{width}} | "
    return f"\x1b[{COLOURS[index % len(COLOURS)]}m{text}\x1b[0m" if out.isatty() else text


class Tail:
    """A log that is followed by its name, so that it goes on after a rotation.

    Each of its lines is printed with `prefix`. The file need not be there yet.
    """

    def __init__(self, path: Path, prefix: str) -> None:
        self._path = path
        self._prefix = prefix
        self._file = self._open()

    def print_last(self, lines: int, out: TextIO) -> None:
        """Print the last `lines` that the log has now."""
        if self._file:
            for line in deque(self._file, maxlen=lines):
                self._print(line, out)

    def print_new(self, out: TextIO) -> None:
        """Print what was added since the last call."""
        if self._file:
            for line in self._file:
                self._print(line, out)
        if self._was_replaced():
            self.close()
            self._file = self._open()

    def close(self) -> None:
        """Close the file."""
        if self._file:
            self._file.close()

    def _print(self, line: str, out: TextIO) -> None:
        out.write(f"{self._prefix}{line.rstrip()}\n")

    def _was_replaced(self) -> bool:
        try:
            now = self._path.stat()
        except FileNotFoundError:
            return False
        if self._file is None:
            return True
        open_file = os.fstat(self._file.fileno())
        return now.st_ino != open_file.st_ino or now.st_size < self._file.tell()

    def _open(self) -> TextIO | None:
        try:
            return self._path.open(encoding="utf-8", errors="replace")
        except FileNotFoundError:
            return None
