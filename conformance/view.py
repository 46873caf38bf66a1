"""What one client sees of the service through one deployment, and what that deployment promises."""

from dataclasses import dataclass, field
from urllib.parse import urljoin, urlsplit

from conformance.app import TOKEN
from conformance.ways import Way
from conformance.wire import Handshake, Headers, Reply, Wire


@dataclass(frozen=True)
class Behind:
    """The ways to the service that no client has: past the proxies.

    Attributes:
        service: from a peer that the service trusts.
        stranger: from one that it does not; on a unix socket there is none.
        address: what must not show in an answer.
        client: the address that the service should see behind the proxies.
    """

    service: Wire
    stranger: Wire | None
    address: str
    client: str


@dataclass
class View:
    """A deployment from outside.

    Attributes:
        origin: what the public URL begins with, such as https://api.example.com:8443.
        prefix: the public prefix of the service.
        outer: the part of it that an outer proxy adds.
        way: how the deployment is built.
        proxy: leads to the outermost proxy.
        behind: leads past the proxies.
        plain: leads to the proxy's plain listener, where there is one beside TLS.
        sends_hsts: whether the proxy's configuration, and not an imitation of it, is looked at.
        exchanges: every URL that was asked, and its answer.
    """

    origin: str
    way: Way
    proxy: Wire
    behind: Behind
    outer: str = ""
    plain: Wire | None = None
    sends_hsts: bool = True
    exchanges: list[tuple[str, Reply]] = field(default_factory=list)

    @property
    def prefix(self) -> str:
        return f"{self.outer}/items"

    @property
    def url(self) -> str:
        """Where the public finds the service."""
        return self.origin + self.prefix

    @property
    def known_url(self) -> str:
        """Where the service believes to be: without an outer prefix that nobody announces to it."""
        announced = self.outer if self.way.outer == "announced" else ""
        return f"{self.origin}{announced}/items"

    @property
    def sibling_url(self) -> str:
        return f"{self.origin}{self.outer}/auth"

    @property
    def is_https(self) -> bool:
        return self.origin.startswith("https:")

    @property
    def host(self) -> str:
        return urlsplit(self.origin).netloc

    def ask(
        self,
        url: str,
        method: str = "GET",
        headers: Headers = (),
        body: bytes | None = None,
    ) -> Reply:
        """Asks as the public does, and keeps the answer for the case that looks at all of them."""
        reply = self.proxy.send(method, url, headers, body)
        self.exchanges.append((url, reply))
        return reply

    def get(self, path: str, headers: Headers = ()) -> Reply:
        """GETs a path below the public prefix."""
        return self.ask(self.url + path, headers=headers)

    def follow(self, url: str, headers: Headers = ()) -> tuple[str, Reply]:
        """GETs a URL and goes where it redirects to, as browsers and HTTP libraries do.

        Like them it sends Authorization to the same origin only, so a redirect to another one shows.
        """
        headers = list(headers)
        for _ in range(5):
            reply = self.ask(url, headers=headers)
            if reply.status not in (301, 302, 303, 307, 308):
                return url, reply
            target = urljoin(url, reply.header("location"))
            if _origin(target) != _origin(url):
                headers = [(name, value) for name, value in headers if name != "Authorization"]
            url = target
        raise AssertionError(f"more than five redirects, the last one to {url}")

    def open_websocket(self, path: str) -> Handshake:
        return self.proxy.open_websocket(_as_websocket(self.url + path))

    def direct(self, path: str, headers: Headers = ()) -> Reply:
        """GETs from the service itself, from a trusted peer, under the service's own name."""
        return self.behind.service.send("GET", f"http://{DIRECT_HOST}{path}", headers)


DIRECT_HOST = "10.1.2.3:8002"
"""A pod's address, as a probe would use it."""

AUTHORIZED = (("Authorization", f"Bearer {TOKEN}"),)


def _origin(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"


def _as_websocket(url: str) -> str:
    return "ws" + url.removeprefix("http")
