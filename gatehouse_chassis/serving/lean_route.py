"""Routes without a body that FastAPI reads: described by it, answered without its machinery for dependencies.

Resolving one dependency and three parameters in FastAPI takes longer than to check a token, read a row and write it as
JSON. What such a route needs is known when it is declared, so it is planned there, once (docs/performance.md).
"""

from collections.abc import Awaitable, Callable, Coroutine, Iterator, Mapping
from inspect import iscoroutinefunction
from typing import Any, NamedTuple
from uuid import UUID

from fastapi import Request, Response
from fastapi._compat import ModelField
from fastapi.datastructures import DefaultPlaceholder
from fastapi.dependencies.models import Dependant
from fastapi.dependencies.utils import request_params_to_args
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute
from fastapi.security import SecurityScopes
from pydantic import TypeAdapter
from starlette.convertors import UUIDConvertor
from starlette.types import ASGIApp, Receive, Scope, Send

from gatehouse_chassis.auth.bearer import Bearer

Values = dict[str, Any]
Resolve = Callable[[Request, Values, list[Any]], Awaitable[None]]


class LeanRoute(APIRoute):
    """A route whose function takes a principal, path and query parameters, paging, the request and the response.

    What is checked and answered is what FastAPI would. A route that takes more (a body, a header, another dependency)
    or has no plain response model is left to FastAPI, so a router may have this as its `route_class`.
    """

    _answer: Callable[[Request], Coroutine[Any, Any, Response]] | None = None

    def __init__(self, path: str, endpoint: Callable[..., Any], **options: Any) -> None:
        super().__init__(path, endpoint, **options)
        if self._answer:
            self.app = _without_exit_stacks(self._answer)

    @property
    def is_lean(self) -> bool:
        """Whether FastAPI's machinery is left out."""
        return self._answer is not None

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """The documented place to change how a route is answered."""
        plan = _Plan.of(self)
        if plan is None:
            return super().get_route_handler()
        resolve, endpoint = plan.resolve, self.endpoint
        status, model = self.status_code or 200, TypeAdapter[Any](self.response_model)

        async def answer(request: Request) -> Response:
            values: Values = dict(plan.from_convertors(request))
            errors: list[Any] = []
            for each in resolve:
                await each(request, values, errors)
            if errors:
                raise RequestValidationError(errors)
            told = None
            if plan.request_name:
                values[plan.request_name] = request
            if plan.response_name:
                told = values[plan.response_name] = Response()
                del told.headers["content-length"]
                told.status_code = None  # type: ignore[assignment]  # as FastAPI does it
            result = await endpoint(**values)
            if isinstance(result, Response):
                return result
            body = model.dump_json(
                model.validate_python(result, from_attributes=True), by_alias=True
            )
            response = Response(body, status, media_type="application/json")
            if told:
                response.status_code = told.status_code or status
                response.raw_headers.extend(told.raw_headers)
            return response

        self._answer = answer
        return answer


def _without_exit_stacks(answer: Callable[[Request], Awaitable[Response]]) -> ASGIApp:
    """FastAPI opens two for every request, for dependencies with `yield`; errors are handled around the router."""

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        response = await answer(Request(scope, receive, send))
        await response(scope, receive, send)

    return app


class _Plan(NamedTuple):
    """How the arguments of a function come about."""

    resolve: tuple[Resolve, ...]
    converted: tuple[str, ...]
    """Path parameters that are what they shall be when the path has matched."""

    request_name: str | None
    response_name: str | None

    @classmethod
    def of(cls, route: APIRoute) -> "_Plan | None":
        dependant = route.dependant
        beyond = (
            route.body_field,
            route.response_model is None,
            route.response_model_include,
            route.response_model_exclude,
            route.response_model_exclude_none,
            route.response_model_exclude_unset,
            route.response_model_exclude_defaults,
            not route.response_model_by_alias,
            not isinstance(route.response_class, DefaultPlaceholder),
            dependant.header_params,
            dependant.cookie_params,
            dependant.background_tasks_param_name,
            dependant.http_connection_param_name,
            route.max_body_size,
            not iscoroutinefunction(route.endpoint),
        )
        needed = [_dependency(each) for each in dependant.dependencies]
        if any(beyond) or None in needed:
            return None
        converted = tuple(
            field.name
            for field in dependant.path_params
            if field.field_info.annotation is UUID
            and isinstance(route.param_convertors.get(field.name), UUIDConvertor)
        )
        others = [field for field in dependant.path_params if field.name not in converted]
        resolve = [*filter(None, needed)]
        if others:
            resolve.append(_parameters(others, lambda request: request.path_params))
        if dependant.query_params:
            resolve.append(
                _parameters(dependant.query_params, lambda request: request.query_params)
            )
        return cls(
            tuple(resolve),
            converted,
            dependant.request_param_name,
            dependant.response_param_name,
        )

    def from_convertors(self, request: Request) -> Iterator[tuple[str, Any]]:
        return ((name, request.path_params[name]) for name in self.converted)


def _dependency(dependant: Dependant) -> Resolve | None:
    call, name = dependant.call, dependant.name
    if isinstance(call, Bearer):
        bearer = call
        scopes = dict.fromkeys(
            [*(dependant.parent_oauth_scopes or ()), *(dependant.own_oauth_scopes or ())]
        )
        needed = SecurityScopes([*scopes])

        async def resolve_principal(request: Request, values: Values, _errors: list[Any]) -> None:
            principal = await bearer(request, needed)
            if name:
                values[name] = principal

        return resolve_principal
    takes_more = (
        dependant.dependencies,
        dependant.path_params,
        dependant.header_params,
        dependant.cookie_params,
        dependant.body_params,
        dependant.request_param_name,
        dependant.http_connection_param_name,
        dependant.response_param_name,
        dependant.background_tasks_param_name,
        dependant.security_scopes_param_name,
    )
    if any(takes_more) or not iscoroutinefunction(call) or not name:
        return None
    function, fields = call, dependant.query_params

    async def resolve_function(request: Request, values: Values, errors: list[Any]) -> None:
        arguments, wrong = request_params_to_args(fields, request.query_params)
        if wrong:
            errors += wrong
        else:
            values[name] = await function(**arguments)

    return resolve_function


def _parameters(
    fields: list[ModelField], received: Callable[[Request], Mapping[str, Any]]
) -> Resolve:
    async def resolve(request: Request, values: Values, errors: list[Any]) -> None:
        arguments, wrong = request_params_to_args(fields, received(request))
        values |= arguments
        errors += wrong

    return resolve
