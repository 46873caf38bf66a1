"""Documents of the issuer: fetched over HTTP, kept on disk."""

import os
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from ssl import PROTOCOL_TLS_CLIENT, SSLContext

import httpx2

TIMEOUT = 5.0
"""Seconds that one fetch may take in all."""


class NotModified(Exception):
    """The document is still the one that is known."""


@dataclass(frozen=True, slots=True)
class Document:
    """What the issuer answered."""

    content: bytes
    entity_tag: str | None


def http_client(url: str) -> httpx2.AsyncClient:
    """A client for fetches from `url`: redirects are not followed."""
    # Without TLS no certificates are needed, which take 4 MB of each worker; a context without any trusts nobody.
    tls = _certificates() if url.startswith("https:") else SSLContext(PROTOCOL_TLS_CLIENT)
    # Proxies from the environment are for the world outside; the issuer is a neighbour.
    return httpx2.AsyncClient(verify=tls, timeout=TIMEOUT, trust_env=False, follow_redirects=False)


@cache
def _certificates() -> SSLContext:
    # Reading them takes 30 ms, in which the worker would answer nobody, at every fetch.
    return httpx2.create_ssl_context()


async def fetch(
    client: httpx2.AsyncClient, url: str, *, max_bytes: int, known: str | None = None
) -> Document:
    """The document at `url`.

    Raises:
        NotModified: it is still the one with the entity tag `known`.
        ValueError: the answer is neither 200 nor such a 304, or has more than `max_bytes`.
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
    """Writes the file as a whole or not at all, whatever other workers do at that moment. Raises `OSError`."""
    scratch = file.with_suffix(f".{os.getpid()}")
    file.parent.mkdir(parents=True, exist_ok=True)
    scratch.write_bytes(content)
    scratch.replace(file)
