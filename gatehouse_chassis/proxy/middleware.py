"""Proxy safety for any ASGI application: the public prefix, the client's own view of the URL, relative redirects."""

from collections.abc import Iterable

from starlette.applications import Starlette
from starlette.requests import HTTPConnection
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from gatehouse_chassis.http.problems import BadRequest, problem_response
from gatehouse_chassis.proxy.forwarded import (
    CAME_THROUGH_A_PROXY,
    TrustedProxies,
    came_through_a_proxy,
)
from gatehouse_chassis.proxy.public_prefix import PublicPrefix, normalise_root_path
from gatehouse_chassis.proxy.redirects import with_relative_location
from gatehouse_chassis.proxy.route_check import refuse_ambiguous_routes


class PublicPrefixMiddleware:
    """Lets an application answer rightly behind proxies that strip its prefix, keep it, or put another before it.

    `app.add_middleware(PublicPrefixMiddleware, root_path="/notes", trusted_proxies=["127.0.0.1"])`. It is pure ASGI, so
    it stands around any framework. The server's own handling of proxies must be off (`uvicorn --no-proxy-headers`), and
    neither the server nor the framework may be told a root path.

    Args:
        app: what answers.
        root_path: the application's own public prefix, such as `/notes`; "" for none.
        trusted_proxies: addresses and networks whose `X-Forwarded-*` headers are believed, and `unix:` for a peer on a
            socket.

    Raises:
        ValueError: the prefix is no path, or a network is none.
    """

    def __init__(
        self, app: ASGIApp, *, root_path: str = "", trusted_proxies: Iterable[str] = ()
    ) -> None:
        self._app = app
        try:
            self._prefix = PublicPrefix(
                normalise_root_path(root_path), TrustedProxies.parse(" ".join(trusted_proxies))
            )
        except ValueError as error:
            raise ValueError(
                f"PublicPrefixMiddleware: root_path or trusted_proxies {error}."
            ) from None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            self._check_routes(scope.get("app"))
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        state = {**scope.get("state", {}), CAME_THROUGH_A_PROXY: came_through_a_proxy(scope)}
        scope = {**scope, "state": state}
        try:
            public = self._prefix.public_scope(scope)
        except BadRequest as problem:
            await _refuse(problem, scope, receive, send)
            return

        async def send_relative(message: Message) -> None:
            if message["type"] == "http.response.start":
                message = with_relative_location(message, public)
            await send(message)

        await self._app(public, receive, send_relative)

    def _check_routes(self, app: object) -> None:
        """Refuses, when the server starts, a route that could be mistaken for a prefix that a proxy kept."""
        if isinstance(app, Starlette):
            refuse_ambiguous_routes(app, self._prefix.root_path)


async def _refuse(problem: BadRequest, scope: Scope, receive: Receive, send: Send) -> None:
    if scope["type"] == "websocket" and "websocket.http.response" not in scope.get(
        "extensions", {}
    ):
        await send({"type": "websocket.close", "code": 1008, "reason": str(problem.detail)})
    else:
        await problem_response(HTTPConnection(scope), problem)(scope, receive, send)
