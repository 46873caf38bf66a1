"""Finding an issuer's documents by its metadata: RFC 8414, or OpenID Connect Discovery 1.0."""

import json
import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import httpx2

from gatehouse_chassis.auth.issuer_documents import fetch

_MAX_DOCUMENT_BYTES = 65_536

log = logging.getLogger(__name__)


class IssuerNotFound(Exception):
    """No metadata of the issuer can be used; `str()` says what each address answered."""


@dataclass(frozen=True, slots=True)
class IssuerDocuments:
    """Where an issuer publishes what a resource server needs.

    Attributes:
        jwks_url: its keys (`jwks_uri`).
        status_list_url: its Token Status List; None when it has none, or several.
        status_list_uri: what tokens call that list, where that is another address.
    """

    jwks_url: str
    status_list_url: str | None = None
    status_list_uri: str | None = None


def metadata_urls(issuer: str) -> list[str]:
    """Where the metadata of an issuer may be, in the order in which clients look.

    RFC 8414 section 3.1 puts the well-known part before the issuer's path, OpenID Connect Discovery section 4 after it.
    """
    url = urlsplit(issuer)
    origin, path = f"{url.scheme}://{url.netloc}", url.path.rstrip("/")
    oauth, openid = "/.well-known/oauth-authorization-server", "/.well-known/openid-configuration"
    below = origin + path
    urls = (origin + oauth + path, origin + openid + path, below + openid, below + oauth)
    return list(dict.fromkeys(urls))


async def find_documents(
    issuer: str,
    new_client: Callable[[str], httpx2.AsyncClient],
    *,
    metadata_url: str | None = None,
) -> IssuerDocuments:
    """Reads the issuer's metadata where it is published.

    Args:
        metadata_url: looks there alone.

    Raises:
        IssuerNotFound: none of the addresses has metadata of exactly this issuer (RFC 8414 section 3.3).
    """
    reasons = []
    for url in [metadata_url] if metadata_url else metadata_urls(issuer):
        try:
            async with new_client(url) as client:
                metadata = await _read(client, url)
                jwks_url = _checked(metadata, issuer)
                return IssuerDocuments(jwks_url, await _status_list(client, metadata, issuer))
        except Exception as error:  # whatever an address answers, the next one may be right
            reasons.append(f"{url}: {error or type(error).__name__}")
    raise IssuerNotFound(f"no metadata of {issuer} ({'; '.join(reasons)})")


async def _read(client: httpx2.AsyncClient, url: str) -> dict[str, Any]:
    document = await fetch(client, url, max_bytes=_MAX_DOCUMENT_BYTES)
    metadata = json.loads(document.content)
    if not isinstance(metadata, dict):
        raise ValueError("it is no JSON object")
    return metadata


def _checked(metadata: dict[str, Any], issuer: str) -> str:
    """The `jwks_uri`, when the document is about this issuer."""
    if metadata.get("issuer") != issuer:
        raise ValueError(f"it is about the issuer {metadata.get('issuer')!r}")
    jwks_url = metadata.get("jwks_uri")
    if not _may_be_fetched(jwks_url, issuer):
        raise ValueError(f"its jwks_uri is {jwks_url!r}")
    return str(jwks_url)


async def _status_list(
    client: httpx2.AsyncClient, metadata: dict[str, Any], issuer: str
) -> str | None:
    """The one status list of the issuer (draft-ietf-oauth-status-list-21 section 9.1)."""
    url = metadata.get("status_list_aggregation_endpoint")
    if not _may_be_fetched(url, issuer):
        return None
    lists = (await _read(client, str(url))).get("status_lists")
    if not isinstance(lists, list) or len(lists) != 1 or not _may_be_fetched(lists[0], issuer):
        log.warning("status_list_not_used: %s names not one list: %.200r", url, lists)
        return None
    return str(lists[0])


def _may_be_fetched(url: object, issuer: str) -> bool:
    """An issuer with https does not send its readers to plain http."""
    schemes = ("https://",) if urlsplit(issuer).scheme == "https" else ("https://", "http://")
    return isinstance(url, str) and url.startswith(schemes)
