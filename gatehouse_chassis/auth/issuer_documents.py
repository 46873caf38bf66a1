"""Documents of the issuer (its keys, its status list): fetched over HTTP, kept on disk."""

import os
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from ssl import PROTOCOL_TLS_CLIENT, SSLContext

import httpx2

TIMEOUT = 5.0
"""Seconds that one whole fetch may take."""


class NotModified(Exception):
    """The document has not changed (RFC 9110 section 15.4.5)."""


@dataclass(frozen=True, slots=True)
class Document:
    """What the issuer answered, and its entity tag."""

    content: bytes
    entity_tag: str | None


def http_client(url: str) -> httpx2.AsyncClient:
    """A client for fetches from `url`: redirects are not followed."""
    # CA certificates take 4 MB of each worker; plain HTTP needs none, and a context without any trusts no server.
    tls = _certificates() if url.startswith("https:") else SSLContext(PROTOCOL_TLS_CLIENT)
    # HTTP_PROXY and its kin are for the Internet; the issuer is on the same network.
    return httpx2.AsyncClient(verify=tls, timeout=TIMEOUT, trust_env=False, follow_redirects=False)


@cache
def _certificates() -> SSLContext:
    # Reading the certificates blocks the event loop for 30 ms: once, not at every fetch.
    return httpx2.create_ssl_context()


async def fetch(
    client: httpx2.AsyncClient, url: str, *, max_bytes: int, known: str | None = None
) -> Document:
    """The document at `url`.

    Raises:
        NotModified: it still has the entity tag `known`.
        ValueError: the answer is neither 200 nor that 304, or is longer than `max_bytes`.
    """
    headers = {"If-None-Match": known} if known else {}
    async with client.stream("GET", url, headers=headers) as response:
        if known and response.status_code == 304:
            raise NotModified
        if response.status_code != 200:
            raise ValueError(f"{url} answered {response.status_code}")
        content = b""
        async for chunk in response.aiter_bytes():
            content += chunk
            if len(content) > max_bytes:
                raise ValueError(f"{url} answered more than {max_bytes} bytes")
    return Document(content, response.headers.get("etag"))


def keep(file: Path, content: bytes) -> None:
    """Replaces the file in one step, so that other workers never read half of it. Raises `OSError`."""
    scratch = file.with_suffix(f".{os.getpid()}")
    file.parent.mkdir(parents=True, exist_ok=True)
    scratch.write_bytes(content)
    scratch.replace(file)
