"""The open model for Locust: tasks begin at planned times, whatever the answers do.

A closed user asks, waits for the answer and pauses, so that a target which stalls is asked less. People who come by
themselves do not wait for each other: here every task begins when its time has come, in a greenlet of its own, and
its requests are measured from when they were due. That a target or a generator is behind is in the figures.
"""

import random
import time
from collections.abc import Callable, Iterator
from typing import Any

import gevent  # type: ignore[import-untyped]
from gevent.local import local  # type: ignore[import-untyped]
from gevent.pool import Group  # type: ignore[import-untyped]
from locust import TaskSet
from locust.contrib.fasthttp import FastHttpSession, ResponseContextManager
from locust.env import Environment
from locust.exception import RescheduleTask

from loadtests.latency import FOREVER

TOLERATED = 0.01
ANSWERED_WITHIN_SECONDS = 8.0


def planned_times(
    rate: float, share_at: Callable[[float], float], seconds: float
) -> Iterator[float]:
    """Moments in seconds from the start, `rate` times `share_at` of them in a second, up to `seconds`.

    They are a Poisson process, as independent people make one (thinned, where the rate is below its peak).
    """
    moment = random.expovariate(rate)
    while moment < seconds:
        if random.random() < share_at(moment):
            yield moment
        moment += random.expovariate(rate)


class Arrivals:
    """How many tasks were to begin on this process, and how many of them came to their end."""

    def __init__(self) -> None:
        self.planned = self.ended = 0
        self.started = time.time()

    def attach(self, environment: Environment) -> None:
        """Count from the start of a test on, and gather what workers counted."""
        events = environment.events
        events.test_start.add_listener(self._restart)  # type: ignore[no-untyped-call]
        events.report_to_master.add_listener(self._report)  # type: ignore[no-untyped-call]
        events.worker_report.add_listener(self._merge)  # type: ignore[no-untyped-call]

    @property
    def missing(self) -> str:
        """How many tasks were due and did not begin, or had no answer at the end, as a clause; empty where few."""
        missing = self.planned - self.ended
        if missing <= self.planned * TOLERATED:
            return ""
        return f"{missing} of {self.planned} requests that were due were not sent or not answered"

    def _restart(self, **_: Any) -> None:
        self.planned = self.ended = 0
        self.started = time.time()

    def _report(self, data: dict[str, Any], **_: Any) -> None:
        data["arrivals"] = [self.planned, self.ended]
        self.planned = self.ended = 0

    def _merge(self, data: dict[str, Any], **_: Any) -> None:
        planned, ended = data.get("arrivals", (0, 0))
        self.planned += planned
        self.ended += ended


arrivals = Arrivals()
"""Those of this process."""

# When the next request of this greenlet is due, in seconds of time.perf_counter(); unset outside of a planned task.
_greenlet = local()


class PunctualSession(FastHttpSession):
    """Measures each request from when it was due: the first of a task from its planned time.

    Each other one is due when the one before it has ended. Requests need `catch_response=True`.
    """

    def request(self, *arguments: Any, **options: Any) -> ResponseContextManager:
        """As FastHttpSession's."""
        due = getattr(_greenlet, "due", None)
        if due is None:
            return super().request(*arguments, **options)
        late = max(0.0, time.perf_counter() - due)
        options["context"] = {**options.get("context", {}), "late": late}
        response = super().request(*arguments, **options)
        response.request_meta["response_time"] += late * 1000
        _greenlet.due = time.perf_counter()
        return response


class OpenModel(TaskSet):
    """A task set whose tasks begin at the times of `planned_times`; use it as the one task of a User.

    Its user gives these times, in seconds since the start of the test, by `planned_times()`.
    """

    def on_start(self) -> None:
        """Begin with the first time that has not passed while the user signed in."""
        self._running = Group()
        self._times = self.user.planned_times()  # type: ignore[attr-defined]
        self._due = next(self._times, FOREVER)
        while self._due < self._second():
            self._due = next(self._times, FOREVER)
        self.wait()  # type: ignore[no-untyped-call]

    def wait_time(self) -> float:
        """Seconds until the next task is due."""
        return max(0.0, self._due - self._second())

    def execute_task(self, task: Any) -> None:
        """Let the task go by itself."""
        arrivals.planned += 1
        behind = self._second() - self._due
        self._running.spawn(self._run, task, time.perf_counter() - behind)
        self._due = next(self._times, FOREVER)

    def on_stop(self) -> None:
        """Wait for the answers that are still to come, for some seconds; what was due and not begun is missing."""
        while self._due < self._second():
            arrivals.planned += 1
            self._due = next(self._times, FOREVER)
        self._running.join(timeout=ANSWERED_WITHIN_SECONDS)
        self._running.kill()

    def _run(self, task: Any, due: float) -> None:
        _greenlet.due = due
        try:
            super().execute_task(task)  # type: ignore[no-untyped-call]
        except RescheduleTask:
            pass  # A wrong answer, which its row has counted.
        except gevent.GreenletExit:
            return
        except Exception as error:  # As Locust's loop does with a task that it runs itself.
            environment = self.user.environment
            environment.events.user_error.fire(
                user_instance=self.user, exception=error, tb=error.__traceback__
            )
        arrivals.ended += 1

    def _second(self) -> float:
        return time.time() - arrivals.started
