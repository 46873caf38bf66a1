"""Refuses, at start, a route that a kept prefix could be mistaken for.

Whether a proxy kept or stripped the prefix is read from the path, so no route may begin with it.
"""

import re
from collections.abc import Iterator, Sequence
from typing import Any
from uuid import UUID

from fastapi.routing import iter_route_contexts
from starlette.applications import Starlette
from starlette.convertors import CONVERTOR_TYPES, Convertor
from starlette.routing import PARAM_REGEX, BaseRoute

_VALUES = ("x", "1", str(UUID(int=0)))


def refuse_ambiguous_routes(app: Starlette, root_path: str) -> None:
    """Raises ValueError, naming the route, if a route of `app` can match a path below `root_path`.

    Included routers, mounts and sub-applications are looked into; a mount that shows no routes,
    such as StaticFiles, counts as one that matches everything below it. `app.frontend()` is not
    looked into, because FastAPI does not show its routes.
    """
    if not root_path:
        return
    for template in _templates(app.routes):
        example = _example_below(root_path, template)
        if example is not None:
            raise ValueError(
                f"the route {template!r} also matches {example!r}, which begins with the public "
                f"prefix {root_path!r}: a proxy that strips the prefix and one that keeps it could "
                "not be told apart. Choose another prefix, rename the route, or give its first "
                "parameter a convertor that the prefix does not match, such as {item_id:uuid}."
            )


def _templates(routes: Sequence[BaseRoute], prefix: str = "") -> Iterator[str]:
    for route in iter_route_contexts(routes):
        path = prefix + (route.path or "")
        inner = getattr(route, "routes", None)
        if inner:
            yield from _templates(inner, path)
        elif route.endpoint is None:
            yield f"{path}/{{path:path}}"
        else:
            yield path


def _example_below(root_path: str, template: str) -> str | None:
    """A path below `root_path` that `template` matches, if there is one.

    Such a path begins with the prefix and can end like the template, so the prefix followed by each
    tail of the template is all that needs a try.
    """
    pattern, sample = _pattern_and_sample(template)
    segments = sample.split("/")[1:]
    tails = ("/".join(["", *segments[start:]]) for start in range(len(segments) + 1))
    candidates = (root_path + tail for tail in tails)
    return next((path for path in candidates if pattern.fullmatch(path)), None)


def _pattern_and_sample(template: str) -> tuple[re.Pattern[str], str]:
    """What Starlette's `compile_path` makes of `template`, and a path that matches it.

    `compile_path` itself refuses a parameter name that a mount and a route in it both use.
    """
    pattern, sample, end = "", "", 0
    for parameter in PARAM_REGEX.finditer(template):
        literal = template[end : parameter.start()]
        convertor = CONVERTOR_TYPES[(parameter[2] or ":str").removeprefix(":")]
        pattern += f"{re.escape(literal)}(?:{convertor.regex})"
        sample += literal + _value_for(convertor)
        end = parameter.end()
    return re.compile(pattern + re.escape(template[end:])), sample + template[end:]


def _value_for(convertor: Convertor[Any]) -> str:
    return next((value for value in _VALUES if re.fullmatch(convertor.regex, value)), _VALUES[0])
