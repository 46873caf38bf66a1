"""The Token Status List (draft-ietf-oauth-status-list-21): one bit for each access token, set when it is revoked."""

import asyncio
import time
import zlib
from base64 import urlsafe_b64encode
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any

import structlog

from auth_service.clients.authentication import ClientNotAuthenticated
from auth_service.errors import TryLater
from auth_service.keys.signing_keys import LONGEST_TOKEN_LIFE, SigningKeys
from auth_service.revocation.store import AccessTokenStore, NewAccessToken
from gatehouse_chassis.auth.access_tokens import Clock
from gatehouse_chassis.auth.status_list import MAX_INDEXES, STATUS_LIST_TYPE
from gatehouse_chassis.auth.status_list import REFRESH_AFTER as TTL

SIZE = MAX_INDEXES
"""Indexes in the list. After the last one the first is used again, once the token that had it is purged."""

RESERVE = 2**16
"""Indexes that a worker keeps free: more than a database adds in `RELOAD_AFTER`, so that no token gets the index of
a live one. At 600 s of life the others are enough for 2 000 new tokens per second."""

RELOAD_AFTER = 1.0
"""Seconds for which a worker takes its list for the current one."""

PURGE_AFTER = timedelta(minutes=5)
"""How long after its end a token may still be asked for, by a service whose clock is behind."""

PURGE_EVERY = 60.0
"""Seconds between two purges; see `auth_service.maintenance.purge`."""

# Of 10 000 scattered bits the highest level takes 78 ms and saves a fifth; this one takes 2 ms.
_COMPRESSION = 4

log = structlog.get_logger(__name__)


class StatusListFull(TryLater):
    """No access token can be issued now."""

    def __init__(self) -> None:
        super().__init__(
            "too many access tokens are alive at once; try again later",
            retry_after=int(PURGE_EVERY),
        )


@dataclass(frozen=True, slots=True)
class PublishedList:
    """A signed Status List Token, and the entity tag of what it says."""

    token: str
    entity_tag: str


class StatusList:
    """Which access tokens are revoked: asked by this service itself, published for the others.

    Args:
        issuer: the `iss` of the tokens; the list is at `<issuer>/status-list`.
        tokens: the tokens that were given out.
        keys: what the list is signed with.
        clock: seconds since the epoch.
    """

    def __init__(
        self,
        issuer: str,
        tokens: AccessTokenStore,
        keys: SigningKeys,
        *,
        clock: Clock = time.time,
    ) -> None:
        self.uri = f"{issuer}/status-list"
        self._tokens = tokens
        self._keys = keys
        self._clock = clock
        self._revoked: frozenset[int] = frozenset()
        self._is_full = False
        self._published: PublishedList | None = None
        self._loaded_at = float("-inf")

    def check_capacity(self) -> None:
        """To be called before anything is used up for a new token.

        Raises:
            StatusListFull: nearly as many tokens live as there are indexes.
        """
        if self._is_full:
            raise StatusListFull

    async def allocate_index(self, token: NewAccessToken) -> int:
        """The number of a token that a client gets for itself, which is stored so that it can be revoked.

        Raises:
            ClientNotAuthenticated: the client was removed, or its secret renewed, since it was authenticated.
        """
        number = await self._tokens.add(token)
        if number is None:
            raise ClientNotAuthenticated("this client was removed, or has a new secret")
        return number

    def reference(self, number: int) -> dict[str, Any]:
        """The claim `status` of the token with this number."""
        return {"status_list": {"idx": number % SIZE, "uri": self.uri}}

    def is_revoked(self, index: int) -> bool:
        """Whether the token with this index is revoked, as this worker learned up to `RELOAD_AFTER` seconds ago."""
        return index in self._revoked

    async def published(self) -> PublishedList:
        """The list as it is now."""
        await self._load()
        key = await self._keys.current()
        entity_tag = _entity_tag(key.kid, self._revoked)
        if self._published is None or self._published.entity_tag != entity_tag:
            # Without `exp`: a service goes by the last list for as long as auth is down.
            claims = {
                "sub": self.uri,
                "iat": int(self._clock()),
                "ttl": int(TTL),
                "status_list": {"bits": 1, "lst": _compressed(self._revoked)},
            }
            self._published = PublishedList(key.sign(STATUS_LIST_TYPE, claims), entity_tag)
        return self._published

    async def keep_fresh(self) -> None:
        """Runs for ever beside the service: learns what was revoked."""
        while True:
            try:
                await self._load()
            except Exception as error:
                # While the database is down nothing can be revoked; what is known so far stays.
                log.warning("status_list_not_loaded", cause=repr(error))
            await asyncio.sleep(RELOAD_AFTER)

    async def purge_expired(self, limit: int) -> int:
        """Deletes those of the `limit` oldest tokens that ended `PURGE_AFTER` ago, and returns how many."""
        before = datetime.fromtimestamp(self._clock(), UTC) - PURGE_AFTER
        return await self._tokens.purge_expired(expired_before=before, limit=limit)

    async def _load(self) -> None:
        # A clock that was set back must not keep the list as it is.
        if 0 <= self._clock() - self._loaded_at < RELOAD_AFTER:
            return
        loaded_at = self._clock()
        now = datetime.fromtimestamp(loaded_at, UTC)
        numbers = await self._tokens.revoked(
            expires_after=now - PURGE_AFTER,
            # The setting may have been longer when a token was given.
            ended_after=now - LONGEST_TOKEN_LIFE - 2 * PURGE_AFTER,
            limit=SIZE,
        )
        self._revoked = frozenset(number % SIZE for number in numbers)
        taken = await self._tokens.span()
        self._is_full = taken > SIZE - RESERVE
        if self._is_full:
            log.error("status_list_full", taken=taken, indexes=SIZE)
        self._loaded_at = loaded_at


def _entity_tag(kid: str, revoked: Iterable[int]) -> str:
    """The same for all workers, whose lists differ in signature and `iat` only; hence weak (RFC 9110 section 8.8.1)."""
    content = f"{kid} {sorted(revoked)}"
    return f'W/"{sha256(content.encode()).hexdigest()[:32]}"'


def _compressed(revoked: Iterable[int]) -> str:
    """The bits, the first token in the lowest one of the first byte, as section 4.1 of the draft packs them."""
    bits = bytearray(SIZE // 8)
    for index in revoked:
        bits[index >> 3] |= 1 << (index & 7)
    return urlsafe_b64encode(zlib.compress(bits, _COMPRESSION)).rstrip(b"=").decode()
