"""The id of a request: on every answer, and for whoever writes a log."""

import re
from uuid import uuid4

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

_HARMLESS = re.compile(rb"[A-Za-z0-9._-]{8,128}")


def request_id_of(scope: Scope, *, from_proxy: bool) -> str:
    """The id that a proxy gave, where it is believed and harmless in a log; otherwise a new one."""
    if from_proxy:
        for name, value in scope["headers"]:
            if name == b"x-request-id" and _HARMLESS.fullmatch(value):
                return str(value.decode())
    return uuid4().hex


class RequestIdMiddleware:
    """ASGI middleware: `request.state.request_id`, and `X-Request-ID` on every answer.

    Args:
        app: what answers.
        from_proxy: whether the id in the request's header is taken: for where a proxy overwrites what clients send.
    """

    def __init__(self, app: ASGIApp, *, from_proxy: bool = False) -> None:
        self._app = app
        self._from_proxy = from_proxy

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        request_id = request_id_of(scope, from_proxy=self._from_proxy)
        scope = {**scope, "state": {**scope.get("state", {}), "request_id": request_id}}

        async def send_with_id(message: Message) -> None:
            if message["type"] in ("http.response.start", "websocket.http.response.start"):
                MutableHeaders(scope=message)["X-Request-ID"] = request_id
            await send(message)

        await self._app(scope, receive, send_with_id)
