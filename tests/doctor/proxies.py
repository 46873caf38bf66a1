"""A reverse proxy as an ASGI application, with the settings that people get wrong."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import HTMLResponse, PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

ADDRESS = "10.1.2.3"
"""The proxy's own address, which the service sees as its peer."""

_OF_CLIENTS = ("x-forwarded-", "forwarded", "x-real-ip")


def unchanged(host: str) -> str:
    return host


def without_port(host: str) -> str:
    return host.partition(":")[0]


def inner_host(_host: str) -> str:
    return "backend:8000"


@dataclass(frozen=True)
class Proxy:
    """What stands in front of a service; the defaults are right.

    Attributes:
        service: what it forwards to.
        prefix: what it matches, on a segment boundary unless `matches_text`.
        strips: whether it removes the prefix.
        host: what becomes of the Host header.
        scheme: what X-Forwarded-Proto says; None: the scheme it was asked over.
        second_scheme: a second X-Forwarded-Proto beside that.
        appends: whether X-Forwarded-For of clients is kept.
        lets_through: headers of clients, in lower case, that it should not pass on.
        passes_upgrades: whether a WebSocket's handshake stays one.
        checks_host: whether hosts other than 127.0.0.1 are refused.
        bare_redirect: where it sends who asks for the prefix without a slash.
        refuses_encoded_slashes: as Apache does by default.
        others: further applications by their exact path.
        at_the_root: what answers all else.
    """

    service: ASGIApp
    prefix: str = "/items"
    strips: bool = True
    host: Callable[[str], str] = unchanged
    scheme: str | None = None
    second_scheme: str | None = None
    appends: bool = False
    lets_through: tuple[str, ...] = ()
    matches_text: bool = False
    passes_upgrades: bool = True
    checks_host: bool = True
    bare_redirect: Callable[[str], str] | None = None
    refuses_encoded_slashes: bool = False
    others: Mapping[str, ASGIApp] = field(default_factory=dict)
    at_the_root: ASGIApp | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "websocket" and not self.passes_upgrades:
            # Without Upgrade the service sees a GET, and its answer is not a handshake.
            await PlainTextResponse("Not Found", 404)(
                {**scope, "type": "http", "method": "GET"}, receive, _refusing(send)
            )
            return
        answer = self._choose(scope)
        await answer(
            self._forwarded(scope) if answer is self.service else scope, receive, _signed(send)
        )

    def _choose(self, scope: Scope) -> ASGIApp:
        path: str = scope["path"]
        host = Headers(scope=scope).get("host", "")
        if self.checks_host and without_port(host) != "127.0.0.1":
            return PlainTextResponse("Misdirected Request", 421)
        if path in self.others:
            return self.others[path]
        if self.refuses_encoded_slashes and b"%2f" in scope["raw_path"].lower():
            return HTMLResponse("<h1>Not Found</h1>", 404)
        if path == self.prefix and self.bare_redirect:
            location = {"location": self.bare_redirect(host)}
            return HTMLResponse("<h1>308 Permanent Redirect</h1>", 308, headers=location)
        if path == self.prefix or path.startswith(
            self.prefix if self.matches_text else f"{self.prefix}/"
        ):
            return self.service
        return self.at_the_root or HTMLResponse("<h1>404 Not Found</h1>", 404)

    def _forwarded(self, scope: Scope) -> Scope:
        removed = len(self.prefix) if self.strips else 0
        path = scope["path"][removed:]
        raw_path = scope["raw_path"][removed:]
        slash = "" if path.startswith("/") else "/"
        return {
            **scope,
            "path": slash + path,
            "raw_path": slash.encode() + raw_path,
            "scheme": "ws" if scope["type"] == "websocket" else "http",
            "client": (ADDRESS, 40000),
            "headers": self._headers(scope),
        }

    def _headers(self, scope: Scope) -> list[tuple[bytes, bytes]]:
        given = Headers(scope=scope)
        headers = [
            (name, value)
            for name, value in given.raw
            if name.decode() in self.lets_through or not name.decode().startswith(_OF_CLIENTS)
        ]
        new = MutableHeaders(raw=headers)
        new["host"] = self.host(given.get("host", ""))
        if "x-forwarded-proto" not in self.lets_through or "x-forwarded-proto" not in new:
            new["x-forwarded-proto"] = self.scheme or scope["scheme"]
        before = given.get("x-forwarded-for") if self.appends else None
        own = scope["client"][0]
        new["x-forwarded-for"] = f"{before}, {own}" if before else own
        if self.second_scheme:
            new.append("x-forwarded-proto", self.second_scheme)
        return new.raw


def _signed(send: Send) -> Send:
    """Write the Server header that real proxies write."""

    async def signed(message: Message) -> None:
        if message["type"] == "http.response.start":
            MutableHeaders(scope=message)["server"] = "nginx"
        await send(message)

    return signed


def _refusing(send: Send) -> Send:
    """Answer a handshake as HTTP (ASGI's websocket.http.response extension)."""

    async def refusing(message: Message) -> None:
        await send({**message, "type": message["type"].replace("http", "websocket.http", 1)})

    return refusing
