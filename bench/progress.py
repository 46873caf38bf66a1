"""Progress, for the person who waits."""

import time
from collections.abc import Iterator
from contextlib import contextmanager


class Progress:
    """A line when a step begins, one for each thing that it says, and its seconds at the end."""

    def __init__(self, steps: int) -> None:
        self._steps = steps
        self._number = 0

    @contextmanager
    def step(self, what: str) -> Iterator[None]:
        """Announce a step, and say how long it took."""
        self._number += 1
        began = time.monotonic()
        print(f"[{self._number}/{self._steps}] {what}", flush=True)
        yield
        self.say(f"{time.monotonic() - began:.0f} s")

    def say(self, words: str) -> None:
        """Print what happens within the step."""
        print(f"      {words}", flush=True)
