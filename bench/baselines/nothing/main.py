"""The least that an ASGI application can do: what is left of a request then is the server's."""

from starlette.types import ASGIApp, Receive, Scope, Send

from bench.baselines.settings import BaselineSettings


def create_app(_settings: BaselineSettings) -> ASGIApp:
    """Answers everything with 2 bytes."""
    return _answer


async def _answer(scope: Scope, receive: Receive, send: Send) -> None:
    if scope["type"] == "lifespan":
        await _live(receive, send)
        return
    headers = [(b"content-type", b"application/json"), (b"content-length", b"2")]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": b"{}"})


async def _live(receive: Receive, send: Send) -> None:
    await receive()
    await send({"type": "lifespan.startup.complete"})
    await receive()
    await send({"type": "lifespan.shutdown.complete"})
