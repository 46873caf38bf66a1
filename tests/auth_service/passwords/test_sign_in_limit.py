"""Whatever hashes a password or asks for a mail stands in `sign_in_limit` of services.toml, which nginx limits.

A route cannot forget it: what hashes comes to a route by a dependency, and every route that depends on something from
which the hashing threads can be reached is limited; a reset reaches them too.
"""

import asyncio
import inspect
from collections.abc import Iterator, Mapping
from types import SimpleNamespace
from typing import Any

from fastapi import FastAPI
from fastapi.dependencies.models import Dependant
from fastapi.routing import RouteContext, iter_route_contexts

from auth_service import dependencies
from auth_service.container import Container
from testing.services import LISTED

# The functions that hand the application's objects to routes.
GETTERS = [
    getter
    for name, getter in vars(dependencies).items()
    if name.startswith("get_") and "return _container(request)." in inspect.getsource(getter)
]


def test_every_route_that_can_hash_a_password_is_limited(app: FastAPI) -> None:
    can_hash = {request for request, route in requests_of(app) if hashing_is_reached(app, route)}
    # What strangers can store is limited too.
    limited = set(LISTED["auth"].sign_in_limit) - {"POST /register"}

    assert can_hash - limited == set(), "see the first lines of this file"
    assert limited - can_hash == set(), "nothing is limited that needs none of it"


def requests_of(app: FastAPI) -> Iterator[tuple[str, RouteContext]]:
    """Each route that changes something, as `POST /token`."""
    for route in iter_route_contexts(app.routes):
        if hasattr(route.route, "dependant"):
            for method in (route.methods or set()) - {"GET", "HEAD", "OPTIONS"}:
                yield f"{method} {route.path}", route


def hashing_is_reached(app: FastAPI, route: RouteContext) -> bool:
    container: Container = app.state.container
    return any(reaches(given, container.hashing, set()) for given in given_by(app, route.dependant))


def given_by(app: FastAPI, dependant: Dependant) -> Iterator[object]:
    """What the application's objects come to a route as: what the getters of its dependencies return."""
    for dependency in dependant.dependencies:
        call: Any = dependency.call
        if call in GETTERS:
            yield asyncio.run(call(SimpleNamespace(app=app)))
        yield from given_by(app, dependency)


def reaches(value: Any, target: object, seen: set[int]) -> bool:
    """Whether `target` is `value` or one of the objects that it is made of."""
    if value is target:
        return True
    if id(value) in seen or isinstance(value, (str, bytes, type, Container)):
        return False
    seen.add(id(value))
    if isinstance(value, Mapping):
        parts = list(value.values())
    elif isinstance(value, (list, tuple, set, frozenset)):
        parts = list(value)
    elif not type(value).__module__.startswith("auth_service"):
        return False
    else:
        slots = [name for kind in type(value).__mro__ for name in getattr(kind, "__slots__", ())]
        parts = [getattr(value, name, None) for name in (*slots, *getattr(value, "__dict__", ()))]
    return any(reaches(part, target, seen) for part in parts)
