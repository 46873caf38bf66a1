"""A bound on request bodies, so that no request can fill the memory or keep a worker busy for long."""

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from gatehouse_chassis.http.problems import ContentTooLarge
from gatehouse_chassis.services import DEFAULT_BODY_LIMIT

MAX_BODY_BYTES = DEFAULT_BODY_LIMIT
"""Room for an item of 10 000 characters with every one written as two JSON escapes of 6 bytes. A body that is nothing
but mistakes takes a worker 20 ms at this size and half a second at 1 MiB. `body_limit` in `services.toml` sets another
for one service, which nginx then has too."""


class BodyLimit:
    """ASGI middleware: a body of more than `max_bytes` is answered with 413, announced or not.

    FastAPI's own `max_body_size` answers in plain text; every other error of a service is a problem document.
    """

    def __init__(self, app: ASGIApp, max_bytes: int = MAX_BODY_BYTES) -> None:
        self.app = app
        self.max_bytes = max_bytes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        announced = next((v for k, v in scope["headers"] if k == b"content-length"), b"")
        if announced.isdigit() and _number(announced) > self.max_bytes:
            raise self._problem()
        received = 0

        async def receive_counted() -> Message:
            nonlocal received
            message = await receive()
            received += len(message.get("body", b""))
            if received > self.max_bytes:
                raise self._problem()
            return message

        await self.app(scope, receive_counted, send)

    def _problem(self) -> ContentTooLarge:
        return ContentTooLarge(f"A body may have {self.max_bytes} bytes at most.")


def _number(digits: bytes) -> int:
    # Python refuses to read numbers of thousands of digits; these many are more than any body has.
    return int(digits[:20])
