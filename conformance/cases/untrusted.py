"""U: what strangers write into headers."""

from conformance.case import case
from conformance.cases.core import knows_its_host
from conformance.view import DIRECT_HOST, View
from conformance.wire import NO_HOST

FORGED = (
    ("X-Forwarded-For", "6.6.6.6"),
    ("X-Forwarded-Proto", "https"),
    ("X-Forwarded-Host", "evil.example"),
    ("X-Forwarded-Port", "1"),
    ("X-Forwarded-Prefix", "/evil"),
    ("Forwarded", "for=6.6.6.6;host=evil.example;proto=https"),
    ("Script-Name", "/evil"),
)
_EVIL_HOST = (("Host", "evil.example"),)
_INJECTION = "/x';alert(1);//"


@case(
    "U1",
    "Forwarded headers of a peer that is no trusted proxy change nothing",
    concerns=lambda view: view.behind.stranger is not None,
)
def stranger(view: View) -> None:
    assert view.behind.stranger
    for path in ("/who", "/items/who", "/openapi.json", "/docs"):
        url = f"http://{DIRECT_HOST}{path}"
        plain = view.behind.stranger.send("GET", url)
        forged = view.behind.stranger.send("GET", url, FORGED)
        assert plain.status == 200, plain
        assert (forged.status, forged.body) == (plain.status, plain.body)


@case("U2", "A client's forwarded headers do not survive the proxy")
def forged(view: View) -> None:
    reply = view.get("/who", FORGED)
    assert reply.status == 200, reply
    assert reply.json["client"] == view.behind.client
    assert reply.json["scheme"] == view.origin.partition(":")[0]
    assert "evil" not in reply.text
    assert "6.6.6.6" not in reply.text
    assert reply.json["forwarded"] == []


@case("U3", "A foreign Host is never where a redirect or a page leads")
def foreign_host(view: View) -> None:
    for path in ("/things", "/docs", "/openapi.json", "/static/d"):
        reply = view.proxy.send("GET", view.url + path, _EVIL_HOST)
        assert reply.status < 500, reply
        assert "evil" not in "".join(reply.values("location")), reply
        assert b"evil" not in reply.body, path


@case("U4", "A malformed Host is refused, or changes nothing")
def malformed_host(view: View) -> None:
    unchanged = view.get("/who").json["url"]
    for header in (("Host", "a b"), ("Host", "evil/x"), ("Host", "a:99999"), NO_HOST):
        reply = view.proxy.send("GET", f"{view.url}/who", [header])
        refused = reply.status in (400, 404, 421)
        assert refused or reply.json["url"] == unchanged, (header, reply)


@case("U5", "No prefix from a header reaches a page unless it is a plain path")
def injection(view: View) -> None:
    headers = [("X-Forwarded-Prefix", _INJECTION)]
    through_proxy = view.get("/docs", headers)
    assert through_proxy.status in (200, 400), through_proxy
    assert "alert" not in through_proxy.text
    from_trusted_peer = view.direct("/docs", headers)
    assert from_trusted_peer.status == 400, from_trusted_peer
    assert "alert" not in from_trusted_peer.text


@case("U6", "What one request claims leaves no trace in the next one's answer")
def no_trace(view: View) -> None:
    for path in ("/openapi.json", "/docs"):
        before = view.get(path)
        assert before.status == 200, before
        view.get(path, FORGED)
        view.proxy.send("GET", view.url + path, _EVIL_HOST)
        view.direct(path, [("X-Forwarded-Prefix", "/other")])
        assert view.get(path).body == before.body
    if knows_its_host(view):
        assert view.get("/who").json["url"] == f"{view.known_url}/who"
