"""Trust: which peers are proxies, and what their X-Forwarded-* headers say about the client.

The headers have no RFC; the meaning given here is the one that most proxies share. `Forwarded`
(RFC 7239) is not read: two sources for one fact could contradict each other.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Self

from starlette.types import Scope

from gatehouse_chassis.http.problems import BadRequest

CAME_THROUGH_A_PROXY = "came_through_a_proxy"
"""In the state of a scope whose headers have been read: whether a proxy had written into them."""

ASKED_OF_THE_PROXY = "asked_of_the_proxy"
"""In the state of a scope by which a trusted proxy asks about another request: that one's method and request target."""

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

# What a public prefix may look like; narrower than RFC 3986, as it ends up in pages and headers.
PREFIX = re.compile(r"(?:/(?!\.{1,2}(?:/|$))[A-Za-z0-9._~-]+)*")
_MAX_PREFIX_LENGTH = 256
_MAX_HOPS = 32
_MAX_KNOWN = 4096  # addresses; asking the networks takes ten times as long as looking here

_HOP_WITH_PORT = re.compile(r"\[([0-9A-Fa-f:.]+)\](?::([0-9]{1,5}))?|([0-9.]+):([0-9]{1,5})")
_AUTHORITY = re.compile(
    rb"(?:[A-Za-z0-9._~-]+|\[(?P<ipv6>[0-9A-Fa-f:.]+)\])(?::(?P<port>[0-9]{1,5}))?"
)
_IS_SECURE = {"http": False, "ws": False, "https": True, "wss": True}
_DEFAULT_PORT = {"http": 80, "ws": 80, "https": 443, "wss": 443}


@lru_cache(maxsize=4096)
def _address(text: str) -> Address | None:
    """Parses an IP address; one of IPv4 that came over an IPv6 socket (::ffff:10.0.0.1) is IPv4."""
    try:
        address = ip_address(text)
    except ValueError:
        return None
    return getattr(address, "ipv4_mapped", None) or address


@dataclass(frozen=True, slots=True)
class TrustedProxies:
    """The peers whose X-Forwarded-* headers are believed. The default is nobody."""

    networks: tuple[Network, ...] = ()
    unix_sockets: bool = False
    _known: dict[str, bool] = field(default_factory=dict, compare=False, repr=False)

    @classmethod
    def parse(cls, text: str) -> Self:
        """Reads addresses, CIDRs and `unix:` (a peer on a unix socket), by commas or spaces.

        Raises ValueError for what could never match a peer, or would match every one; its sentence
        continues the name of the setting.
        """
        entries = text.replace(",", " ").split()
        networks = tuple(_parse_network(entry) for entry in entries if entry != "unix:")
        return cls(networks, unix_sockets="unix:" in entries)

    def trust(self, host: str) -> bool:
        """Whether the machine with the IP address `host` is a trusted proxy."""
        trusted = self._known.get(host)
        if trusted is None:
            address = _address(host)
            trusted = address is not None and any(address in net for net in self.networks)
            if len(self._known) >= _MAX_KNOWN:
                self._known.clear()
            self._known[host] = trusted
        return trusted

    def trust_peer_of(self, scope: Scope) -> bool:
        """Whether the peer of the connection is a trusted proxy; no host means a unix socket."""
        host = (scope.get("client") or ("",))[0]
        return self.trust(host) if host else self.unix_sockets


def _parse_network(entry: str) -> Network:
    if entry == "*":
        raise ValueError(
            "contains '*', which would let every client choose its own address and scheme; write "
            "the addresses of the proxies, such as 127.0.0.1 or 10.0.0.0/8, or unix: for a socket"
        )
    host, slash, _ = entry.partition("/")
    try:
        network = ip_network(entry, strict=False)
        address = ip_address(host)
    except ValueError:
        raise ValueError(
            f"contains {entry!r}, which is no IP address or network (names are not looked up); "
            "write the address of the proxy, such as 172.18.0.2, its network, such as "
            "172.18.0.0/16, or unix: for a unix socket"
        ) from None
    if slash and address != network.network_address:
        raise ValueError(
            f"contains {entry!r}, an address inside a network; write {network} for the whole "
            f"network or {host} for that one address"
        )
    mapped = getattr(network.network_address, "ipv4_mapped", None)
    if mapped is not None and network.prefixlen >= 96:
        return IPv4Network((mapped, network.prefixlen - 96))
    return network


def apply_forwarded_headers(scope: Scope, trusted: TrustedProxies) -> str:
    """Sets client, scheme and host of `scope` to what the client sees; returns the outer prefix.

    `scope` is changed in place: the caller has copied it. X-Forwarded-* and Forwarded leave its
    headers, whoever sent them: the scope now says what they meant, and nothing behind this line can
    believe them a second time or by mistake.

    Raises BadRequest for a trusted proxy's header that is malformed, because a guess would be
    silent, and for a host that is missing or malformed (RFC 9112 section 3.2).
    """
    headers: list[tuple[bytes, bytes]] = []
    hosts: list[bytes] = []
    forwarded: dict[bytes, list[bytes]] = {}
    for header in scope["headers"]:
        name, value = header
        if name.startswith(b"x-forwarded-") or name == b"forwarded":
            forwarded.setdefault(name, []).append(value)
        elif name == b"host":
            hosts.append(value)
        else:
            headers.append(header)

    prefix = ""
    if forwarded and trusted.trust_peer_of(scope):
        chain = _elements(forwarded, b"x-forwarded-for")
        client, hops = _client(chain, trusted)
        if client:
            scope["client"] = client
        if schemes := _elements(forwarded, b"x-forwarded-proto"):
            scope["scheme"] = _scheme(scope, _at_client(schemes, chain, hops))
        if names := _elements(forwarded, b"x-forwarded-host"):
            hosts = [_at_client(names, chain, hops).encode("latin-1")]
        if ports := _elements(forwarded, b"x-forwarded-port"):
            hosts = _with_port(hosts, _at_client(ports, chain, hops), scope.get("scheme", "http"))
        if pieces := _elements(forwarded, b"x-forwarded-prefix"):
            prefix = _prefix(pieces)
        if targets := forwarded.get(b"x-forwarded-uri"):
            methods = _elements(forwarded, b"x-forwarded-method") or [scope.get("method", "GET")]
            asked = (methods[-1], targets[-1].decode("latin-1"))
            scope["state"] = {**scope.get("state", {}), ASKED_OF_THE_PROXY: asked}

    if hosts:
        if len(hosts) > 1 or not _is_authority(hosts[0]):
            raise BadRequest("The request must name one host, as host or host:port.")
        headers.append((b"host", hosts[0]))
    elif scope.get("http_version") != "1.0":
        raise BadRequest("The request names no host.")
    scope["headers"] = headers
    return prefix


def came_through_a_proxy(scope: Scope) -> bool:
    """Whether any proxy that says so has passed the request on (a scraper inside the network is none)."""
    known = scope.get("state", {}).get(CAME_THROUGH_A_PROXY)
    if known is not None:
        return bool(known)
    return any(name in (b"x-forwarded-for", b"forwarded", b"via") for name, _ in scope["headers"])


def _elements(forwarded: dict[bytes, list[bytes]], name: bytes) -> list[str]:
    """The elements of a comma list, which may go over several lines (RFC 9110 section 5.3)."""
    lines = forwarded.get(name)
    if lines is None:
        return []
    text = b",".join(lines).decode("latin-1")
    return [element for part in text.split(",") if (element := part.strip())]


def _client(chain: Sequence[str], trusted: TrustedProxies) -> tuple[tuple[str, int] | None, int]:
    """The client and its distance in hops: going outwards, the first address that is not trusted.

    Entries further out were written by the client itself and prove nothing. An entry that is no
    address ends the walk at the last good one.
    """
    client = None
    hops = 0
    for entry in reversed(chain[-_MAX_HOPS:]):
        hop = _hop(entry)
        if hop is None:
            break
        client, hops = hop, hops + 1
        if not trusted.trust(hop[0]):
            break
    return client, hops


@lru_cache(maxsize=1024)
def _hop(entry: str) -> tuple[str, int] | None:
    """Parses `ip`, `ip:port`, `[ipv6]` or `[ipv6]:port`; the port is 0 where none is given."""
    host, port = entry, 0
    if match := _HOP_WITH_PORT.fullmatch(entry):
        host, port = match[1] or match[3], int(match[2] or match[4] or 0)
    address = _address(host)
    # A zone (fe80::1%eth0) may hold any text and has a meaning on the proxy's machine only.
    if address is None or "%" in host or port > 65535:
        return None
    return str(address), port


def _at_client(values: Sequence[str], chain: Sequence[str], hops: int) -> str:
    """Of a value per hop, the one that belongs to the hop which saw the client.

    Proxies that append to X-Forwarded-For and to this header make lists of equal length: then the
    value stands where the client stands. Otherwise nothing ties the two together, and the leftmost
    is what the outermost proxy saw; the rightmost would silently turn https into http wherever a
    plain proxy stands behind the one that ends TLS.
    """
    return values[len(chain) - hops] if hops and len(values) == len(chain) else values[0]


def _scheme(scope: Scope, forwarded: str) -> str:
    secure = _IS_SECURE.get(forwarded.lower())
    if secure is None:
        raise BadRequest("X-Forwarded-Proto must be http, https, ws or wss.")
    return ("ws" if scope["type"] == "websocket" else "http") + ("s" if secure else "")


def _with_port(hosts: Sequence[bytes], port: str, scheme: str) -> list[bytes]:
    if not (port.isascii() and port.isdigit() and len(port) <= 5 and 1 <= int(port) <= 65535):
        raise BadRequest("X-Forwarded-Port must be a number from 1 to 65535.")
    # A proxy that ends TLS in front of a plain one says https and the port 80 of the other: the scheme is right.
    inner = scheme in ("https", "wss") and int(port) == _DEFAULT_PORT["http"]
    if inner or int(port) == _DEFAULT_PORT[scheme]:
        return list(hosts)
    return [host if _has_port(host) else b"%s:%d" % (host, int(port)) for host in hosts]


def _has_port(host: bytes) -> bool:
    return b":" in host.rpartition(b"]")[2]


@lru_cache(maxsize=1024)
def _is_authority(value: bytes) -> bool:
    match = _AUTHORITY.fullmatch(value)
    if match is None or int(match["port"] or 0) > 65535:
        return False
    return match["ipv6"] is None or isinstance(_address(match["ipv6"].decode()), IPv6Address)


def _prefix(pieces: Sequence[str]) -> str:
    prefix = "".join(piece.removesuffix("/") for piece in pieces)
    if len(prefix) > _MAX_PREFIX_LENGTH or not PREFIX.fullmatch(prefix):
        raise BadRequest(
            "X-Forwarded-Prefix must be a path such as /outer, made of letters, digits and . _ ~ - "
            "between slashes."
        )
    return prefix
