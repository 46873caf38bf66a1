"""Puts a service together: a FastAPI application with everything that the chassis gives it."""

import asyncio
import re
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
from functools import partial
from typing import Any

from fastapi import APIRouter, FastAPI
from starlette.types import ASGIApp

from gatehouse_chassis import __version__
from gatehouse_chassis.auth.bearer import TokenVerifier
from gatehouse_chassis.auth.resource_metadata import (
    metadata_routes,
    name_metadata_in_challenges,
)
from gatehouse_chassis.database import Database
from gatehouse_chassis.database.problems import add_database_problems
from gatehouse_chassis.docs import add_docs
from gatehouse_chassis.http import problems
from gatehouse_chassis.http.addresses import Addresses
from gatehouse_chassis.http.body_limit import BodyLimit
from gatehouse_chassis.http.cors import allow_origins
from gatehouse_chassis.http.cross_site import set_origins
from gatehouse_chassis.http.health import ReadinessCheck, health_routes, until_ready
from gatehouse_chassis.http.middleware import RequestContext
from gatehouse_chassis.observability.metrics import Metrics
from gatehouse_chassis.proxy.public_prefix import PublicPrefix
from gatehouse_chassis.proxy.route_check import refuse_ambiguous_routes
from gatehouse_chassis.services import body_limits
from gatehouse_chassis.serving.planned_routes import PlannedRoutes
from gatehouse_chassis.settings import ServiceSettings, SettingsError

_FIRST_SENTENCE = re.compile(r"(.+?)\.(?=\s|$)", re.DOTALL)


class _ServiceApp(FastAPI):
    """FastAPI with the chassis around it: outside of FastAPI's own middlewares, so that no answer escapes."""

    def __init__(
        self,
        settings: ServiceSettings,
        metrics: Metrics,
        body_limits: Mapping[str, int],
        **options: Any,
    ) -> None:
        super().__init__(**options)
        self._settings = settings
        self._metrics = metrics
        self._body_limits = body_limits

    def check_routes(self) -> None:
        """Raises SettingsError when a route could be mistaken for the public prefix."""
        try:
            refuse_ambiguous_routes(self, self._settings.root_path)
        except ValueError as error:
            variable = self._settings.variable("root_path")
            raise SettingsError(
                f"{variable} cannot be {self._settings.root_path!r}: {error}"
            ) from None

    def build_middleware_stack(self) -> ASGIApp:
        self.router.middleware_stack = PlannedRoutes(
            self, Addresses(self.routes, self.router.middleware_stack)
        )
        return RequestContext(
            BodyLimit(
                super().build_middleware_stack(), self._settings.body_limit, self._body_limits
            ),
            public_prefix=PublicPrefix(
                root_path=self._settings.root_path, trusted_proxies=self._settings.trusted_proxies
            ),
            metrics=self._metrics,
            routes=self.routes,
            readable=partial(
                allow_origins,
                origins=self._settings.cors_origins,
                headers=self._settings.cors_headers,
            ),
        )

    def openapi(self) -> dict[str, Any]:
        described = self.openapi_schema is not None
        document = super().openapi()
        if not described:
            components = document.setdefault("components", {})
            components.setdefault("schemas", {}).update(problems.component_schemas())
            for operations in document["paths"].values():
                for operation in operations.values():
                    _summarise(operation)
            for scheme in components.get("securitySchemes", {}).values():
                _offer_password_last(scheme.get("flows", {}))
        return document


def create_service(
    settings: ServiceSettings,
    *,
    name: str,
    title: str,
    description: str,
    routers: Sequence[APIRouter],
    token_verifier: TokenVerifier,
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
        name: its name in scopes, audiences, metrics and `services.toml` (`items`), where its `body_limits` are read.
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
        ServicesError: `services.toml` cannot be read.
    """
    checks, told = dict(ready_when or {}), {}
    closing = list(on_close)
    metrics = Metrics()
    if database is not None:
        checks = {"database": database.ping, **checks}
        told = {"writes": database.check_writes}
        closing = [database.close, *closing]  # what is first here is closed last
        database.on_writes_refused = metrics.count_refused_write

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        app.check_routes()  # again: routes may have come since
        async with AsyncExitStack() as stack:
            for close in closing:
                stack.push_async_callback(close)
            for work in background:
                task = asyncio.create_task(work(), name=f"{name}.{work.__qualname__}")
                stack.push_async_callback(_cancel, task)
            if patience := app.state.start_patience:
                await until_ready(checks, patience)
            yield

    app = _ServiceApp(
        settings,
        metrics,
        body_limits(name),
        title=title,
        description=description,
        version=__version__,
        lifespan=lifespan,
        # Relative to the document's own address: right under every public prefix, known or not.
        servers=[{"url": "."}],
        root_path_in_servers=False,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        # The chassis has metrics and logs of its own; FastAPI's would look for OpenTelemetry at every request.
        telemetry={"tracing": False, "metrics": False, "logs": False},
        responses={"default": problems.describe("A problem (RFC 9457)")},
    )
    app.state.start_patience = (
        0.0  # a worker that takes requests sets another (gatehouse_chassis/serving/worker.py)
    )
    app.state.settings = settings
    app.state.database = database
    app.state.token_verifier = token_verifier
    set_origins(app.state, public_url=settings.origin, allowed=settings.cors_origins)
    app.state.problem_pages = True
    problems.add_problems(app, errors)
    add_database_problems(app)
    for router in (*routers, health_routes(checks, told=told)):
        app.include_router(router)
    app.add_route("/metrics", metrics.answer, include_in_schema=False)
    resource = settings.resource
    app.include_router(
        metadata_routes(resource, issuer=settings.issuer, scopes=scopes, title=title)
    )
    name_metadata_in_challenges(app, resource)
    add_docs(app, title=title, root_path=settings.root_path, scopes=ticked_scopes)
    app.check_routes()
    return app


def _summarise(operation: dict[str, Any]) -> None:
    """The first sentence of a docstring becomes the summary, which FastAPI makes from the function's name.

    A summary that a route gives itself stands.
    """
    made_from_name = operation["operationId"].replace("_", " ").casefold()
    if not made_from_name.startswith(operation.get("summary", "").casefold()):
        return
    sentence = _FIRST_SENTENCE.match(operation.get("description", ""))
    if sentence:
        operation["summary"] = " ".join(sentence[1].split())
        operation["description"] = operation["description"][sentence.end() :].strip()


def _offer_password_last(flows: dict[str, Any]) -> None:
    """Swagger UI offers flows in their order: first the one in which only auth's own page sees the password."""
    if "password" in flows:
        flows["password"] = flows.pop("password")


async def _cancel(task: asyncio.Task[None]) -> None:
    task.cancel()
    await asyncio.wait([task])
