"""Which access tokens are revoked: a Token Status List (draft-ietf-oauth-status-list-21), fetched in the background.

A request costs one bit test. While auth is down the last list stands, also after a restart: it is kept on disk.
"""

import asyncio
import time
import zlib
from base64 import urlsafe_b64decode
from binascii import Error as Base64Error
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import httpx2
import structlog

from gatehouse_chassis.auth.access_tokens import Clock, InvalidToken, VerificationKeys, read_signed
from gatehouse_chassis.auth.issuer_documents import TIMEOUT, NotModified, fetch, http_client, keep

STATUS_LIST_TYPE = "statuslist+jwt"
MEDIA_TYPE = f"application/{STATUS_LIST_TYPE}"

REFRESH_AFTER = 2.0
"""Seconds between two fetches. With the second for which auth may answer from memory, a revocation is seen within 4."""

FIRST_RETRY_AFTER = 0.25
"""Seconds between two tries while there is no list at all: services start side by side."""

MAX_INDEXES = 2**21
"""Tokens that a list may have places for."""

# A full list of random bits, base64 inside base64, and a little for the rest.
_MAX_DOCUMENT_BYTES = MAX_INDEXES // 8 * 16 // 9 + 4096

log = structlog.get_logger(__name__)


class StatusListUnavailable(Exception):
    """No status list was ever fetched."""


class StatusList:
    """The revoked tokens of one issuer.

    Where no list could be had yet, no token counts as revoked: the keys, without which nothing is accepted, come from
    the same place, and a token that was revoked lives on for minutes only.

    Args:
        url: where the list is fetched. Redirects are not followed.
        uri: what its `sub` and the tokens call it: the same place as the public names it.
        kept_in: the file that holds the last good list.
        keys: the issuer's keys.
        client: makes the HTTP client; tests give a fake transport.
        clock: seconds since the epoch.
        timeout: seconds that one fetch may take in all.
        refresh_after: seconds between two fetches.
    """

    def __init__(
        self,
        url: str,
        *,
        uri: str,
        kept_in: Path,
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

    def is_revoked(self, index: int) -> bool:
        """Whether the token with this place is revoked; a place outside of the list is no good token's."""
        if self._bits is None:
            return False
        byte = index >> 3
        return byte >= len(self._bits) or bool(self._bits[byte] >> (index & 7) & 1)

    async def check(self) -> None:
        """Raises `StatusListUnavailable` when nobody can tell what is revoked."""
        if self._bits is None:
            raise StatusListUnavailable(f"no status list from {self._url}")

    async def keep_fresh(self) -> None:
        """Runs for ever beside the service: fetches the list ahead of need."""
        await self._load()
        async with self._new_client() as client:
            while True:
                await self._refresh(client)
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
            keep(self._kept_in, document.content)
        except NotModified:
            self._fetches_fail = False
        except Exception as error:
            # Said once for each outage: a line every two seconds would drown the rest.
            write = log.debug if self._fetches_fail else log.warning
            write("status_list_not_fetched", url=self._url, cause=repr(error))
            self._fetches_fail = True
        else:
            self._fetches_fail = False

    async def _load(self) -> None:
        if not self._kept_in.exists():
            return
        try:
            self._bits = await self._read(self._kept_in.read_bytes())
        except Exception as error:
            # A damaged file is worth no more than none: the issuer is asked anyway.
            log.warning("kept_status_list_unreadable", file=str(self._kept_in), cause=repr(error))

    async def _read(self, document: bytes) -> bytes:
        """The bits of a Status List Token, after the checks of section 8.3 of the draft.

        Raises:
            InvalidToken: it is not a list of this issuer for these tokens.
            KeysUnavailable: nobody can tell.
        """
        token = document.decode("ascii", "replace")
        signed = await read_signed(token, token_type=STATUS_LIST_TYPE, keys=self._keys)
        claims = signed.claims
        if claims.get("sub") != self.uri:
            raise InvalidToken("the list is about other tokens")
        expires_at = claims.get("exp", float("inf"))
        if not isinstance(expires_at, int | float) or expires_at <= self._clock():
            raise InvalidToken("the list expired")
        return _unpack(claims.get("status_list"))


def _unpack(status_list: Any) -> bytes:
    if not isinstance(status_list, dict) or status_list.get("bits") != 1:
        raise InvalidToken("the list has not one bit for each token")
    packed = status_list.get("lst")
    if not isinstance(packed, str):
        raise InvalidToken("the list is missing")
    inflate = zlib.decompressobj()
    try:
        # With a bound: a few kilobytes can unpack to gigabytes.
        bits = inflate.decompress(urlsafe_b64decode(packed + "=="), MAX_INDEXES // 8)
    except (Base64Error, ValueError, zlib.error):
        raise InvalidToken("the list cannot be unpacked") from None
    if not (bits and inflate.eof):
        raise InvalidToken("the list cannot be unpacked")
    return bits
