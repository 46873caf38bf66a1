"""Time that passes when a test says so."""

from dataclasses import dataclass


@dataclass
class SettableClock:
    """Seconds since the epoch, as `time.time` gives them."""

    now: float = 1_800_000_000.0

    def __call__(self) -> float:
        return self.now

    def advance(self, seconds: float) -> None:
        self.now += seconds
