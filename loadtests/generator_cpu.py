"""How busy the load generator itself is: a process that needs its whole core measures itself."""

import time
from typing import Any

from locust.event import Events

# From here on Locust warns too (locust.runners.CPU_WARNING_THRESHOLD).
LIMIT_PERCENT = 90.0
# Over less than this a process that only starts its users looks busy.
SHORTEST_SECONDS = 0.9


class Usage:
    """How much of one core this process has used since `restart`, in percent."""

    def __init__(self) -> None:
        self.restart()

    def restart(self) -> None:
        """Forget everything up to now."""
        self._start = self._before = self._now = _clocks()
        self._peak = 0.0

    def note(self) -> None:
        """Look again: between two looks is an interval that may be the busiest one."""
        self._now = _clocks()
        if self._now[0] - self._before[0] >= SHORTEST_SECONDS:
            self._peak = max(self._peak, _percent(self._before, self._now))
            self._before = self._now

    def figures(self) -> dict[str, float]:
        """The `mean`, and the `peak`, which is that of the busiest interval."""
        mean = _percent(self._start, self._now)
        return {"mean": round(mean, 1), "peak": round(max(self._peak, mean), 1)}


def attach(events: Events) -> None:
    """Let every worker tell the master its usage together with its figures."""
    usage = Usage()

    def restart(**_: Any) -> None:
        usage.restart()

    def tell(data: dict[str, Any], **_: Any) -> None:
        usage.note()
        data["cpu"] = usage.figures()

    events.test_start.add_listener(restart)  # type: ignore[no-untyped-call]
    events.report_to_master.add_listener(tell)  # type: ignore[no-untyped-call]


def _clocks() -> tuple[float, float]:
    return time.monotonic(), time.process_time()


def _percent(before: tuple[float, float], now: tuple[float, float]) -> float:
    seconds = now[0] - before[0]
    return 100 * (now[1] - before[1]) / seconds if seconds > 0 else 0.0
