"""Prometheus metrics of a service: request durations by route, summed over its workers."""

import os
import time
from typing import Any

import structlog
from prometheus_client import (
    CONTENT_TYPE_LATEST,
    CollectorRegistry,
    Counter,
    Histogram,
    generate_latest,
)
from prometheus_client.multiprocess import MultiProcessCollector
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Scope

from gatehouse_chassis.http.problems import NotFound
from gatehouse_chassis.observability.metric_files import keep_metrics_off_a_full_disk

# Seconds; a read takes about 1 ms, a password hash about 30 ms, a client gives up at 30 s.
_BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10, 30)

_TRY_AGAIN_AFTER = 60.0
"""Seconds in which nothing new is counted when the disk is full; what is counted already goes on."""

log = structlog.get_logger(__name__)

keep_metrics_off_a_full_disk()


class Metrics:
    """The measurements of one service.

    With `PROMETHEUS_MULTIPROC_DIR` in the environment (set by `gatehouse_chassis.serving.server` before the workers
    start) every worker writes to files there, and any worker can answer for all.
    """

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self._duration = Histogram(
            "http_server_request_duration_seconds",
            "Time from the first byte of the request to the last byte of the answer",
            ["method", "route", "status"],
            buckets=_BUCKETS,
            registry=self.registry,
        )
        self._refused_writes = Counter(
            "database_refused_writes",
            "Writes that the database refused because it is read-only or its disk is full",
            registry=self.registry,
        )
        self._series: dict[tuple[str, str, int], Histogram] = {}
        self._full_until = 0.0

    def observe(self, *, method: str, route: str, status: int, seconds: float) -> None:
        """Counts one answered request; `route` is the template (`/{item_id}`), so that ids make no new series."""
        series = self._series.get((method, route, status))
        if series is None:
            if time.monotonic() < self._full_until:
                return
            try:
                series = self._duration.labels(method, route, status)
            except OSError as error:
                self._full_until = time.monotonic() + _TRY_AGAIN_AFTER
                log.warning("not_counted", cause=str(error))
                return
            self._series[method, route, status] = series
        series.observe(seconds)

    def count_refused_write(self) -> None:
        """Counts a write that the database refused while it answers reads."""
        self._refused_writes.inc()

    async def answer(self, request: Request) -> Response:
        """`GET /metrics`, on the service's own port only: what came through a proxy is told that nothing is there."""
        if request.state.came_through_a_proxy:
            raise NotFound("Nothing is found at this address.")
        registry = self.registry
        if "PROMETHEUS_MULTIPROC_DIR" in os.environ:
            registry = CollectorRegistry()
            collector: Any = MultiProcessCollector
            collector(registry)
        return Response(generate_latest(registry), media_type=CONTENT_TYPE_LATEST)


def came_through_a_proxy(scope: Scope) -> bool:
    """Whether any proxy that says so has passed the request on (a scraper inside the network is none)."""
    return any(name in (b"x-forwarded-for", b"forwarded", b"via") for name, _ in scope["headers"])
