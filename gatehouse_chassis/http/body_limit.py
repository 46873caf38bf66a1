"""A bound on request bodies, so that no request can fill the memory or keep a worker busy for long."""

import re
from collections.abc import Mapping

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from gatehouse_chassis.http.problems import ContentTooLarge
from gatehouse_chassis.services import DEFAULT_BODY_LIMIT, path_expression

MAX_BODY_BYTES = DEFAULT_BODY_LIMIT
"""Room for an item of 10 000 characters with every one written as two JSON escapes of 6 bytes. A body that is nothing
but mistakes takes a worker 20 ms at this size and half a second at 1 MiB. `body_limit` in `services.toml` sets another
for one service, and `body_limits` for one route, which nginx then has too."""


class BodyLimit:
    """ASGI middleware: a body that is too large is answered with 413, announced or not.

    FastAPI's own `max_body_size` answers in plain text; every other error of a service is a problem document.

    Args:
        app: what answers.
        max_bytes: what a body may have.
        routes: what a body for some routes may have instead, such as `{"PUT /notes/{note_id}/picture": 6_000_000}`.
    """

    def __init__(
        self,
        app: ASGIApp,
        max_bytes: int = MAX_BODY_BYTES,
        routes: Mapping[str, int] | None = None,
    ) -> None:
        self.app = app
        self.max_bytes = max_bytes
        self._by_method: dict[str, list[tuple[re.Pattern[str], int]]] = {}
        for route, limit in (routes or {}).items():
            method, _, template = route.partition(" ")
            pattern = re.compile(path_expression(template))
            self._by_method.setdefault(method, []).append((pattern, limit))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        max_bytes = self._limit_of(scope)
        announced = next((v for k, v in scope["headers"] if k == b"content-length"), b"")
        if announced.isdigit() and _number(announced) > max_bytes:
            raise _problem(max_bytes)
        received = 0

        async def receive_counted() -> Message:
            nonlocal received
            message = await receive()
            received += len(message.get("body", b""))
            if received > max_bytes:
                raise _problem(max_bytes)
            return message

        await self.app(scope, receive_counted, send)

    def _limit_of(self, scope: Scope) -> int:
        for pattern, limit in self._by_method.get(scope["method"], ()):
            if pattern.fullmatch(scope["path"].removeprefix(scope.get("root_path", ""))):
                return limit
        return self.max_bytes


def _problem(max_bytes: int) -> ContentTooLarge:
    return ContentTooLarge(f"A body may have {max_bytes} bytes at most.")


def _number(digits: bytes) -> int:
    # Python refuses to read numbers of thousands of digits; these many are more than any body has.
    return int(digits[:20])
