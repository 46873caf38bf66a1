"""What a run was like over time: a bounded number of points, however long it is."""

import time
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from locust.env import Environment
from locust.runners import WORKER_REPORT_INTERVAL, MasterRunner, Runner
from locust.stats import StatsEntry, calculate_response_time_percentile

from loadtests.generator_cpu import Usage
from loadtests.latency import NOT_OF_THE_LOAD
from loadtests.memory import MemoryRecording
from loadtests.memory_sources import Source

# More would be too close to each other to tell a percentile.
MOST_POINTS = 150
# A rate over a shorter time than this says nothing.
SHORTEST_POINT_SECONDS = 0.5


@dataclass(frozen=True)
class Point:
    """What was answered since the point before.

    `until` is in seconds since the epoch; `times` counts response times in ms, as Locust rounds
    them.
    """

    until: float
    users: int
    times: Counter[int]

    def joined(self, later: "Point") -> "Point":
        """This point and the next as one."""
        return Point(later.until, later.users, self.times + later.times)


class Recording:
    """Follows a run from its first user on; made before it, on the process that has the figures."""

    def __init__(self, environment: Environment, runner: Runner, source: Source | None) -> None:
        self._runner = runner
        # Workers send their figures in intervals, so shorter ones here would be empty or double.
        is_master = isinstance(runner, MasterRunner)
        self._interval = WORKER_REPORT_INTERVAL if is_master else 1.0
        self._points: list[Point] = []
        self._answered: Counter[int] = Counter()
        self._follows = False
        self._own_usage = Usage()
        self._own_name = "master" if is_master else "this process"
        self._worker_usage: dict[str, dict[str, float]] = {}
        self.memory = MemoryRecording(source)
        self.started = self.ended = time.time()
        environment.events.test_start.add_listener(self._start)  # type: ignore[no-untyped-call]
        environment.events.worker_report.add_listener(  # type: ignore[no-untyped-call]
            self._note_worker
        )

    def finish(self) -> None:
        """Take the last point and take no more. Does nothing when the run never started."""
        if not self._follows:
            return
        self._follows = False
        last_answer = self._runner.stats.last_request_timestamp or self.started
        self.ended = max([last_answer, *(point.until for point in self._points[-1:])])
        self._take(self.ended)

    def series(self) -> list[dict[str, Any]]:
        """The points: rates per second, percentiles in ms, `seconds` since the start.

        A percentile is None where nothing was answered.
        """
        return [
            {
                "seconds": round(point.until - self.started, 1),
                "users": point.users,
                **self._rates(since, point.until),
                **{f"p{percent}": _percentile(point.times, percent) for percent in (50, 95, 99)},
            }
            for since, point in zip(
                [self.started, *(point.until for point in self._points)], self._points, strict=False
            )
        ]

    def generator(self) -> list[dict[str, Any]]:
        """How much of one core each process of the load generator used, in percent."""
        return [
            {"process": self._own_name, **self._own_usage.figures()},
            *(
                {"process": f"worker {number}", **figures}
                for number, figures in enumerate(self._worker_usage.values(), start=1)
            ),
        ]

    def _start(self, **_: Any) -> None:
        self.started = time.time()
        self._points = []
        self._answered = Counter()
        self._own_usage.restart()
        self._follows = True
        spawn = self._runner.greenlet.spawn
        spawn(self._follow)
        self.memory.start(spawn)

    def _note_worker(self, client_id: str, data: dict[str, Any], **_: Any) -> None:
        if "cpu" in data:
            self._worker_usage[client_id] = data["cpu"]

    def _follow(self) -> None:
        while self._follows:
            # On whole seconds, because Locust counts requests by the second.
            until = (time.time() + SHORTEST_POINT_SECONDS) // 1 + self._interval
            time.sleep(until - time.time())
            self._take(until)

    def _take(self, until: float) -> None:
        answered: Counter[int] = Counter()
        for entry in self._entries():
            answered.update(entry.response_times)
        point = Point(until, self._runner.user_count, answered - self._answered)
        if self._points and until - self._points[-1].until < SHORTEST_POINT_SECONDS:
            point = self._points.pop().joined(point)
        self._points.append(point)
        self._answered = answered
        self._own_usage.note()
        if len(self._points) > MOST_POINTS:
            self._points = [
                early.joined(late)
                for early, late in zip(self._points[::2], self._points[1::2], strict=False)
            ]
            self._interval *= 2

    def _rates(self, since: float, until: float) -> dict[str, float]:
        def rate(seconds: Iterable[Mapping[int, int]]) -> float:
            count = sum(
                n
                for counts in seconds
                for second, n in counts.items()
                if int(since) <= second < until
            )
            return round(count / (until - since), 2)

        return {
            "rate": rate(entry.num_reqs_per_sec for entry in self._entries()),
            "failed": rate(entry.num_fail_per_sec for entry in self._entries()),
        }

    def _entries(self) -> list[StatsEntry]:
        """The rows of what users do, without what comes before and after: else that would set the scale of the plot."""
        return [
            entry
            for entry in self._runner.stats.entries.values()
            if not entry.name.endswith(NOT_OF_THE_LOAD)
        ]


def _percentile(times: Counter[int], percent: int) -> int | None:
    count = times.total()
    return calculate_response_time_percentile(times, count, percent / 100) if count else None
