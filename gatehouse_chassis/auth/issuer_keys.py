"""The issuer's public keys: fetched from its JWK Set (RFC 7517) in the background, and kept while auth is down."""

import asyncio
import json
import logging
import re
import time
from collections.abc import Callable, Collection, Mapping
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any, cast

import httpx2
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from jwt import InvalidKeyError

from gatehouse_chassis.auth.access_tokens import (
    ALGORITHMS,
    DEFAULT_ALGORITHMS,
    MIN_RSA_BITS,
    Clock,
    KeysUnavailable,
    PublicKey,
    VerificationKey,
)
from gatehouse_chassis.auth.issuer_documents import TIMEOUT, fetch, http_client, keep

REFRESH_AFTER = 60.0
"""Seconds between two fetches. Auth publishes a key for longer than this before it signs with it."""

RETRY_AFTER = 10.0
"""Seconds after a fetch, failed or not, in which an unknown key id causes no other fetch."""

FIRST_RETRY_AFTER = 0.25
"""Seconds until a failed fetch is repeated, doubled each time up to `RETRY_AFTER`: all services start together."""

TRUST_FOR = 24 * 3600.0
"""Seconds for which keys are trusted while auth is down; after that no token is accepted."""

_MAX_DOCUMENT_BYTES = 65_536
# Both numbers of a point have 32 bytes, leading zeros included (RFC 7518 section 6.2.1.2).
_COORDINATE = re.compile(r"[A-Za-z0-9_-]{43}")
# Of at most 4096 bits: the work of a check grows with the square of the length.
_MODULUS = re.compile(r"[A-Za-z0-9_-]{342,683}")

log = logging.getLogger(__name__)


class IssuerKeys:
    """Public keys by key id: fetched ahead of need, one fetch at a time, kept on disk, trusted for a bounded time.

    Args:
        url: the issuer's `jwks_uri`. Redirects are not followed.
        kept_in: the file with the last good document, so that a service can start while the issuer is down; None
            for no file.
        client: makes the HTTP client; tests pass a fake transport.
        algorithms: those for which keys are taken. A key that does not say which it is for must leave no choice among
            them.
        refresh_after: seconds between two fetches.
        clock: seconds since the epoch.
        timeout: seconds that one whole fetch may take.
    """

    def __init__(
        self,
        url: str,
        kept_in: Path | None,
        *,
        algorithms: Collection[str] = DEFAULT_ALGORITHMS,
        client: Callable[[], httpx2.AsyncClient] | None = None,
        refresh_after: float = REFRESH_AFTER,
        clock: Clock = time.time,
        timeout: float = TIMEOUT,
    ) -> None:
        self._url = url
        self._kept_in = kept_in
        self._algorithms = frozenset(algorithms)
        self._new_client = client or partial(http_client, url)
        self._refresh_after = refresh_after
        self._clock = clock
        self._timeout = timeout
        self._keys: dict[str, VerificationKey] = {}
        self._fetched_at = float("-inf")
        self._tried_at = float("-inf")
        self._flight: asyncio.Task[None] | None = None

    async def find(self, kid: str) -> VerificationKey | None:
        """The key with this id. An unknown id causes a fetch, at most one in `RETRY_AFTER` seconds.

        Raises:
            KeysUnavailable: no fetch succeeded, or the last one is longer ago than `TRUST_FOR`.
        """
        if kid not in self._keys and (self._flight or self._may_fetch()):
            await self.refresh()
        await self.check()
        return self._keys.get(kid)

    def is_withdrawn(self, kid: str) -> bool:
        """Whether the document of the last fetch lacks this key."""
        return kid not in self._keys

    async def check(self) -> None:
        """Raises `KeysUnavailable` when no token can be checked."""
        if not (self._keys and self._trusted()):
            raise KeysUnavailable(f"no keys from {self._url} for {TRUST_FOR:.0f} s")

    async def keep_fresh(self) -> None:
        """Fetches the keys ahead of need, in the background, for as long as the service runs."""
        self._load()
        pause = FIRST_RETRY_AFTER
        while True:
            await self.refresh()
            if self._fetched_at == self._tried_at:
                pause = FIRST_RETRY_AFTER
                await asyncio.sleep(self._refresh_after)
            else:
                await asyncio.sleep(pause)
                pause = min(2 * pause, RETRY_AFTER)

    def _may_fetch(self) -> bool:
        return self._clock() - self._tried_at >= RETRY_AFTER

    def _trusted(self) -> bool:
        return self._clock() - self._fetched_at < TRUST_FOR

    async def refresh(self) -> None:
        """Fetches the keys now; concurrent callers share one fetch. Keys that are no longer published are dropped."""
        if self._flight is None:
            self._flight = asyncio.create_task(self._fetch())
            self._flight.add_done_callback(self._landed)
        # A caller that is cancelled must not cancel the fetch that others wait for.
        await asyncio.shield(self._flight)

    def _landed(self, _flight: asyncio.Task[None]) -> None:
        self._flight = None

    async def _fetch(self) -> None:
        self._tried_at = self._clock()
        try:
            # The client's own timeout is for each read; an answer that trickles in could take hours.
            async with asyncio.timeout(self._timeout), self._new_client() as client:
                document = await fetch(client, self._url, max_bytes=_MAX_DOCUMENT_BYTES)
            keys = parse_jwk_set(document.content, self._algorithms)
        except Exception as error:
            # A failed fetch must neither drop the known keys nor end `keep_fresh`.
            log.warning("issuer_keys_not_fetched: %s: %r", self._url, error)
            return
        self._keys, self._fetched_at = keys, self._tried_at
        self._keep(document.content)

    def _keep(self, document: bytes) -> None:
        if self._kept_in is None:
            return
        text = json.dumps({"fetched_at": self._fetched_at, "jwks": json.loads(document)})
        try:
            keep(self._kept_in, text.encode())
        except OSError as error:
            log.warning("issuer_keys_not_kept: %s: %s", self._kept_in, error)

    def _load(self) -> None:
        if self._kept_in is None or not self._kept_in.exists():
            return
        try:
            kept = json.loads(self._kept_in.read_bytes())
            # A clock that was set back must not make old keys fresh.
            fetched_at = min(float(kept["fetched_at"]), self._clock())
            self._keys = parse_jwk_set(json.dumps(kept["jwks"]).encode(), self._algorithms)
            self._fetched_at = fetched_at
        except Exception as error:
            # A damaged file counts as none: the keys are fetched anyway.
            log.warning("kept_issuer_keys_unreadable: %s: %r", self._kept_in, error)


def parse_jwk_set(document: bytes, algorithms: Collection[str]) -> dict[str, VerificationKey]:
    """The keys for these algorithms; others are ignored (RFC 7517 section 5).

    Raises:
        ValueError: it is not a JWK Set, or holds none of these keys.
    """
    parsed = json.loads(document)
    entries = parsed.get("keys") if isinstance(parsed, dict) else None
    if not isinstance(entries, list):
        raise ValueError("not a JWK Set")
    keys = {}
    for entry in entries:
        if isinstance(entry, dict) and _is_signing_key(entry):
            with suppress(InvalidKeyError, ValueError):
                keys[entry["kid"]] = _verification_key(entry, algorithms)
    if not keys:
        raise ValueError(f"no key for {' or '.join(sorted(algorithms))}")
    return keys


def _is_signing_key(entry: Mapping[str, Any]) -> bool:
    return entry.get("use", "sig") == "sig" and isinstance(entry.get("kid"), str)


def _verification_key(entry: Mapping[str, Any], algorithms: Collection[str]) -> VerificationKey:
    """The public part alone, even if the document holds a private one. Raises `InvalidKeyError` or `ValueError`."""
    # PyJWT skips characters that are not base64url, so the numbers are matched here.
    names: tuple[str, ...]
    match entry:
        case {"kty": "EC", "crv": "P-256"}:
            possible, numbers, names = {"ES256"}, _COORDINATE, ("x", "y")
        case {"kty": "OKP", "crv": "Ed25519"}:
            possible, numbers, names = {"EdDSA"}, _COORDINATE, ("x",)
        case {"kty": "RSA", "e": "AQAB"}:  # 65537, which every issuer takes
            possible, numbers, names = {"RS256", "PS256"}, _MODULUS, ("n",)
        case _:
            raise ValueError("a key of another kind")
    possible = {name for name in possible if name in algorithms and entry.get("alg", name) == name}
    if len(possible) != 1:
        raise ValueError("a key for another algorithm, or for one of several")
    if not all(numbers.fullmatch(str(entry.get(name))) for name in names):
        raise ValueError("a number of the key is not written as RFC 7518 says")
    public = {name: entry[name] for name in ("kty", "crv", "e", *names) if name in entry}
    [algorithm] = possible
    key = cast(PublicKey, ALGORITHMS[algorithm].from_jwk(public))
    if isinstance(key, RSAPublicKey) and key.key_size < MIN_RSA_BITS:
        raise ValueError("a key of RSA has 2048 bits at least")
    return VerificationKey(algorithm, key)
