"""What is wrong with the settings that the whole stack has in common: `make up` says all of it at once.

Those of one service are read and checked by the service itself. nginx's are checked by proxy/gateway/start.sh too,
which runs without this package.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from ipaddress import ip_address, ip_network

from gatehouse_chassis.services import ServiceEntry

_LABEL = r"[A-Za-z0-9_](?:[A-Za-z0-9_-]*[A-Za-z0-9_])?"
_HOST = re.compile(rf"(?:\*\.)?{_LABEL}(?:\.{_LABEL})*|\[[0-9A-Fa-f:.]+\]")
_NETWORKS = ("GATEHOUSE_TRUSTED_PROXIES", "GATEHOUSE_RATE_LIMIT_EXEMPT")
_HOSTS = "GATEHOUSE_ALLOWED_HOSTS"


def problems(environment: Mapping[str, str], services: Mapping[str, ServiceEntry]) -> list[str]:
    """A sentence for each variable that cannot be used: what it is, what it must be, and an example."""
    return [*_wrong(environment, services).values()]


def usable(environment: Mapping[str, str], services: Mapping[str, ServiceEntry]) -> dict[str, str]:
    """The variables without those that cannot be used."""
    wrong = _wrong(environment, services)
    return {name: value for name, value in environment.items() if name not in wrong}


def _wrong(environment: Mapping[str, str], services: Mapping[str, ServiceEntry]) -> dict[str, str]:
    own = [service for service in services.values() if service.is_ours]
    found = {name: value for name, value in environment.items() if value}
    reasons = {
        # The services take the ports after nginx's, so the last ones of all cannot be chosen.
        "GATEHOUSE_PORT": _port(found.get("GATEHOUSE_PORT", "8080"), 65535 - len(own)),
        "GATEHOUSE_BIND": _address(found.get("GATEHOUSE_BIND", "127.0.0.1")),
        **{name: _networks(found.get(name, "")) for name in _NETWORKS},
        _HOSTS: _hosts(found.get(_HOSTS, "")),
    }
    for service in own:
        bind, prefix = (f"{service.variable_prefix}{name}" for name in ("BIND", "ROOT_PATH"))
        reasons[bind] = _bind(found.get(bind, "127.0.0.1:1"))
        # An empty one is a prefix too, and another than the list's.
        reasons[prefix] = _prefix(environment.get(prefix, service.prefix), service.prefix)
    return {
        name: f"{name} is {environment[name]!r}, but {reason}"
        for name, reason in reasons.items()
        if reason
    }


def _port(text: str, last: int) -> str:
    if text.isascii() and text.isdigit() and 1 <= int(text) <= last:
        return ""
    return f"a port is a number from 1 to {last}: GATEHOUSE_PORT=9000"


def _address(text: str) -> str:
    if _can_be(ip_address, text):
        return ""
    return "it must be an IP address: GATEHOUSE_BIND=127.0.0.1 for this machine alone, 0.0.0.0 for every network"


def _networks(text: str) -> str:
    for network in _words(text):
        # A netmask after the slash would be one to Python, and none to nginx.
        if "." in network.partition("/")[2] or not _can_be(_network, network):
            return f"{network!r} is neither an IP address nor a network, such as 10.0.0.0/8 or fd00::/8"
    return ""


def _hosts(text: str) -> str:
    for host in _words(text):
        if not _HOST.fullmatch(host):
            return f"{host!r} is no host without a port, such as api.example.com or *.example.com"
    return ""


def _bind(text: str) -> str:
    host, _, port = text.rpartition(":")
    if host and not _port(port, 65535):
        return ""
    return "it must be host:port, such as 127.0.0.1:8001"


def _prefix(text: str, listed: str) -> str:
    if text.rstrip("/") == listed:
        return ""
    return (
        f"in this stack it can only be {listed}, because services.toml says so to nginx, the portal and the tokens' "
        "issuer: unset it and change the prefix there, or put another one around the whole stack with "
        "GATEHOUSE_PUBLIC_URL"
    )


def _words(text: str) -> Iterator[str]:
    yield from text.replace(",", " ").split()


def _network(text: str) -> object:
    return ip_network(text, strict=False)


def _can_be(kind: Callable[[str], object], text: str) -> bool:
    try:
        kind(text)
    except ValueError:
        return False
    return "%" not in text
