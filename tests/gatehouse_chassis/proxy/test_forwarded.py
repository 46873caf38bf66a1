"""Who is believed, and what X-Forwarded-* then means."""

from typing import Any

import pytest
from starlette.types import Scope

from gatehouse_chassis.http.problems import BadRequest
from gatehouse_chassis.proxy.forwarded import TrustedProxies, apply_forwarded_headers

PROXY, CLIENT = "10.0.0.1", "203.0.113.9"
TRUSTED = TrustedProxies.parse("10.0.0.0/8, ::1, unix:")


def _scope(
    *headers: tuple[str, str], peer: Any = (PROXY, 1), host: str = "api.example.com", **parts: Any
) -> Scope:
    lines = [("host", host), *headers]
    return {
        "type": "http",
        "http_version": "1.1",
        "scheme": "http",
        "client": peer,
        "headers": [(name.encode(), value.encode()) for name, value in lines],
        **parts,
    }


def _seen(*headers: tuple[str, str], **parts: Any) -> Scope:
    scope = _scope(*headers, **parts)
    apply_forwarded_headers(scope, TRUSTED)
    return scope


def _client(*lines: str, peer: Any = (PROXY, 1)) -> Any:
    return _seen(*(("x-forwarded-for", line) for line in lines), peer=peer)["client"]


def _host(scope: Scope) -> str:
    return str(dict(scope["headers"])[b"host"].decode())


@pytest.mark.parametrize(
    ("text", "peer"),
    [
        ("127.0.0.1", "127.0.0.1"),
        ("127.0.0.1", "::ffff:127.0.0.1"),
        ("::ffff:127.0.0.1", "127.0.0.1"),
        ("::ffff:10.0.0.0/104", "10.1.2.3"),
        ("10.0.0.0/8 ::1", "10.255.0.1"),
        ("127.0.0.1, ::1", "0:0:0:0:0:0:0:1"),
        ("fd00::/8", "fd12::1"),
        ("unix:", None),
        ("unix:", ""),
    ],
)
def test_a_peer_inside_the_list_is_trusted(text: str, peer: str | None) -> None:
    client = (peer, 0) if peer is not None else None
    assert TrustedProxies.parse(text).trust_peer_of({"client": client})


@pytest.mark.parametrize(
    ("text", "peer"),
    [
        ("", "127.0.0.1"),
        ("", None),
        ("127.0.0.1", "127.0.0.2"),
        ("127.0.0.1", None),
        ("10.0.0.0/8", "11.0.0.1"),
        ("10.0.0.0/8", "testclient"),
        ("unix:", "127.0.0.1"),
        ("::1", "127.0.0.1"),
    ],
)
def test_a_peer_outside_the_list_is_not_trusted(text: str, peer: str | None) -> None:
    client = (peer, 0) if peer is not None else None
    assert not TrustedProxies.parse(text).trust_peer_of({"client": client})


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("*", "every client choose its own address"),
        ("127.0.0.1,*", "every client choose its own address"),
        ("nginx", "'nginx', which is no IP address or network .names are not looked up"),
        ("10.0.0.0/33", "'10.0.0.0/33', which is no IP address"),
        ("10.0.0.1/8", "write 10.0.0.0/8 for the whole network or 10.0.0.1 for that one address"),
        ("unix:/run/nginx.sock", "or unix: for a unix socket"),
    ],
)
def test_an_entry_that_cannot_mean_what_was_meant_is_refused(text: str, sentence: str) -> None:
    with pytest.raises(ValueError, match=sentence):
        TrustedProxies.parse(text)


@pytest.mark.parametrize(
    ("lines", "client"),
    [
        ([CLIENT], (CLIENT, 0)),
        ([f"{CLIENT}:4711"], (CLIENT, 4711)),
        (["2001:DB8::1"], ("2001:db8::1", 0)),
        (["[2001:db8::1]"], ("2001:db8::1", 0)),
        (["[2001:db8::1]:4711"], ("2001:db8::1", 4711)),
        (["::ffff:203.0.113.9"], (CLIENT, 0)),
        ([f"{CLIENT}, 10.0.0.2, 10.0.0.3"], (CLIENT, 0)),
        ([CLIENT, "10.0.0.2", "10.0.0.3"], (CLIENT, 0)),
        ([f"6.6.6.6, {CLIENT}, 10.0.0.2"], (CLIENT, 0)),
        ([f"6.6.6.6, {CLIENT}"], (CLIENT, 0)),
        (["10.0.0.3, 10.0.0.2"], ("10.0.0.3", 0)),
        ([f" , {CLIENT}, ,"], (CLIENT, 0)),
        (["unknown, 10.0.0.2"], ("10.0.0.2", 0)),
        ([f"6.6.6.6, {CLIENT}:99999, 10.0.0.2"], ("10.0.0.2", 0)),
        ([f"{CLIENT}, unknown"], (PROXY, 1)),
        (["fe80::1%<script>"], (PROXY, 1)),
        (["1.2.3.4.5"], (PROXY, 1)),
        ([""], (PROXY, 1)),
        ([], (PROXY, 1)),
    ],
)
def test_the_client_is_the_nearest_address_that_is_no_trusted_proxy(
    lines: list[str], client: tuple[str, int]
) -> None:
    assert _client(*lines) == client


def test_a_long_chain_is_walked_for_a_bounded_distance() -> None:
    assert _client(CLIENT + ", 10.0.0.2" * 40) == ("10.0.0.2", 0)


def test_a_peer_on_a_unix_socket_is_believed_where_the_list_says_so() -> None:
    assert _client(CLIENT, peer=None) == (CLIENT, 0)
    scope = _scope(("x-forwarded-for", CLIENT), peer=None)
    apply_forwarded_headers(scope, TrustedProxies.parse("127.0.0.1"))
    assert scope["client"] is None


@pytest.mark.parametrize("type_", ["http", "websocket"])
@pytest.mark.parametrize(
    ("value", "secure"),
    [("https", True), ("HTTPS", True), ("wss", True), ("http", False), ("ws", False)],
)
def test_the_scheme_fits_the_kind_of_connection(type_: str, value: str, secure: bool) -> None:
    scheme = _seen(("x-forwarded-proto", value), type=type_)["scheme"]
    assert scheme == {"http": "http", "websocket": "ws"}[type_] + ("s" if secure else "")


@pytest.mark.parametrize(
    ("chain", "protos", "scheme"),
    [
        # Lists of equal length were appended hop by hop, so the client's own hop tells.
        ([f"{CLIENT}, 10.0.0.2"], ["https, http"], "https"),
        ([CLIENT, "10.0.0.2"], ["https", "http"], "https"),
        ([f"6.6.6.6, {CLIENT}"], ["http, https"], "https"),
        # Otherwise the outermost proxy tells.
        ([CLIENT], ["https, http"], "https"),
        ([CLIENT], ["https", "http"], "https"),
        ([], ["https,http"], "https"),
        (["unknown"], ["https"], "https"),
    ],
)
def test_https_at_the_client_is_never_lost_behind_a_plain_hop(
    chain: list[str], protos: list[str], scheme: str
) -> None:
    headers = [("x-forwarded-for", line) for line in chain]
    headers += [("x-forwarded-proto", line) for line in protos]
    assert _seen(*headers)["scheme"] == scheme


@pytest.mark.parametrize(
    ("headers", "host"),
    [
        ({"host": "shop.example.com"}, "shop.example.com"),
        ({"host": "shop.example.com:8443"}, "shop.example.com:8443"),
        ({"host": "shop.example.com, backend:80"}, "shop.example.com"),
        ({"host": "[2001:db8::1]"}, "[2001:db8::1]"),
        ({"port": "8443"}, "api.example.com:8443"),
        ({"port": "80"}, "api.example.com"),
        ({"port": "443"}, "api.example.com:443"),
        ({"port": "443", "proto": "https"}, "api.example.com"),
        ({"port": "80", "proto": "https"}, "api.example.com"),
        ({"port": "8443", "host": "shop.example.com:1"}, "shop.example.com:1"),
        ({"port": "8443", "host": "[2001:db8::1]"}, "[2001:db8::1]:8443"),
        ({"port": "8443, 80"}, "api.example.com:8443"),
        ({"host": ""}, "api.example.com"),
    ],
)
def test_the_public_host_and_port_replace_the_hosts(headers: dict[str, str], host: str) -> None:
    scope = _seen(*((f"x-forwarded-{name}", value) for name, value in headers.items()))
    assert _host(scope) == host
    assert sum(name == b"host" for name, _ in scope["headers"]) == 1


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("proto", "ftp"),
        ("proto", "https://"),
        ("host", "evil.example/x"),
        ("host", "a b"),
        ("host", "user@host"),
        ("host", "höst"),
        ("host", "host:99999"),
        ("host", "host:"),
        ("host", "[::g]"),
        ("port", "0"),
        ("port", "65536"),
        ("port", "-1"),
        ("port", "²"),
        ("port", "8443x"),
        ("prefix", "outer"),
        ("prefix", "/outer//x"),
        ("prefix", "/outer/../x"),
        ("prefix", "//evil.example"),
        ("prefix", "/" + "a" * 256),
        ("prefix", "/\\evil"),
    ],
)
def test_a_malformed_header_of_a_trusted_proxy_is_a_bad_request(name: str, value: str) -> None:
    with pytest.raises(BadRequest):
        _seen((f"x-forwarded-{name}", value))


@pytest.mark.parametrize(
    ("lines", "prefix"),
    [
        ([], ""),
        (["/"], ""),
        (["/outer"], "/outer"),
        (["/outer/"], "/outer"),
        (["/outer", "/items"], "/outer/items"),
        (["/outer, /items"], "/outer/items"),
        (["/outer/,/items/"], "/outer/items"),
        (["/a.b/c~d"], "/a.b/c~d"),
    ],
)
def test_the_prefixes_of_several_hops_are_joined_in_order(lines: list[str], prefix: str) -> None:
    scope = _scope(*(("x-forwarded-prefix", line) for line in lines))
    assert apply_forwarded_headers(scope, TRUSTED) == prefix


def test_a_stranger_is_not_believed_not_even_to_be_malformed() -> None:
    forged = [
        ("x-forwarded-for", "6.6.6.6"),
        ("x-forwarded-proto", "ftp"),
        ("x-forwarded-host", "evil.example"),
        ("x-forwarded-port", "1"),
        ("x-forwarded-prefix", "//evil"),
    ]
    scope = _scope(*forged, peer=(CLIENT, 4711))
    assert apply_forwarded_headers(scope, TRUSTED) == ""
    assert (scope["client"], scope["scheme"]) == ((CLIENT, 4711), "http")
    assert scope["headers"] == [(b"host", b"api.example.com")]


@pytest.mark.parametrize("peer", [(PROXY, 1), (CLIENT, 4711)])
def test_no_forwarding_header_is_left_for_anyone_to_misread(peer: tuple[str, int]) -> None:
    scope = _seen(
        ("accept", "*/*"),
        ("x-forwarded-for", CLIENT),
        ("x-forwarded-user", "admin"),
        ("forwarded", f"for={CLIENT}"),
        ("x-request-id", "abc"),
        peer=peer,
    )
    assert {name for name, _ in scope["headers"]} == {b"host", b"accept", b"x-request-id"}


def test_a_request_names_one_host() -> None:
    with pytest.raises(BadRequest):
        _seen(("host", "evil.example"))
    with pytest.raises(BadRequest, match="names no host"):
        _seen(headers=[])
    # HTTP/1.0 had no Host yet (RFC 9112 section 3.2), and old health checks speak it.
    assert _seen(headers=[], http_version="1.0")["headers"] == []
