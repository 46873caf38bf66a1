"""The issuer's public keys, fetched from its JWKS (RFC 7517) in the background and kept through its outages."""

import asyncio
import json
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any

import httpx2
import structlog
from joserfc.errors import JoseError
from joserfc.jwk import ECKey

from gatehouse_chassis.auth.access_tokens import ALGORITHM, Clock, KeysUnavailable
from gatehouse_chassis.auth.issuer_documents import TIMEOUT, fetch, http_client, keep

REFRESH_AFTER = 60.0
"""Seconds between two fetches; auth publishes a key for longer than this before it signs with it."""

RETRY_AFTER = 10.0
"""Seconds after a fetch, failed or not, in which no unknown key id causes another."""

FIRST_RETRY_AFTER = 0.25
"""Seconds until the first failed fetch is tried again, doubled each time: services start side by side."""

TRUST_FOR = 24 * 3600.0
"""Seconds for which keys are trusted while auth cannot be asked; after that no token is accepted."""

_MAX_DOCUMENT_BYTES = 65_536

log = structlog.get_logger(__name__)


class IssuerKeys:
    """Public keys by key id: fetched in one flight, ahead of need, kept on disk, trusted for a bounded time.

    Args:
        url: the issuer's `jwks_uri`. Redirects are not followed.
        kept_in: the file that holds the last good document, so that the service starts while the issuer is down.
        client: makes the HTTP client; tests give a fake transport.
        refresh_after: seconds between two fetches.
        clock: seconds since the epoch.
        timeout: seconds that one fetch may take in all.
    """

    def __init__(
        self,
        url: str,
        kept_in: Path,
        *,
        client: Callable[[], httpx2.AsyncClient] | None = None,
        refresh_after: float = REFRESH_AFTER,
        clock: Clock = time.time,
        timeout: float = TIMEOUT,
    ) -> None:
        self._url = url
        self._kept_in = kept_in
        self._new_client = client or partial(http_client, url)
        self._refresh_after = refresh_after
        self._clock = clock
        self._timeout = timeout
        self._keys: dict[str, ECKey] = {}
        self._fetched_at = float("-inf")
        self._tried_at = float("-inf")
        self._flight: asyncio.Task[None] | None = None

    async def find(self, kid: str) -> ECKey | None:
        """The key with this id. An unknown id makes the issuer be asked, at most once in `RETRY_AFTER` seconds.

        Raises:
            KeysUnavailable: the issuer could not be asked for too long, or never.
        """
        if kid not in self._keys and (self._flight or self._may_ask()):
            await self.refresh()
        await self.check()
        return self._keys.get(kid)

    def is_withdrawn(self, kid: str) -> bool:
        """Whether the issuer published this key no more when it was asked last."""
        return kid not in self._keys

    async def check(self) -> None:
        """Raises `KeysUnavailable` when no token can be checked."""
        if not (self._keys and self._trusted()):
            raise KeysUnavailable(f"no keys from {self._url} for {TRUST_FOR:.0f} s")

    async def keep_fresh(self) -> None:
        """Runs for ever beside the service: fetches the keys ahead of need."""
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

    def _may_ask(self) -> bool:
        return self._clock() - self._tried_at >= RETRY_AFTER

    def _trusted(self) -> bool:
        return self._clock() - self._fetched_at < TRUST_FOR

    async def refresh(self) -> None:
        """Fetches the keys now; many callers share one fetch. A key that is not among them any more is forgotten."""
        if self._flight is None:
            self._flight = asyncio.create_task(self._fetch())
            self._flight.add_done_callback(self._landed)
        # One caller that goes away must not end the fetch that others wait for.
        await asyncio.shield(self._flight)

    def _landed(self, _flight: asyncio.Task[None]) -> None:
        self._flight = None

    async def _fetch(self) -> None:
        self._tried_at = self._clock()
        try:
            # The client's own time-out is for each piece of the answer; a trickle would go on for hours.
            async with asyncio.timeout(self._timeout), self._new_client() as client:
                document = await fetch(client, self._url, max_bytes=_MAX_DOCUMENT_BYTES)
            keys = _parse(document.content)
        except Exception as error:
            # Whatever the issuer answers, the keys known so far stay, and the next fetch is not given up.
            log.warning("issuer_keys_not_fetched", url=self._url, cause=f"{error!r}")
            return
        self._keys, self._fetched_at = keys, self._tried_at
        self._keep(document.content)

    def _keep(self, document: bytes) -> None:
        text = json.dumps({"fetched_at": self._fetched_at, "jwks": json.loads(document)})
        try:
            keep(self._kept_in, text.encode())
        except OSError as error:
            log.warning("issuer_keys_not_kept", file=str(self._kept_in), cause=str(error))

    def _load(self) -> None:
        if not self._kept_in.exists():
            return
        try:
            kept = json.loads(self._kept_in.read_bytes())
            # A clock that was set back must not make old keys fresh.
            fetched_at = min(float(kept["fetched_at"]), self._clock())
            self._keys = _parse(json.dumps(kept["jwks"]).encode())
            self._fetched_at = fetched_at
        except Exception as error:
            # A damaged file is worth no more than none: the issuer is asked anyway.
            log.warning("kept_issuer_keys_unreadable", file=str(self._kept_in), cause=repr(error))


def _parse(document: bytes) -> dict[str, ECKey]:
    """The usable keys; those of other kinds are passed over, as RFC 7517 section 5 asks.

    Raises:
        ValueError: it is no key set, or holds no usable key; the keys known so far then stay.
    """
    parsed = json.loads(document)
    entries = parsed.get("keys") if isinstance(parsed, dict) else None
    if not isinstance(entries, list):
        raise ValueError("no JWK set")
    keys = {}
    for entry in entries:
        if isinstance(entry, dict) and _is_signing_key(entry):
            with suppress(JoseError, ValueError):
                keys[entry["kid"]] = ECKey.import_key(
                    {n: entry[n] for n in ("kty", "crv", "x", "y")}
                )
    if not keys:
        raise ValueError("no key for ES256")
    return keys


def _is_signing_key(entry: Mapping[str, Any]) -> bool:
    return (
        entry.get("kty") == "EC"
        and entry.get("crv") == "P-256"
        and entry.get("alg", ALGORITHM) == ALGORITHM
        and entry.get("use", "sig") == "sig"
        and isinstance(entry.get("kid"), str)
        and all(isinstance(entry.get(name), str) for name in ("x", "y"))
    )
