"""Puts a service together: a FastAPI application with everything that the chassis gives it."""

import asyncio
from collections.abc import (
    AsyncIterator,
    Awaitable,
    Callable,
    Collection,
    Coroutine,
    Mapping,
    Sequence,
)
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

from fastapi import APIRouter, FastAPI
from starlette.types import ASGIApp

from gatehouse_chassis import __version__
from gatehouse_chassis.auth.access_tokens import AccessTokenVerifier
from gatehouse_chassis.auth.resource_metadata import add_resource_metadata
from gatehouse_chassis.database import Database
from gatehouse_chassis.docs import add_docs
from gatehouse_chassis.http import problems
from gatehouse_chassis.http.body_limit import BodyLimit
from gatehouse_chassis.http.cors import allow_origins
from gatehouse_chassis.http.health import ReadinessCheck, health_routes, until_ready
from gatehouse_chassis.http.middleware import RequestContext
from gatehouse_chassis.observability.metrics import Metrics
from gatehouse_chassis.proxy.public_prefix import PublicPrefix
from gatehouse_chassis.proxy.route_check import refuse_ambiguous_routes
from gatehouse_chassis.serving.planned_routes import PlannedRoutes
from gatehouse_chassis.settings import ServiceSettings, SettingsError


class _ServiceApp(FastAPI):
    """FastAPI with the chassis around it: outside of FastAPI's own middlewares, so that no answer escapes."""

    def __init__(
        self,
        public_prefix: PublicPrefix,
        metrics: Metrics,
        cors_origins: Collection[str],
        body_limit: int,
        **options: Any,
    ) -> None:
        super().__init__(**options)
        self._cors_origins = cors_origins
        self._body_limit = body_limit
        self._public_prefix = public_prefix
        self._metrics = metrics

    def build_middleware_stack(self) -> ASGIApp:
        self.router.middleware_stack = PlannedRoutes(self, self.router.middleware_stack)
        return RequestContext(
            allow_origins(
                BodyLimit(super().build_middleware_stack(), self._body_limit), self._cors_origins
            ),
            public_prefix=self._public_prefix,
            metrics=self._metrics,
            routes=self.routes,
        )

    def openapi(self) -> dict[str, Any]:
        described = self.openapi_schema is not None
        document = super().openapi()
        if not described:
            schemas = document.setdefault("components", {}).setdefault("schemas", {})
            schemas.update(problems.component_schemas())
        return document


def create_service(
    settings: ServiceSettings,
    *,
    name: str,
    title: str,
    description: str,
    routers: Sequence[APIRouter],
    token_verifier: AccessTokenVerifier,
    errors: Mapping[type[Exception], type[problems.Problem]] | None = None,
    database: Database | None = None,
    scopes: Collection[str] = (),
    ticked_scopes: Collection[str] = (),
    ready_when: Mapping[str, ReadinessCheck] | None = None,
    background: Sequence[Callable[[], Coroutine[Any, Any, None]]] = (),
    on_close: Sequence[Callable[[], Awaitable[None]]] = (),
) -> FastAPI:
    """The application of one service.

    Args:
        name: its name in scopes, audiences and metrics (`items`).
        title: shown on its docs pages.
        description: one sentence for its docs pages.
        routers: its routes, below its public prefix.
        token_verifier: checks the tokens that `gatehouse_chassis.auth.bearer.Bearer` finds.
        errors: the problem that each exception of the domain is answered with; its sentence becomes the detail.
        database: its database, which routes get by `gatehouse_chassis.database.get_database`; closed when it stops.
        scopes: the service's own scopes, for its metadata.
        ticked_scopes: those that the *Authorize* dialog of its docs page asks for unless they are unticked.
        ready_when: what `/health/ready` checks besides the database, and what a worker waits for before it takes
            requests.
        background: coroutines that run beside it until it stops.
        on_close: what is closed when it stops.

    Raises:
        SettingsError: a route could be mistaken for the public prefix.
    """
    checks = dict(ready_when or {})
    closing = list(on_close)
    if database is not None:
        checks = {"database": database.ping, **checks}
        closing = [database.close, *closing]  # what is first here is closed last

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        async with AsyncExitStack() as stack:
            for close in closing:
                stack.push_async_callback(close)
            for work in background:
                task = asyncio.create_task(work(), name=f"{name}.{work.__qualname__}")
                stack.push_async_callback(_cancel, task)
            await until_ready(checks)
            yield

    metrics = Metrics()
    app = _ServiceApp(
        PublicPrefix(root_path=settings.root_path, trusted_proxies=settings.trusted_proxies),
        metrics,
        settings.cors_origins,
        settings.body_limit,
        title=title,
        description=description,
        version=__version__,
        lifespan=lifespan,
        # Relative to the document's own address: right under every public prefix, known or not.
        servers=[{"url": "."}],
        root_path_in_servers=False,
        docs_url=None,
        redoc_url=None,
        # The chassis has metrics and logs of its own; FastAPI's would look for OpenTelemetry at every request.
        telemetry={"tracing": False, "metrics": False, "logs": False},
        responses={"default": problems.describe("A problem (RFC 9457)")},
    )
    app.state.database = database
    app.state.token_verifier = token_verifier
    problems.add_problems(app, errors or {})
    for router in (*routers, health_routes(checks)):
        app.include_router(router)
    app.add_route("/metrics", metrics.answer, include_in_schema=False)
    add_resource_metadata(app, settings, title=title, scopes=scopes)
    add_docs(app, title=title, scopes=ticked_scopes)
    try:
        refuse_ambiguous_routes(app, settings.root_path)
    except ValueError as error:
        variable = settings.variable("root_path")
        raise SettingsError(f"{variable} cannot be {settings.root_path!r}: {error}") from None
    return app


async def _cancel(task: asyncio.Task[None]) -> None:
    task.cancel()
    await asyncio.wait([task])
