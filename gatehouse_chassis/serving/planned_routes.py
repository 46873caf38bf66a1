"""Plans, once, what FastAPI works out for every request: which route matches and what its dependencies need.

Buys: 0.14 of the 0.44 ms that a read of one item takes in process (docs/decisions/0010). A service's author writes
plain FastAPI and sees nothing of it. What is not planned here (bodies, sync functions, dependencies with `yield`,
overridden dependencies, ...) is left to FastAPI, whose answers are the same: test_planned_routes.py compares both, and
fails when FastAPI changes.

This is the one module that may use what FastAPI keeps private.
"""

import re
from collections.abc import Awaitable, Callable, Mapping
from inspect import iscoroutinefunction
from typing import Any, NamedTuple
from uuid import UUID

from fastapi import FastAPI
from fastapi._compat import ModelField
from fastapi.datastructures import DefaultPlaceholder
from fastapi.dependencies.models import Dependant, _get_cache_key, _get_oauth_scopes
from fastapi.dependencies.utils import request_params_to_args
from fastapi.exceptions import RequestValidationError, ResponseValidationError
from fastapi.routing import APIRoute, RouteContext, iter_route_contexts
from fastapi.security import SecurityScopes
from fastapi.utils import is_body_allowed_for_status_code
from starlette._utils import get_route_path
from starlette.convertors import UUIDConvertor
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Match
from starlette.types import ASGIApp, Receive, Scope, Send


class _Invalid(list[Any]):
    """What stands in the place of a result when the request is not valid: FastAPI's list of errors."""


class PlannedRoutes:
    """ASGI application: answers requests for planned routes, and hands all others to FastAPI's router.

    Args:
        app: the application, with all its routes.
        router: what answers everything else.
    """

    def __init__(self, app: FastAPI, router: ASGIApp) -> None:
        self._app = app
        self._router = router
        self._routes = [_Route.of(context) for context in iter_route_contexts(app.routes)]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        plan = self._plan_for(scope)
        if plan is None:
            await self._router(scope, receive, send)
        else:
            response = await plan(Request(scope, receive, send))
            await response(scope, receive, send)

    def _plan_for(self, scope: Scope) -> "_Plan | None":
        """The plan of the first route that matches, which is the one that FastAPI would choose."""
        if (
            scope["type"] != "http"
            or self._app.dependency_overrides
            or "fastapi.telemetry" in scope
        ):
            return None
        path, method = get_route_path(scope), scope["method"]
        for route in self._routes:
            if route.path_regex is None:
                if route.context.matches(scope)[0] is Match.FULL:
                    return None
            elif method in route.methods and (found := route.path_regex.match(path)):
                if route.plan is not None:
                    scope["router"] = self._app.router
                    scope["route"] = route.context.original_route
                    scope["endpoint"] = route.context.endpoint
                    scope["path_params"] = {
                        name: route.convertors[name].convert(value)
                        for name, value in found.groupdict().items()
                    }
                return route.plan
        return None


class _Route(NamedTuple):
    """A route in the order of the application; `path_regex` is None where Starlette is asked whether it matches."""

    context: RouteContext
    path_regex: re.Pattern[str] | None
    methods: frozenset[str]
    convertors: Mapping[str, Any]
    plan: "_Plan | None"

    @classmethod
    def of(cls, context: RouteContext) -> "_Route":
        if not isinstance(context.original_route, APIRoute):
            return cls(context, None, frozenset(), {}, None)
        return cls(
            context,
            context.path_regex,
            frozenset(context.methods or ()),
            context.param_convertors,
            _Plan.of(context),
        )


class _Call(NamedTuple):
    """A dependency, or the route's own function: what is called, and where its arguments come from."""

    function: Callable[..., Awaitable[Any]]
    dependencies: tuple[tuple[str | None, int], ...]
    """Names of arguments, and the places of the dependencies in the plan that give them."""
    path: list[ModelField]
    query: list[ModelField]
    headers: list[ModelField]
    cookies: list[ModelField]
    converted: tuple[str, ...]
    """Path parameters that are valid when the path has matched."""
    request: tuple[str, ...]
    response: str | None
    scopes: str | None
    security_scopes: SecurityScopes

    async def result(self, request: Request, response: Response, results: list[Any]) -> Any:
        """What the function returns, or `_Invalid` when it cannot be called."""
        arguments: dict[str, Any] = {}
        errors = _Invalid()
        for name, place in self.dependencies:
            result = results[place]
            if type(result) is _Invalid:
                errors += result
            elif name:
                arguments[name] = result
        for name in self.converted:
            arguments[name] = request.path_params[name]
        for fields, received in (
            (self.path, "path_params"),
            (self.query, "query_params"),
            (self.headers, "headers"),
            (self.cookies, "cookies"),
        ):
            if fields:
                values, wrong = request_params_to_args(fields, getattr(request, received))
                arguments |= values
                errors += wrong
        for name in self.request:
            arguments[name] = request
        if self.response:
            arguments[self.response] = response
        if self.scopes:
            arguments[self.scopes] = self.security_scopes
        return errors or await self.function(**arguments)


class _Plan:
    """What a route calls, in order, and how its result becomes an answer."""

    def __init__(self, calls: list[_Call], route: RouteContext) -> None:
        self._calls = calls
        self._status: int | None = route.status_code
        self._field: ModelField = route.response_field
        self._options = {
            "include": route.response_model_include,
            "exclude": route.response_model_exclude,
            "by_alias": route.response_model_by_alias,
            "exclude_unset": route.response_model_exclude_unset,
            "exclude_defaults": route.response_model_exclude_defaults,
            "exclude_none": route.response_model_exclude_none,
        }

    @classmethod
    def of(cls, route: RouteContext) -> "_Plan | None":
        """The plan of a route, or None when it is left to FastAPI."""
        dependant: Dependant = route.dependant
        left_to_fastapi = (
            route.body_field,
            route.response_field is None,
            not isinstance(route.response_class, DefaultPlaceholder),
            route.is_sse_stream,
            route.is_json_stream,
            route.max_body_size is not None,
            type(route.original_route) is not APIRoute,
        )
        calls: list[_Call] = []
        if any(left_to_fastapi) or _add(dependant, calls, {}, route.param_convertors) is None:
            return None
        return cls(calls, route)

    async def __call__(self, request: Request) -> Response:
        # What functions with a `Response` parameter write to, as FastAPI makes it.
        partial = Response()
        del partial.headers["content-length"]
        partial.status_code = None  # type: ignore[assignment]
        results: list[Any] = []
        for call in self._calls:
            results.append(await call.result(request, partial, results))
        result = results[-1]
        if type(result) is _Invalid:
            raise RequestValidationError(result)
        if isinstance(result, Response):
            return result
        value, wrong = self._field.validate(result, {}, loc=("response",))
        if wrong:
            raise ResponseValidationError(errors=wrong, body=result)
        response = Response(
            self._field.serialize_json(value, **self._options),
            partial.status_code or self._status or 200,
            media_type="application/json",
        )
        if not is_body_allowed_for_status_code(response.status_code):
            response.body = b""
        response.raw_headers.extend(partial.raw_headers)
        return response


def _add(
    dependant: Dependant, calls: list[_Call], places: dict[Any, int], convertors: Mapping[str, Any]
) -> int | None:
    """Adds the calls that a dependant needs and its own; returns the place of its own, or None if it is not planned."""
    left_to_fastapi = (
        dependant.body_params,
        dependant.background_tasks_param_name,
        dependant.websocket_param_name,
        dependant.concurrency,
    )
    if any(left_to_fastapi) or not _is_coroutine_function(dependant.call):
        return None
    key = _get_cache_key(dependant=dependant)
    if dependant.use_cache and key in places:
        return places[key]
    dependencies: list[tuple[str | None, int]] = []
    for each in dependant.dependencies:
        place = _add(each, calls, places, convertors)
        if place is None:
            return None
        dependencies.append((each.name, place))
    converted = tuple(
        field.name
        for field in dependant.path_params
        if field.field_info.annotation is UUID
        and isinstance(convertors.get(field.name), UUIDConvertor)
    )
    calls.append(
        _Call(
            function=dependant.call,  # type: ignore[arg-type]  # checked above
            dependencies=tuple(dependencies),
            path=[field for field in dependant.path_params if field.name not in converted],
            query=dependant.query_params,
            headers=dependant.header_params,
            cookies=dependant.cookie_params,
            converted=converted,
            request=tuple(
                filter(None, (dependant.request_param_name, dependant.http_connection_param_name))
            ),
            response=dependant.response_param_name,
            scopes=dependant.security_scopes_param_name,
            security_scopes=SecurityScopes(_get_oauth_scopes(dependant=dependant)),
        )
    )
    places[key] = len(calls) - 1
    return places[key]


def _is_coroutine_function(call: Any) -> bool:
    return iscoroutinefunction(call) or iscoroutinefunction(getattr(call, "__call__", None))  # noqa: B004
