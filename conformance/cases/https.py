"""H: TLS ends at the proxy."""

import json

from conformance.case import case
from conformance.cases.core import knows_its_host
from conformance.view import DIRECT_HOST, View
from conformance.wire import Headers


def https(view: View) -> bool:
    return view.is_https


@case(
    "H1",
    "Links and redirects are https, although the service is reached in plain HTTP",
    concerns=https,
)
def secure_links(view: View) -> None:
    reply = view.get("/who")
    assert reply.json["scheme"] == "https"
    assert reply.json["url"].startswith("https://")
    url, reply = view.follow(f"{view.url}/static/d")
    assert (url, reply.status) == (f"{view.url}/static/d/", 200)


@case(
    "H2",
    "Plain HTTP is redirected to https once, by the proxy",
    concerns=lambda view: view.plain is not None and view.way.port == "default",
)
def upgraded(view: View) -> None:
    assert view.plain
    reply = view.plain.send("GET", f"http://{view.host}{view.prefix}/who")
    assert reply.status in (301, 308), reply
    assert reply.header("location") == f"{view.url}/who"
    assert view.ask(reply.header("location")).status == 200


@case("H3", "A proxy may name a WebSocket's scheme instead of HTTP's")
def websocket_scheme(view: View) -> None:
    for scheme, expected in (("wss", "wss"), ("https", "wss"), ("ws", "ws"), ("http", "ws")):
        opened = view.behind.service.open_websocket(
            f"ws://{DIRECT_HOST}/ws", [("X-Forwarded-Proto", scheme)]
        )
        assert opened.status == 101, (scheme, opened)
        assert json.loads(opened.message)["scheme"] == expected, scheme


@case("H4", "A list of schemes is read at the client's end, in any case of letters")
def listed_schemes(view: View) -> None:
    told: list[Headers] = [
        [("X-Forwarded-Proto", "https, http")],
        [("X-Forwarded-Proto", "HTTPS")],
        [("X-Forwarded-Proto", "https"), ("X-Forwarded-Proto", "http")],
        [("X-Forwarded-Proto", "https,http"), ("X-Forwarded-For", "203.0.113.9, 127.0.0.1")],
    ]
    for headers in told:
        reply = view.direct("/who", headers)
        assert reply.status == 200, (headers, reply)
        assert reply.json["scheme"] == "https", headers


@case(
    "H5",
    "HSTS is sent once",
    concerns=lambda view: https(view) and view.sends_hsts,
)
def hsts(view: View) -> None:
    for path in ("/who", "/things", "/nowhere"):
        assert len(view.get(path).values("strict-transport-security")) == 1, path


@case(
    "H6",
    "The callback that a service tells an OAuth provider is its public URL",
    concerns=knows_its_host,
)
def callback(view: View) -> None:
    assert view.get("/sign-in").json["redirect_uri"] == f"{view.known_url}/callback"
