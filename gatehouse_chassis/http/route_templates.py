"""What logs and metrics call a request: the template of its route, and never what a client made up."""

import re
from collections.abc import Iterator, Sequence

from fastapi.routing import RouteContext, iter_route_contexts
from starlette.routing import BaseRoute
from starlette.types import Scope

UNMATCHED = "unmatched"
"""The one name of all requests that no route took."""

_BELOW = "/{path}"
"""What Starlette writes behind the path of a mount."""


class RouteTemplates:
    """The templates of an application's routes, also of those in applications that are mounted.

    What is mounted and shows no routes of its own, such as `StaticFiles` or an application inside somebody's
    middleware, has one template: `/static/{path}`.

    Args:
        routes: all routes of the application.
    """

    def __init__(self, routes: Sequence[BaseRoute]) -> None:
        # The route in the scope does not know the prefix of the router it was included with, nor its mount.
        # By identity, because a router, which may be mounted too, has no hash.
        self._by_endpoint: dict[int, list[str]] = {}
        for endpoint, template in _templates(routes):
            self._by_endpoint.setdefault(id(endpoint), []).append(template)
        self._mounts = [
            template
            for templates in self._by_endpoint.values()
            for template in templates
            if template.endswith(_BELOW)
        ]

    def template_of(self, scope: Scope, root_path: str) -> str:
        """The template of the route that took the request.

        Args:
            scope: after the routers have written to it what they found.
            root_path: what `scope["root_path"]` was before, because a mount adds its own path to it.
        """
        endpoint = scope.get("endpoint")
        if endpoint is None:
            return UNMATCHED
        templates = self._by_endpoint.get(id(endpoint), [])
        if len(templates) == 1:
            return templates[0] or UNMATCHED
        path = scope["path"].removeprefix(root_path)
        return next((one for one in templates or self._mounts if _matches(one, path)), UNMATCHED)


def _templates(routes: Sequence[BaseRoute], prefix: str = "") -> Iterator[tuple[object, str]]:
    for context in iter_route_contexts(routes):
        template = prefix + (context.path_format or context.path or "")
        yield _endpoint(context), template
        if inner := getattr(context, "routes", None):
            yield from _templates(inner, template.removesuffix(_BELOW))


def _endpoint(context: RouteContext) -> object:
    """What the router puts into the scope as `endpoint`: a function, or the application that is mounted."""
    return context.endpoint or getattr(context.original_route, "app", None)


def _matches(template: str, path: str) -> bool:
    """Whether a path is of a template, with or without the slash at its end."""
    pattern = re.sub(r"\\\{\w+\\\}", ".*", re.escape(template))
    return (
        re.fullmatch(f"{pattern}/?", path) is not None
        or re.fullmatch(pattern, f"{path}/") is not None
    )
