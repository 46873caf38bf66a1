"""Fetches from addresses that strangers name, so that none of them leads to the inside of this network (SSRF).

The name is resolved once, every address that it has must be public, and the connection goes to the address that was
checked: a name that means another one a moment later (DNS rebinding) gains nothing. TLS checks the name. No redirect is
followed, and neither bytes nor seconds are without a bound.
"""

import asyncio
import re
import socket
from collections.abc import Awaitable, Callable, Sequence
from ipaddress import IPv4Address, IPv6Network, ip_address
from urllib.parse import urlsplit

import httpx2

from gatehouse_chassis.auth.issuer_documents import http_client

SECONDS = 5.0
"""That a whole fetch may take."""

# A name with a dot and without a port: neither an IP address nor a name of this network.
URL = re.compile(
    r"https://(?:[a-z0-9](?:[a-z0-9-]*[a-z0-9])?\.)+[a-z](?:[a-z0-9-]*[a-z0-9])?"
    r"(?:/(?!\.{1,2}(?:/|\Z))[A-Za-z0-9._~-]+)+"
)

# All public addresses of IPv6, but for those that stand for one of IPv4: Teredo and 6to4. Mapped ones and NAT64 are
# outside of it.
_GLOBAL_UNICAST = IPv6Network("2000::/3")
_STANDS_FOR_IPV4 = (IPv6Network("2001::/32"), IPv6Network("2002::/16"))

Resolve = Callable[[str], Awaitable[Sequence[str]]]


class NotFetched(Exception):
    """The document cannot be had; `str()` is a clause that says why."""


def is_public(address: str) -> bool:
    """Whether the whole Internet knows this address by the same meaning."""
    try:
        ip = ip_address(address)
    except ValueError:
        return False
    if not ip.is_global or ip.is_multicast or ip.is_reserved:
        return False
    if isinstance(ip, IPv4Address):
        return True
    return ip in _GLOBAL_UNICAST and not any(ip in network for network in _STANDS_FOR_IPV4)


async def resolve(host: str) -> list[str]:
    """The addresses of a name."""
    loop = asyncio.get_running_loop()
    found = await loop.getaddrinfo(host, 443, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(address[0]) for *_, address in found))


async def fetch_public(
    url: str,
    *,
    max_bytes: int,
    resolve: Resolve = resolve,
    new_client: Callable[[str], httpx2.AsyncClient] = http_client,
) -> bytes:
    """The JSON document at an https URL of the public Internet.

    Args:
        resolve: finds the addresses of a name.
        new_client: makes the HTTP client; tests pass a fake transport.

    Raises:
        NotFetched: it is not there, not public, not JSON, too long or too slow.
    """
    if not URL.fullmatch(url):
        raise NotFetched("its URL is not of the form https://app.example/client.json")
    try:
        async with asyncio.timeout(SECONDS):
            return await _fetch(url, max_bytes, resolve, new_client)
    except TimeoutError:
        raise NotFetched(f"its server did not answer within {SECONDS:g} s") from None
    except (OSError, httpx2.HTTPError, httpx2.InvalidURL, UnicodeError):
        # The cause could tell a stranger what this network can reach.
        raise NotFetched("its server cannot be reached") from None


async def _fetch(
    url: str, max_bytes: int, resolve: Resolve, new_client: Callable[[str], httpx2.AsyncClient]
) -> bytes:
    at = urlsplit(url)
    addresses = await resolve(at.netloc)
    if not addresses or not all(map(is_public, addresses)):
        raise NotFetched("its server cannot be reached")
    address = addresses[0]
    host = f"[{address}]" if ":" in address else address
    headers = {"Host": at.netloc, "Accept": "application/json", "Accept-Encoding": "identity"}
    async with (
        new_client(url) as client,
        client.stream(
            "GET",
            f"https://{host}{at.path}",
            headers=headers,
            follow_redirects=False,
            extensions={"sni_hostname": at.netloc},
        ) as answer,
    ):
        if answer.status_code != 200:
            raise NotFetched(f"its server answered {answer.status_code}")
        kind = answer.headers.get("content-type", "").partition(";")[0].strip().lower()
        if kind != "application/json" and not kind.endswith("+json"):
            raise NotFetched("it is not of the type application/json")
        if answer.headers.get("content-encoding", "identity").lower() != "identity":
            raise NotFetched("it is compressed")
        content = b""
        async for chunk in answer.aiter_bytes():
            content += chunk
            if len(content) > max_bytes:
                raise NotFetched(f"it has more than {max_bytes} bytes")
    return content
