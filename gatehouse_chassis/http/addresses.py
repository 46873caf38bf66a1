"""What HTTP asks of every address, whatever its routes say: HEAD, OPTIONS, `Allow`, and no redirect for a slash.

Proxies trim the slash at the end of a path, or add one, and some redirect to their own spelling: a redirect to the
other one is then a loop, or loses the token. So both spellings are answered, and nothing is redirected.
"""

import re
from collections.abc import Iterable

from fastapi import FastAPI
from fastapi.routing import APIRoute, RouteContext, iter_route_contexts
from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.routing import BaseRoute, Match
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from gatehouse_chassis.proxy.redirects import relative_path

_ANY = "*"
"""Stands for all methods of what is mounted: it answers for itself."""
# What a router leaves in the scope for who stands around it.
_LEFT_BY_ROUTERS = ("endpoint", "route", "path_params")
_HEAD_TAG = re.compile(rb"<head\b[^>]*>", re.IGNORECASE)


class Addresses:
    """ASGI application around a router: asks it only what it has a route for.

    - `GET /things/` and `GET /things` have the same answer, whichever of them is a route; so have other methods.
    - `HEAD` is answered wherever `GET` is, without the body (RFC 9110 section 9.3.2).
    - `OPTIONS` is answered with `Allow` (section 9.3.7); a 405 has all methods of the address in it (section 15.5.6).

    Applications of FastAPI that are mounted get the same.

    Args:
        routes: all routes of the application.
        router: what answers.
    """

    def __init__(self, routes: Iterable[BaseRoute], router: ASGIApp) -> None:
        self._router = router
        self._routes = [*iter_route_contexts([*routes])]
        for context in self._routes:
            mounted = getattr(context.route, "app", None)
            if isinstance(mounted, FastAPI) and not isinstance(
                mounted.router.middleware_stack, Addresses
            ):
                mounted.router.middleware_stack = Addresses(
                    mounted.routes, mounted.router.middleware_stack
                )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._router(scope, receive, send)
            return
        inner, found = scope, self._routes_at(scope)
        if not found and (other := _other_spelling(scope)):
            found = self._routes_at(other)
            if found:
                inner, send = other, _with_base(send, scope, other)
        if scope["type"] == "http" and found:
            method, methods = scope["method"], _methods(found)
            if method == "HEAD" and "HEAD" not in methods and "GET" in methods:
                inner, send = {**inner, "method": "GET"}, _without_body(send)
            elif method not in methods and _ANY not in methods:
                scope["endpoint"] = found[0].endpoint  # for the log and the metrics
                if method != "OPTIONS":
                    raise HTTPException(405, headers=_allow(methods))
                await Response(status_code=204, headers=_allow(methods))(scope, receive, send)
                return
        try:
            await self._router(inner, receive, send)
        finally:
            if inner is not scope:
                scope.update({name: inner[name] for name in _LEFT_BY_ROUTERS if name in inner})

    def _routes_at(self, scope: Scope) -> list[RouteContext]:
        """The routes that have this address, whatever their methods."""
        path = scope["path"].removeprefix(scope.get("root_path", ""))
        return [context for context in self._routes if _matches(context, path, scope)]


def _matches(context: RouteContext, path: str, scope: Scope) -> bool:
    if isinstance(context.original_route, APIRoute):
        return scope["type"] == "http" and context.path_regex.match(path) is not None
    return context.matches(scope)[0] is not Match.NONE


def _methods(routes: Iterable[RouteContext]) -> set[str]:
    methods: set[str] = set()
    for route in routes:
        if isinstance(getattr(route.route, "app", None), StaticFiles):
            methods |= {"GET", "HEAD"}
        else:
            methods |= route.methods or {_ANY}
    return methods


def _other_spelling(scope: Scope) -> Scope | None:
    """The scope with a slash at the end of its path, or without the one that it has."""
    path, raw = scope["path"], scope["raw_path"]
    if path.removeprefix(scope.get("root_path", "")) == "/" or path.endswith("//"):
        return None
    if path.endswith("/"):
        return {**scope, "path": path[:-1], "raw_path": raw.removesuffix(b"/")}
    return {**scope, "path": f"{path}/", "raw_path": raw + b"/"}


def _allow(methods: Iterable[str]) -> dict[str, str]:
    every = {*methods, "OPTIONS"} | ({"HEAD"} if "GET" in methods else set())
    return {"Allow": ", ".join(sorted(every))}


def _without_body(send: Send) -> Send:
    async def send_head(message: Message) -> None:
        if message["type"] == "http.response.body":
            message = {**message, "body": b""}
        await send(message)

    return send_head


def _with_base(send: Send, asked: Scope, answered: Scope) -> Send:
    """Lets a page that is read under its other spelling find what it names by relative addresses."""
    target = relative_path(
        asked["raw_path"].decode("latin-1"), answered["raw_path"].decode("latin-1")
    )
    base = f'<base href="{target}">'.encode("latin-1")
    is_page = False

    async def send_page(message: Message) -> None:
        nonlocal is_page
        if message["type"] == "http.response.start":
            headers = Headers(raw=message["headers"])
            is_page = (
                headers.get("content-type", "").startswith("text/html")
                and "content-encoding" not in headers
            )
            if is_page:
                message = {**message, "headers": [*message["headers"]]}
                changed = MutableHeaders(raw=message["headers"])
                del changed["content-length"]
                if policy := changed.get("content-security-policy"):
                    changed["content-security-policy"] = policy.replace(
                        "base-uri 'none'", "base-uri 'self'"
                    )
        elif is_page and message["type"] == "http.response.body" and message.get("body"):
            is_page = False  # its beginning is told once
            message = {
                **message,
                "body": _HEAD_TAG.sub(lambda tag: tag[0] + base, message["body"], count=1),
            }
        await send(message)

    return send_page
