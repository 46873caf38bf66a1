"""Whether the memory of this machine's own stack grows while it is loaded."""

import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import combinations
from typing import Any

from loadtests.memory_sources import Source

MOST_SAMPLES = 400
# A shorter run only shows how caches fill.
SHORTEST_JUDGED_SECONDS = 300.0
FLAT_MEGABYTES = 1.0
FLAT_MEGABYTES_PER_HOUR = 6.0
DEFINITION = (
    "The slope is the median of the slopes between any two samples of the second half of the run "
    "(Theil-Sen), in which a single step, as a thread makes one at its first password, weighs little. Flat is a slope "
    f"of at most {FLAT_MEGABYTES:.0f} MB in that half, or of at most {FLAT_MEGABYTES_PER_HOUR:.0f} MB per "
    f"hour; a run shorter than {SHORTEST_JUDGED_SECONDS / 60:.0f} minutes is not judged."
)


@dataclass
class Growth:
    """The memory of one process or container over time: seconds since the start, and megabytes."""

    name: str
    spacing: float
    seconds: list[float] = field(default_factory=list)
    megabytes: list[float] = field(default_factory=list)

    def add(self, second: float, megabytes: float) -> None:
        """Take a sample; the longer the run, the wider apart are those that are kept."""
        if self.seconds and second - self.seconds[-1] < self.spacing:
            return
        self.seconds.append(second)
        self.megabytes.append(megabytes)
        if len(self.seconds) > MOST_SAMPLES:
            del self.seconds[1::2], self.megabytes[1::2]
            self.spacing *= 2

    def figures(self, run_seconds: float) -> dict[str, Any]:
        """First, last and most memory in MB, the slope in MB per hour, and whether that is flat.

        `slope` is None for one that did not live through the second half, `flat` also after
        a short run.
        """
        slope = self._slope(run_seconds / 2, run_seconds)
        rise = 0.0 if slope is None else slope * run_seconds / 2 / 3600
        judged = slope is not None and run_seconds >= SHORTEST_JUDGED_SECONDS
        return {
            "process": self.name,
            "first": round(self.megabytes[0], 1),
            "last": round(self.megabytes[-1], 1),
            "most": round(max(self.megabytes), 1),
            "slope": None if slope is None else round(slope, 1),
            "flat": rise <= FLAT_MEGABYTES or (slope or 0.0) <= FLAT_MEGABYTES_PER_HOUR
            if judged
            else None,
        }

    def _slope(self, since: float, until: float) -> float | None:
        samples = [
            (second, size)
            for second, size in zip(self.seconds, self.megabytes, strict=True)
            if second >= since
        ]
        margin = (until - since) / 5
        if len(samples) < 3 or samples[0][0] > since + margin or samples[-1][0] < until - margin:
            return None
        slopes = ((b[1] - a[1]) / (b[0] - a[0]) for a, b in combinations(samples, 2))
        return statistics.median(slopes) * 3600


class MemoryRecording:
    """Samples the stack of this checkout, if that is what is loaded: then there is a source."""

    def __init__(self, source: Source | None) -> None:
        self._source = source
        self._growths: dict[str, Growth] = {}
        self._started = time.monotonic()

    def start(self, spawn: Callable[..., object]) -> None:
        """Begin, in the greenlet that `spawn` starts, until that is killed."""
        self._started = time.monotonic()
        self._growths = {}
        if self._source:
            spawn(self._follow, self._source)

    def figures(self, run_seconds: float) -> dict[str, Any] | None:
        """What was found, with the curves; None when another stack than this checkout's was loaded."""
        if not self._source or not self._growths:
            return None
        growths = sorted(self._growths.values(), key=lambda growth: growth.name)
        processes = [growth.figures(run_seconds) for growth in growths]
        judged = [process["flat"] for process in processes if process["flat"] is not None]
        return {
            "definition": f"{self._source.meaning} {DEFINITION}",
            "flat": all(judged) if judged else None,
            "processes": processes,
            "series": {
                growth.name: [
                    [round(second, 1), round(size, 2)]
                    for second, size in zip(growth.seconds, growth.megabytes, strict=True)
                ]
                for growth in growths
            },
        }

    def _follow(self, source: Source) -> None:
        while True:
            for name, megabytes in source.sample():
                growth = self._growths.setdefault(name, Growth(name, source.interval_seconds / 2))
                growth.add(time.monotonic() - self._started, megabytes)
            time.sleep(source.interval_seconds)
