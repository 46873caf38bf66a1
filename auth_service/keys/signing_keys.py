"""The keys that sign access tokens: in auth's database, the private part encrypted at rest."""

import asyncio
import json
import time
from base64 import urlsafe_b64encode
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any, Literal, cast

import jwt
import structlog
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from jwt.algorithms import ECAlgorithm, RSAAlgorithm

from auth_service.audit.context import AuditContext
from auth_service.keys.encryption import KeyEncryption
from auth_service.keys.store import SigningKeyStore, StoredKey
from gatehouse_chassis.auth.access_tokens import MIN_RSA_BITS, Clock, VerificationKey
from gatehouse_chassis.settings import SettingsError

RELOAD_AFTER = 10.0
"""Seconds after which a worker looks whether another process changed the keys."""

PUBLISHED_AHEAD = timedelta(seconds=180)
"""How long a key is published before it signs. A service fetches the keys every 60 s, and if that fails every 10 s."""

RETENTION = timedelta(seconds=30)
"""How long a key is still published after its last token expired: clocks may differ by 10 s, and checks allow 10 s."""

PURGE_AFTER = timedelta(minutes=5)
"""How long a withdrawn key, which signs nothing and is not accepted, is still stored: clocks may differ."""

LONGEST_TOKEN_LIFE = timedelta(hours=1)
"""What the settings allow at most."""

LOOK_EVERY = 60.0
"""Seconds between two looks whether the next rotation is due."""

_JWT = jwt.PyJWT(options={"enforce_minimum_key_length": True})
_NEVER = datetime.max.replace(tzinfo=UTC)

Algorithm = Literal["ES256", "RS256"]
PrivateKey = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class SigningKey:
    """A key pair and its key id (RFC 7517 section 4.5), with the times in which it counts."""

    kid: str
    pair: PrivateKey
    signs_from: datetime
    withdrawn_at: datetime | None = None

    @property
    def algorithm(self) -> str:
        """What it signs with; the key decides it, not the setting."""
        return "RS256" if isinstance(self.pair, rsa.RSAPrivateKey) else "ES256"

    def sign(self, token_type: str, claims: Mapping[str, Any]) -> str:
        """A signed JWT (RFC 7519) with this `typ` in its header."""
        headers = {"typ": token_type, "kid": self.kid}
        return _JWT.encode(dict(claims), self.pair, algorithm=self.algorithm, headers=headers)


class SigningKeys:
    """The keys in the database, each of which is first published, then signs, then only verifies, then is withdrawn.

    What a key is follows from the clock and its row alone, so all workers and replicas agree.

    Args:
        store: where they are kept.
        encryption: of the private keys.
        token_life: how long a token lives at most; a key outlives its last one.
        published_ahead: how long a key is published before it signs: longer than any service keeps the keys.
        algorithm: of the keys that are made from now on.
        clock: seconds since the epoch.
    """

    def __init__(
        self,
        store: SigningKeyStore,
        encryption: KeyEncryption,
        *,
        algorithm: Algorithm = "ES256",
        token_life: timedelta = LONGEST_TOKEN_LIFE,
        published_ahead: timedelta = PUBLISHED_AHEAD,
        clock: Clock = time.time,
    ) -> None:
        self._store = store
        self._encryption = encryption
        self._algorithm = algorithm
        self._token_life = token_life
        self._published_ahead = published_ahead
        self._clock = clock
        self._keys: dict[str, SigningKey] = {}
        self._public: dict[str, dict[str, str]] = {}
        self._loaded_at = float("-inf")

    async def current(self) -> SigningKey:
        """The key that signs now.

        Raises:
            SettingsError: there is none, or the secret does not open it.
        """
        await self._load()
        now = self._now()
        return next(key for key in self._keys.values() if key.signs_from <= now)

    async def find(self, kid: str) -> VerificationKey | None:
        """The public key with this id: what `AccessTokenVerifier` asks."""
        await self._load()
        if self.is_withdrawn(kid):
            return None
        key = self._keys[kid]
        return VerificationKey(key.algorithm, key.pair.public_key())

    def is_withdrawn(self, kid: str) -> bool:
        """Whether tokens of this key are not accepted."""
        key = self._keys.get(kid)
        return key is None or (key.withdrawn_at is not None and key.withdrawn_at <= self._now())

    async def public_keys(self) -> list[dict[str, str]]:
        """The public JWKs (RFC 7517), the one that signs last first."""
        await self._load()
        return [jwk for kid, jwk in self._public.items() if not self.is_withdrawn(kid)]

    async def algorithms(self) -> list[str]:
        """What tokens that are valid now are signed with, the newest key's first."""
        await self._load()
        listed = [key.algorithm for kid, key in self._keys.items() if not self.is_withdrawn(kid)]
        return list(dict.fromkeys(listed))

    async def check(self) -> None:
        """Raises when no token can be signed."""
        await self.current()

    async def create(self) -> SigningKey:
        """Makes a new key, which signs from now on beside those that there are."""
        key = self._new(signs_from=self._now())
        await self._store.add(self._seal(key), AuditContext())
        self._loaded_at = float("-inf")
        return key

    async def rotate(self, context: AuditContext, *, at_once: bool = False) -> SigningKey | None:
        """Makes the key that signs next, and lets all others end after their last token.

        Args:
            at_once: for a key that leaked: the new one signs now, and every token signed so far is dead; services
                refuse them within a minute.

        Returns:
            The new key; None when the next one is waiting for its turn already.
        """
        now = self._now()
        if at_once:
            return await self._replace(now, context, others_end=now, unless_newer_than=_NEVER)
        return await self._replace_in_turn(context, unless_newer_than=now)

    async def rotate_if_due(self, every: timedelta) -> SigningKey | None:
        """A new key when the newest is as old as `every` or of another algorithm; None when another made it."""
        await self._load()
        newest = next(iter(self._keys.values()))
        # One that waits for its turn is let be: a process with another setting may have made it.
        if newest.algorithm != self._algorithm and newest.signs_from <= self._now():
            return await self._replace_in_turn(AuditContext(), unless_newer_than=newest.signs_from)
        due_before = self._now() - every
        if any(key.signs_from > due_before for key in self._keys.values()):
            return None
        return await self._replace_in_turn(AuditContext(), unless_newer_than=due_before)

    async def keep_rotating(self, every: timedelta) -> None:
        """Runs for ever beside the service: rotates by schedule."""
        while True:
            try:
                await self.rotate_if_due(every)
            except Exception as error:
                # The old key goes on signing; the next look may find the database again.
                log.warning("signing_keys_not_rotated", cause=repr(error))
            await asyncio.sleep(LOOK_EVERY)

    async def rewrap(self, context: AuditContext) -> int:
        """Encrypts every private key with the secret of now, and returns how many were not.

        Raises:
            SettingsError: no secret opens one of them; then none is changed.
        """
        return await self._store.rewrap(self._encryption.rewrap, context)

    async def purge_expired(self, limit: int) -> int:
        """Deletes up to `limit` keys that were withdrawn `PURGE_AFTER` ago, private parts too, and returns how many."""
        return await self._store.delete_withdrawn(before=self._now() - PURGE_AFTER, limit=limit)

    async def _replace_in_turn(
        self, context: AuditContext, *, unless_newer_than: datetime
    ) -> SigningKey | None:
        signs_from = self._now() + self._published_ahead
        return await self._replace(
            signs_from,
            context,
            others_end=signs_from + self._token_life + RETENTION,
            unless_newer_than=unless_newer_than,
        )

    async def _replace(
        self,
        signs_from: datetime,
        context: AuditContext,
        *,
        others_end: datetime,
        unless_newer_than: datetime,
    ) -> SigningKey | None:
        key = self._new(signs_from)
        done = await self._store.replace(
            self._seal(key),
            context,
            others_withdrawn_at=others_end,
            unless_newer_than=unless_newer_than,
        )
        self._loaded_at = float("-inf")
        if done:
            log.info("signing_key_rotated", kid=key.kid, signs_from=signs_from.isoformat())
        return key if done else None

    def _now(self) -> datetime:
        return datetime.fromtimestamp(self._clock(), UTC)

    def _new(self, signs_from: datetime) -> SigningKey:
        pair: PrivateKey
        if self._algorithm == "RS256":
            pair = rsa.generate_private_key(public_exponent=65537, key_size=MIN_RSA_BITS)
        else:
            pair = ec.generate_private_key(ec.SECP256R1())
        return SigningKey(_thumbprint(_public_jwk(pair)), pair, signs_from)

    def _seal(self, key: SigningKey) -> StoredKey:
        private = _kind(key.pair).to_jwk(key.pair).encode()
        sealed = self._encryption.encrypt(private)
        return StoredKey(key.kid, json.dumps(_published(key)), sealed, key.signs_from)

    async def _load(self) -> None:
        if self._clock() - self._loaded_at < RELOAD_AFTER:
            return
        stored = await self._store.list(self._now())
        if not stored:
            raise SettingsError(
                "The database holds no signing key: run `python -m auth_service migrate`, which makes one."
            )
        opened = [key for row in stored if (key := self._open(row))]
        self._keys = {key.kid: key for key in opened}
        self._public = {kid: _published(key) for kid, key in self._keys.items()}
        self._loaded_at = self._clock()

    def _open(self, key: StoredKey) -> SigningKey | None:
        # One that was opened before is the same, whichever secret encrypts it now.
        known = self._keys.get(key.kid)
        if known:
            return replace(known, signs_from=key.signs_from, withdrawn_at=key.withdrawn_at)
        try:
            private = self._encryption.decrypt(key.encrypted_private_jwk)
        except SettingsError:
            # While the secret is changed, a replica with the new one may make the key that signs next.
            if key.signs_from <= self._now():
                raise
            log.warning("signing_key_not_opened", kid=key.kid)
            return None
        jwk = json.loads(private)
        kind = RSAAlgorithm if jwk["kty"] == "RSA" else ECAlgorithm
        pair = cast(PrivateKey, kind.from_jwk(jwk))
        # Id and public key come from the pair, which only the secret seals: a public key that someone writes into the
        # table is never published.
        return SigningKey(_thumbprint(_public_jwk(pair)), pair, key.signs_from, key.withdrawn_at)


def _published(key: SigningKey) -> dict[str, str]:
    """The public part (RFC 7517)."""
    return {**_public_jwk(key.pair), "kid": key.kid, "use": "sig", "alg": key.algorithm}


def _kind(pair: PrivateKey) -> Any:
    return RSAAlgorithm if isinstance(pair, rsa.RSAPrivateKey) else ECAlgorithm


def _public_jwk(pair: PrivateKey) -> dict[str, str]:
    """What makes the public key (RFC 7518 section 6), and nothing else."""
    jwk = _kind(pair).to_jwk(pair.public_key(), as_dict=True)
    return {name: jwk[name] for name in ("kty", "crv", "x", "y", "n", "e") if name in jwk}


def _thumbprint(jwk: Mapping[str, str]) -> str:
    """The JWK thumbprint (RFC 7638), as the key's id: the same key has the same id."""
    canonical = json.dumps(jwk, sort_keys=True, separators=(",", ":"))
    return urlsafe_b64encode(sha256(canonical.encode()).digest()).rstrip(b"=").decode()
