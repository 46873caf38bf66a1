"""A stand-in for a service, which answers with what it was asked."""

import json
from contextlib import AbstractContextManager
from typing import Any
from urllib.parse import parse_qsl

from testing.serving import served


class Echo:
    """An ASGI application that answers with the request as JSON, and greets over a WebSocket.

    The query chooses the answer: `status=503`, `bytes=2000`, and any number of times
    `header=Retry-After: 7`.
    """

    def __init__(self, name: str) -> None:
        self._name = name

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "websocket":
            await self._greet(scope, receive, send)
            return
        length = 0
        more = True
        while more:
            message = await receive()
            length += len(message.get("body", b""))
            more = message.get("more_body", False)
        query = parse_qsl(scope["query_string"].decode())
        chosen = dict(query)
        headers = [value.split(": ", 1) for name, value in query if name == "header"]
        if not any(name.lower() == "content-type" for name, _ in headers):
            headers.append(["content-type", "application/json"])
        seen = {
            "service": self._name,
            "method": scope["method"],
            "path": scope["raw_path"].decode(),
            "headers": [
                [name.decode(), value.decode("latin-1")] for name, value in scope["headers"]
            ],
            "body_bytes": length,
            "padding": "x" * int(chosen.get("bytes", 0)),
        }
        await send(
            {
                "type": "http.response.start",
                "status": int(chosen.get("status", 200)),
                "headers": [(name.encode(), value.encode()) for name, value in headers],
            }
        )
        await send({"type": "http.response.body", "body": json.dumps(seen).encode()})

    async def _greet(self, scope: Any, receive: Any, send: Any) -> None:
        await receive()
        await send({"type": "websocket.accept"})
        await send(
            {"type": "websocket.send", "text": f"{self._name} at {scope['raw_path'].decode()}"}
        )
        await send({"type": "websocket.close"})


def echo_service(name: str) -> AbstractContextManager[int]:
    """Serve an Echo, and give its port."""
    return served(Echo(name))
