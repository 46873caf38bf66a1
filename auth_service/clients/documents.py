"""Clients whose `client_id` is the URL of a document about them (draft-ietf-oauth-client-id-metadata-document).

A document is fetched when a person is sent here by its client, and not by any other request. What it says is kept in
the table of clients, so that all else treats the client as any other, and fetched again when it is no longer fresh.
"""

import asyncio
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta

import structlog

from auth_service.clients.client import Client
from auth_service.clients.metadata import (
    MAX_BYTES,
    InvalidClientMetadata,
    client_of,
    parse_metadata,
)
from auth_service.clients.public_fetch import URL, NotFetched, fetch_public
from auth_service.clients.store import ClientStore, StoredClient
from auth_service.errors import TryLater
from gatehouse_chassis.database.columns import now

FRESH_FOR = timedelta(hours=1)
MAX_URL_CHARS = 100
"""What the columns for a client's id hold."""

MAX_FETCHES = 8
"""That run at once in one worker."""

_FAILURE_KEPT_FOR = 60.0
_MAX_FAILURES = 256
_SECRETS = ("client_secret", "client_secret_expires_at")

log = structlog.get_logger(__name__)


Fetch = Callable[[str], Awaitable[bytes]]


async def fetch_document(url: str) -> bytes:
    """The document at a URL of the public Internet; raises `NotFetched`."""
    return await fetch_public(url, max_bytes=MAX_BYTES)


class DocumentRefused(Exception):
    """The document cannot be fetched or used; `str()` is a sentence for the person who was sent here."""


def is_document_url(client_id: str) -> bool:
    """Whether a client names itself by the URL of a document, whatever the URL is worth."""
    return client_id.startswith("https://")


class ClientDocuments:
    """Finds the clients that are known by a document.

    Args:
        store: where they are kept.
        fetch: fetches a document.
        clock: the current time.
    """

    def __init__(
        self,
        store: ClientStore,
        fetch: Fetch,
        *,
        clock: Callable[[], datetime] = now,
    ) -> None:
        self._store = store
        self._fetch = fetch
        self._clock = clock
        self._running = asyncio.Semaphore(MAX_FETCHES)
        self._failures: OrderedDict[str, tuple[float, str]] = OrderedDict()

    async def find(self, url: str) -> StoredClient:
        """The client that the document at `url` describes.

        Raises:
            DocumentRefused: it cannot be fetched, or describes no client that there can be here.
            TryLater: too many documents are being fetched.
        """
        if len(url) > MAX_URL_CHARS or not URL.fullmatch(url):
            raise DocumentRefused(
                "The application that sent you here names itself by an address that cannot be used."
            )
        known = await self._store.find(url)
        if known and known.document_fresh_until and known.document_fresh_until > self._clock():
            return known
        if self._running.locked():
            raise TryLater("Too many applications are being looked up; try again.", retry_after=5)
        async with self._running:
            client = await self._read(url)
        return await self._store.put_described(client, fresh_until=self._clock() + FRESH_FOR)

    async def _read(self, url: str) -> Client:
        since, reason = self._failures.get(url, (0.0, ""))
        if reason and time.monotonic() - since < _FAILURE_KEPT_FOR:
            raise DocumentRefused(reason)
        try:
            return _described(url, await self._fetch(url))
        except (NotFetched, InvalidClientMetadata) as error:
            log.info("client_document_refused", client=url, cause=str(error))
            reason = f"The application that sent you here describes itself at {url}, and {error}."
        self._failures[url] = time.monotonic(), reason
        self._failures.move_to_end(url)
        if len(self._failures) > _MAX_FAILURES:
            self._failures.popitem(last=False)
        raise DocumentRefused(reason)


def _described(url: str, document: bytes) -> Client:
    members, metadata = parse_metadata(document)
    if members.get("client_id") != url:
        raise InvalidClientMetadata("the document there is about another client_id")
    # Everyone can read the document, so it holds no secret.
    if any(name in members for name in _SECRETS) or members.get(
        "token_endpoint_auth_method", "none"
    ) != ("none"):
        raise InvalidClientMetadata("token_endpoint_auth_method must be none there")
    return client_of(metadata, url, name=url)
