"""In-process imitations of reverse proxies: an ASGI application in front of another one.

Each does to a request what real ones do: match a location on a segment boundary, strip or keep the
prefix, end TLS, and write X-Forwarded-*, so that a test of proxy safety takes milliseconds.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from starlette.requests import HTTPConnection
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from gatehouse_chassis.http.problems import Problem, problem_response
from gatehouse_chassis.proxy.public_prefix import PublicPrefix
from gatehouse_chassis.proxy.redirects import with_relative_location

Header = tuple[bytes, bytes]


@dataclass(frozen=True)
class PublicService:
    """An application behind what makes it safe behind proxies, and behind no other middleware."""

    app: ASGIApp
    public_prefix: PublicPrefix

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self.app(scope, receive, send)
            return
        try:
            public = self.public_prefix.public_scope(scope)
        except Problem as problem:
            await problem_response(HTTPConnection(scope), problem)(scope, receive, send)
            return

        async def send_relative(message: Message) -> None:
            if message["type"] == "http.response.start":
                message = with_relative_location(message, public)
            await send(message)

        await self.app(public, receive, send_relative)


@dataclass(frozen=True)
class Proxy:
    """A reverse proxy.

    Args:
        upstream: what it forwards to, over plain HTTP.
        address: its own IP address, which the upstream sees as its peer.
        location: the prefix that it matches; all else is its own 404.
        strips: removes `location` from the path.
        announces: adds `location` as a line of X-Forwarded-Prefix, as Traefik's StripPrefix does.
        trusts: the proxies in front of it, whose X-Forwarded-* it passes on.
    """

    upstream: ASGIApp
    address: str
    location: str = ""
    strips: bool = False
    announces: bool = False
    trusts: tuple[str, ...] = ()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        path: str = scope["path"]
        if path != self.location and not path.startswith(f"{self.location}/"):
            await PlainTextResponse("the proxy knows no such path", 404)(scope, receive, send)
            return
        removed = len(self.location) if self.strips else 0
        forwarded = {
            **scope,
            "path": path[removed:] or "/",
            "raw_path": scope["raw_path"][removed:] or b"/",
            "scheme": "ws" if scope["type"] == "websocket" else "http",
            "client": (self.address, 40000),
            "headers": list(self._headers(scope)),
        }
        await self.upstream(forwarded, receive, send)

    def _headers(self, scope: Scope) -> Iterator[Header]:
        peer = scope["client"][0]
        given = dict(scope["headers"]) if peer in self.trusts else {}
        for name, value in scope["headers"]:
            if not name.startswith(b"x-forwarded-") or (given and name == b"x-forwarded-prefix"):
                yield name, value
        chain = [given[b"x-forwarded-for"]] if b"x-forwarded-for" in given else []
        yield b"x-forwarded-for", b", ".join([*chain, peer.encode()])
        yield b"x-forwarded-proto", given.get(b"x-forwarded-proto", scope["scheme"].encode())
        if self.announces:
            yield b"x-forwarded-prefix", self.location.encode()
