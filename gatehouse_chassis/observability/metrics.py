"""Prometheus metrics of a service: request durations by route, summed over its workers."""

import logging
import os
import time
from typing import Any

from prometheus_client import (
    CONTENT_TYPE_LATEST,
    CollectorRegistry,
    Counter,
    Histogram,
    generate_latest,
)
from prometheus_client.multiprocess import MultiProcessCollector
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from gatehouse_chassis.http.problems import NotFound, problem_response
from gatehouse_chassis.http.route_templates import RouteTemplates
from gatehouse_chassis.observability.metric_files import keep_metrics_off_a_full_disk
from gatehouse_chassis.proxy.forwarded import came_through_a_proxy

# Seconds; a read takes about 1 ms, a password hash about 30 ms, a client gives up at 30 s.
_BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10, 30)

_TRY_AGAIN_AFTER = 60.0
"""Seconds in which nothing new is counted when the disk is full; what is counted already goes on."""

log = logging.getLogger(__name__)

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
                log.warning("not_counted", extra={"cause": str(error)})
                return
            self._series[method, route, status] = series
        series.observe(seconds)

    def count_refused_write(self) -> None:
        """Counts a write that the database refused while it answers reads."""
        self._refused_writes.inc()

    async def answer(self, request: Request) -> Response:
        """`GET /metrics`, on the service's own port only: what came through a proxy is told that nothing is there."""
        if came_through_a_proxy(request.scope):
            return problem_response(request, NotFound("Nothing is found at this address."))
        registry = self.registry
        if "PROMETHEUS_MULTIPROC_DIR" in os.environ:
            registry = CollectorRegistry()
            collector: Any = MultiProcessCollector
            collector(registry)
        return Response(generate_latest(registry), media_type=CONTENT_TYPE_LATEST)


def add_metrics(app: Starlette) -> Metrics:
    """Counts every answer of `app`, and adds `/metrics` for a scraper inside the network.

    Whatever comes through a proxy that says so (`X-Forwarded-For`, `Forwarded`, `Via`) is told that nothing is there.
    """
    metrics = Metrics()
    app.add_middleware(MetricsMiddleware, metrics=metrics)
    app.add_route("/metrics", metrics.answer, include_in_schema=False)
    return metrics


class MetricsMiddleware:
    """ASGI middleware that counts the answers of an application of Starlette or FastAPI, by route.

    Args:
        app: what answers.
        metrics: where they are counted.
    """

    def __init__(self, app: ASGIApp, *, metrics: Metrics) -> None:
        self._app = app
        self._metrics = metrics
        self._templates: RouteTemplates | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started, status, root_path = time.perf_counter(), 500, scope.get("root_path", "")

        async def send_counted(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self._app(scope, receive, send_counted)
        finally:
            if self._templates is None:  # now they are all there
                self._templates = RouteTemplates(scope["app"].routes)
            self._metrics.observe(
                method=scope["method"],
                route=self._templates.template_of(scope, root_path),
                status=status,
                seconds=time.perf_counter() - started,
            )
