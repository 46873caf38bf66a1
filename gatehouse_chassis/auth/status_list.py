"""Which access tokens are revoked: a Token Status List (draft-ietf-oauth-status-list-21), fetched in the background.

A request costs one bit test. While auth is down the last list stays valid, also after a restart: it is kept on disk.
"""

import asyncio
import logging
import time
import zlib
from base64 import urlsafe_b64decode
from binascii import Error as Base64Error
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import httpx2

from gatehouse_chassis.auth.access_tokens import Clock, InvalidToken, VerificationKeys, read_signed
from gatehouse_chassis.auth.issuer_documents import TIMEOUT, NotModified, fetch, http_client, keep

STATUS_LIST_TYPE = "statuslist+jwt"
MEDIA_TYPE = f"application/{STATUS_LIST_TYPE}"

REFRESH_AFTER = 2.0
"""Seconds between two fetches. Auth may answer from memory for 1 s, so a revocation takes effect within 4 s."""

FIRST_RETRY_AFTER = 0.25
"""Seconds between two fetches while there is no list at all: all services start together."""

MAX_INDEXES = 2**21
"""Tokens that one list may cover."""

# A full list of random bits, in base64 twice, and a little for the rest.
_MAX_DOCUMENT_BYTES = MAX_INDEXES // 8 * 16 // 9 + 4096

log = logging.getLogger(__name__)


class StatusListUnavailable(Exception):
    """No status list has been fetched yet."""


class StatusList:
    """The revoked tokens of one issuer.

    As long as no list has been fetched, no token counts as revoked: the keys, without which no token is accepted, come
    from the same service, and a revoked token lives for some minutes only.

    Args:
        url: where the list is fetched. Redirects are not followed.
        uri: its public address, as its `sub` and the tokens give it.
        kept_in: the file with the last good list; None for no file.
        keys: the issuer's keys.
        client: makes the HTTP client; tests pass a fake transport.
        clock: seconds since the epoch.
        timeout: seconds that one whole fetch may take.
        refresh_after: seconds between two fetches.
    """

    def __init__(
        self,
        url: str,
        *,
        uri: str,
        kept_in: Path | None,
        keys: VerificationKeys,
        client: Callable[[], httpx2.AsyncClient] | None = None,
        clock: Clock = time.time,
        timeout: float = TIMEOUT,
        refresh_after: float = REFRESH_AFTER,
    ) -> None:
        self.uri = uri
        self._url = url
        self._kept_in = kept_in
        self._keys = keys
        self._new_client = client or partial(http_client, url)
        self._clock = clock
        self._timeout = timeout
        self._refresh_after = refresh_after
        self._bits: bytes | None = None
        self._entity_tag: str | None = None
        self._fetches_fail = False
        self._tried = asyncio.Event()

    def is_revoked(self, index: int) -> bool:
        """Whether the token with this index is revoked. An index outside of the list counts as revoked."""
        if self._bits is None:
            return False
        byte = index >> 3
        return byte >= len(self._bits) or bool(self._bits[byte] >> (index & 7) & 1)

    async def check(self) -> None:
        """Raises `StatusListUnavailable` as long as there is no list."""
        if self._bits is None:
            raise StatusListUnavailable(f"no status list from {self._url}")

    async def first_try(self) -> None:
        """Returns when there is a list, or the first try to fetch one has failed."""
        await self._tried.wait()

    async def keep_fresh(self) -> None:
        """Fetches the list in the background, for as long as the service runs."""
        await self._load()
        if self._bits is not None:
            self._tried.set()
        async with self._new_client() as client:
            while True:
                await self._refresh(client)
                self._tried.set()
                await asyncio.sleep(
                    FIRST_RETRY_AFTER if self._bits is None else self._refresh_after
                )

    async def _refresh(self, client: httpx2.AsyncClient) -> None:
        try:
            async with asyncio.timeout(self._timeout):
                document = await fetch(
                    client, self._url, max_bytes=_MAX_DOCUMENT_BYTES, known=self._entity_tag
                )
            self._bits = await self._read(document.content)
            self._entity_tag = document.entity_tag
            if self._kept_in:
                keep(self._kept_in, document.content)
        except NotModified:
            self._fetches_fail = False
        except Exception as error:
            # One warning for each outage: a line every two seconds would hide the other lines.
            write = log.debug if self._fetches_fail else log.warning
            write("status_list_not_fetched: %s: %r", self._url, error)
            self._fetches_fail = True
        else:
            self._fetches_fail = False

    async def _load(self) -> None:
        if self._kept_in is None or not self._kept_in.exists():
            return
        try:
            self._bits = await self._read(self._kept_in.read_bytes())
        except Exception as error:
            # A damaged file counts as none: the list is fetched anyway.
            log.warning("kept_status_list_unreadable: %s: %r", self._kept_in, error)

    async def _read(self, document: bytes) -> bytes:
        """The bits of a Status List Token, after the checks of section 8.3 of the draft.

        Raises:
            InvalidToken: it is not the list of this issuer's tokens, or has expired.
            KeysUnavailable: it cannot be checked now.
        """
        token = document.decode("ascii", "replace")
        signed = await read_signed(token, token_type=STATUS_LIST_TYPE, keys=self._keys)
        claims = signed.claims
        if claims.get("sub") != self.uri:
            raise InvalidToken("the list is about other tokens")
        expires_at = claims.get("exp", float("inf"))
        if not isinstance(expires_at, int | float) or expires_at <= self._clock():
            raise InvalidToken("the list has expired")
        return _unpack(claims.get("status_list"))


def _unpack(status_list: Any) -> bytes:
    if not isinstance(status_list, dict) or status_list.get("bits") != 1:
        raise InvalidToken("the list does not have one bit per token")
    packed = status_list.get("lst")
    if not isinstance(packed, str):
        raise InvalidToken("the list is missing")
    inflate = zlib.decompressobj()
    try:
        # With a limit: a few kilobytes can unpack to gigabytes.
        bits = inflate.decompress(urlsafe_b64decode(packed + "=="), MAX_INDEXES // 8)
    except (Base64Error, ValueError, zlib.error):
        raise InvalidToken("the list cannot be unpacked") from None
    if not (bits and inflate.eof):
        raise InvalidToken("the list cannot be unpacked")
    return bits
