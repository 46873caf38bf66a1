"""What surrounds every request: its id, the public view of its URL, its log line and its metrics."""

import time
from collections.abc import Callable

import structlog
from starlette.datastructures import MutableHeaders
from starlette.requests import HTTPConnection
from starlette.routing import BaseRoute
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from gatehouse_chassis.http.caching import add_no_store
from gatehouse_chassis.http.problems import Problem, failure_response, problem_response
from gatehouse_chassis.http.request_id import request_id_of
from gatehouse_chassis.http.route_templates import RouteTemplates
from gatehouse_chassis.observability.metrics import Metrics
from gatehouse_chassis.proxy.forwarded import CAME_THROUGH_A_PROXY, came_through_a_proxy
from gatehouse_chassis.proxy.public_prefix import PublicPrefix
from gatehouse_chassis.proxy.redirects import with_relative_location

log = structlog.get_logger(__name__)


class RequestContext:
    """The outermost ASGI middleware of a service; pure ASGI, because `@app.middleware("http")` costs 190 us.

    Args:
        app: what answers.
        public_prefix: rewrites the scope to the URL that the client used (docs/decisions/0001).
        metrics: counts every answer.
        routes: the application's routes, once they are all there.
        readable: lets pages of other origins read what an ASGI application answers (CORS): refusals too.
    """

    def __init__(
        self,
        app: ASGIApp,
        *,
        public_prefix: PublicPrefix,
        metrics: Metrics,
        routes: list[BaseRoute],
        readable: Callable[[ASGIApp], ASGIApp],
    ) -> None:
        self._app = readable(app)
        self._readable = readable
        self._public_prefix = public_prefix
        self._metrics = metrics
        self._templates = RouteTemplates(routes)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        started = time.perf_counter()
        request_id = request_id_of(scope, from_proxy=self._public_prefix.trusts(scope))
        structlog.contextvars.bind_contextvars(request_id=request_id)
        state = {
            **scope.get("state", {}),
            "request_id": request_id,
            CAME_THROUGH_A_PROXY: came_through_a_proxy(scope),
        }
        scope = {**scope, "state": state}
        status, answered, root_path = 500, False, ""

        async def send_with_id(message: Message) -> None:
            nonlocal status, answered
            answered = True
            if message["type"] in ("http.response.start", "websocket.http.response.start"):
                status = message["status"]
                message = with_relative_location(message, scope)
                headers = MutableHeaders(scope=message)
                headers["X-Request-ID"] = request_id
                add_no_store(headers, scope)
            elif message["type"] == "websocket.accept":
                status = 101
            elif message["type"] == "websocket.close" and status != 101:
                status = (
                    403  # what a server makes of a handshake that is closed before it is accepted
                )
            await send(message)

        try:
            scope = self._public_prefix.public_scope(scope)
            root_path = scope["root_path"]
            await self._app(scope, receive, send_with_id)
        except Problem as problem:
            answer = problem_response(HTTPConnection(scope), problem)
            await self._readable(answer)(scope, receive, send_with_id)
        except Exception:
            # This is where the cause is told. The client has its answer, unless what failed stands around FastAPI.
            log.exception("request_failed")
            if not answered:
                answer = failure_response(HTTPConnection(scope))
                await self._readable(answer)(scope, receive, send_with_id)
        finally:
            route = self._templates.template_of(scope, root_path)
            self._record(scope, route, status, time.perf_counter() - started)
            structlog.contextvars.unbind_contextvars("request_id")

    def _record(self, scope: Scope, route: str, status: int, seconds: float) -> None:
        method = scope.get("method", "WEBSOCKET")
        self._metrics.observe(method=method, route=route, status=status, seconds=seconds)
        client = scope.get("client")
        # The routine ones come every few seconds and would drown what people ask for.
        is_routine = route.startswith("/health/") or status == 304
        (log.debug if is_routine else log.info)(
            "request",
            method=method,
            route=route,
            path=scope["path"],
            status=status,
            ms=round(seconds * 1000, 2),
            client=client[0] if client else None,
        )
