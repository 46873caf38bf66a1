"""Numbered progress lines: `[2/6] installing packages ... 4 s`."""

import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TextIO


class Progress:
    """Prints one line per step, with the seconds it took.

    On a terminal the seconds run while the step does. Elsewhere a line is written once, so that a
    log holds no control characters.
    """

    def __init__(self, steps: int, out: TextIO | None = None) -> None:
        self.steps = steps
        self.number = 0
        self.out = sys.stdout if out is None else out

    @contextmanager
    def step(self, what: str) -> Iterator[None]:
        """Announce a step, and when the block ends say how long it took or that it failed."""
        self.number += 1
        line = f"[{self.number}/{self.steps}] {what} ..."
        began = time.monotonic()
        self._write(line)
        over = threading.Event()
        clock = threading.Thread(target=self._tick, args=(line, began, over), daemon=True)
        if self.out.isatty():
            clock.start()
        outcome = "failed"
        try:
            yield
            outcome = f"{time.monotonic() - began:.1f} s"
        finally:
            over.set()
            if clock.is_alive():
                clock.join()
                self._write(f"\r{line}")
            self._write(f" {outcome}\n")

    def say(self, sentence: str) -> None:
        """Print a sentence below the step that it belongs to."""
        self._write(f"      {sentence}\n")

    def _tick(self, line: str, began: float, over: threading.Event) -> None:
        while not over.wait(1):
            self._write(f"\r{line} {time.monotonic() - began:.0f} s")

    def _write(self, text: str) -> None:
        self.out.write(text)
        self.out.flush()
