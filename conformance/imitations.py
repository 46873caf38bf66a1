"""Proxies that cannot be had as programs here, and quick stand-ins for those that can, in this process.

Each dialect writes what its documentation says that it sends; what a dialect has in common with every other proxy
is in testing.proxies.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache

from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from conformance import app
from conformance.view import Behind, View
from conformance.ways import Way
from conformance.wire import InProcessWire
from gatehouse_chassis.proxy.public_prefix import is_below
from testing.proxies import Header, Proxy

CLIENT, STRANGER, PROXY = "127.0.0.7", "127.0.0.8", "127.0.0.1"
_UNIX = ""
_OF_AUTH = "/.well-known/oauth-authorization-server/auth"
_OF_ITEMS = "/.well-known/oauth-protected-resource/items"


@dataclass(frozen=True)
class Dialect:
    """What one kind of proxy tells the service.

    Attributes:
        appends: it adds the client to X-Forwarded-For, whatever stands there, instead of overwriting it.
        names_host: it sends X-Forwarded-Host.
        names_port: it sends X-Forwarded-Port.
        names_websocket: X-Forwarded-Proto of a WebSocket is ws or wss.
        announces_stripped: it sends the prefix that it has stripped as X-Forwarded-Prefix.
    """

    appends: bool = False
    names_host: bool = False
    names_port: bool = False
    names_websocket: bool = False
    announces_stripped: bool = False


DIALECTS = {
    "nginx": Dialect(),
    "Caddy": Dialect(names_host=True),
    "Envoy": Dialect(appends=True),
    "AWS ALB": Dialect(appends=True, names_port=True),
    # StripPrefix adds a line of X-Forwarded-Prefix; entry points write the other four.
    "Traefik": Dialect(
        names_host=True, names_port=True, names_websocket=True, announces_stripped=True
    ),
    # With rewrite-target and x-forwarded-prefix annotations.
    "ingress-nginx": Dialect(names_host=True, names_port=True, announces_stripped=True),
    # URLRewrite.ReplacePrefixMatch announces nothing.
    "Gateway API": Dialect(appends=True),
}


@dataclass(frozen=True)
class Imitation(Proxy):
    """A proxy that speaks a dialect and listens on a port; `loses_host` makes it write a host of its own."""

    dialect: Dialect = Dialect()
    port: str = ""
    loses_host: bool = False

    def _headers(self, scope: Scope) -> Iterator[Header]:
        headers = list(super()._headers(scope))
        given = dict(scope["headers"]) if scope["client"][0] in self.trusts else {}
        for name, value in headers:
            if name == b"host" and self.loses_host:
                yield name, b"backend.internal"
            elif name == b"x-forwarded-for" and self.dialect.appends and not given:
                client_said = [v for n, v in scope["headers"] if n == name]
                yield name, b", ".join([*client_said, value])
            elif name == b"x-forwarded-proto" and not self.dialect.names_websocket:
                yield name, value.replace(b"ws", b"http")
            else:
                yield name, value
        host = dict(scope["headers"]).get(b"host", b"")
        if self.dialect.names_host and host and not self.loses_host:
            yield b"x-forwarded-host", given.get(b"x-forwarded-host", host)
        if self.dialect.names_port:
            yield b"x-forwarded-port", given.get(b"x-forwarded-port", self.port.encode())


@dataclass(frozen=True)
class Site:
    """Several locations on one domain."""

    locations: Sequence[Proxy]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        for proxy in self.locations:
            if is_below(scope["path"], proxy.location):
                await proxy(scope, receive, send)
                return
        await PlainTextResponse("the proxy knows no such path", 404)(scope, receive, send)


def views_of(dialect: Dialect, way: Way, items: ASGIApp | None = None) -> list[View]:
    """The deployment of `way` with proxies of one dialect, in this process; `items` takes the service's place."""
    items = items or _services()[0]
    inner = _inner(dialect, way, items)
    if way.outer or way.in_a_row:
        prefix = "/outer" if way.outer else ""
        outermost: ASGIApp = Site(
            [
                Imitation(
                    inner,
                    PROXY,
                    prefix,
                    strips=bool(prefix),
                    announces=way.outer == "announced",
                    dialect=dialect,
                    port=_listening_port(way),
                )
            ]
        )
    else:
        outermost = inner
    outer = "/outer" if way.outer else ""
    views = [_view(way, items, outermost, outer)]
    if way.twice:
        views.append(_view(way, items, inner, ""))
    return views


def _inner(dialect: Dialect, way: Way, items: ASGIApp) -> Site:
    def location(service: ASGIApp, prefix: str, *, strips: bool) -> Proxy:
        return Imitation(
            service,
            _UNIX if way.unix else PROXY,
            prefix,
            strips,
            announces=strips and dialect.announces_stripped,
            trusts=(PROXY,),
            dialect=dialect,
            port=_listening_port(way),
            loses_host=way.host_lost,
        )

    _, auth = _services()
    return Site(
        [
            location(items, "/items", strips=way.strips),
            location(auth, "/auth", strips=way.strips),
            location(auth, _OF_AUTH, strips=False),
            location(items, _OF_ITEMS, strips=False),
        ]
    )


def _view(way: Way, items: ASGIApp, proxy: ASGIApp, outer: str) -> View:
    scheme = "https" if way.https else "http"
    port = {"own": f":{_listening_port(way)}", "published": ":8443", "default": ""}[way.port]
    return View(
        origin=f"{scheme}://api.example.com{port}",
        way=way,
        proxy=InProcessWire(proxy, CLIENT),
        behind=Behind(
            service=InProcessWire(items, _UNIX if way.unix else PROXY),
            stranger=None if way.unix else InProcessWire(items, STRANGER),
            address="10.0.0.9:8000",
            client=CLIENT,
        ),
        outer=outer,
        sends_hsts=False,
    )


@cache
def _services() -> tuple[ASGIApp, ASGIApp]:
    """The same two processes, so to say, behind every imitation."""
    return app.items(), app.auth()


def _listening_port(way: Way) -> str:
    if way.port == "default":
        return "443" if way.https else "80"
    return "18443"
