"""The keys that sign access tokens: ES256, in auth's database, the private part encrypted at rest."""

import base64
import json
import time
from dataclasses import dataclass
from typing import Any

from cryptography.fernet import Fernet, InvalidToken
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from joserfc.jwk import ECKey

from auth_service.store import SigningKeyStore, StoredKey
from chassis.access_tokens import ALGORITHM, Clock
from chassis.settings import SettingsError

RELOAD_AFTER = 10.0
"""Seconds after which a worker looks whether another process changed the keys."""


@dataclass(frozen=True, slots=True)
class SigningKey:
    """A key pair and its key id (RFC 7517 section 4.5)."""

    kid: str
    pair: ECKey


class SigningKeys:
    """The keys in the database; the newest signs, all verify.

    Args:
        store: where they are kept.
        secret: `AUTH_KEY_ENCRYPTION_SECRET`.
        clock: seconds since the epoch.
    """

    def __init__(self, store: SigningKeyStore, secret: str, *, clock: Clock = time.time) -> None:
        self._store = store
        self._encryption = Fernet(_derive(secret))
        self._clock = clock
        self._keys: dict[str, SigningKey] = {}
        self._public: list[dict[str, str]] = []
        self._loaded_at = float("-inf")

    async def current(self) -> SigningKey:
        """The key that signs now.

        Raises:
            SettingsError: there is none, or the secret does not open it.
        """
        await self._load()
        return next(iter(self._keys.values()))

    async def find(self, kid: str) -> ECKey | None:
        """The key with this id: what `AccessTokenVerifier` asks."""
        await self._load()
        key = self._keys.get(kid)
        return key.pair if key else None

    async def public_keys(self) -> list[dict[str, str]]:
        """The public JWKs (RFC 7517), the signing one first."""
        await self._load()
        return self._public

    async def check(self) -> None:
        """Raises when no token can be signed."""
        await self.current()

    async def create(self) -> SigningKey:
        """Makes a new key, which signs from now on."""
        pair = ECKey.generate_key("P-256")
        kid = pair.thumbprint()  # RFC 7638: the same key always has the same id
        public = {
            **_text_members(pair.as_dict(private=False)),
            "kid": kid,
            "use": "sig",
            "alg": ALGORITHM,
        }
        private = json.dumps(pair.as_dict(private=True)).encode()
        await self._store.add(
            StoredKey(kid, json.dumps(public), self._encryption.encrypt(private).decode())
        )
        self._loaded_at = float("-inf")
        return SigningKey(kid, pair)

    async def _load(self) -> None:
        if self._clock() - self._loaded_at < RELOAD_AFTER:
            return
        stored = await self._store.list()
        if not stored:
            raise SettingsError(
                "The database holds no signing key: run `python -m auth_service migrate`, which makes one."
            )
        self._keys = {key.kid: self._open(key) for key in stored}
        self._public = [json.loads(key.public_jwk) for key in stored]
        self._loaded_at = self._clock()

    def _open(self, key: StoredKey) -> SigningKey:
        try:
            private = self._encryption.decrypt(key.encrypted_private_jwk)
        except InvalidToken:
            raise SettingsError(
                "AUTH_KEY_ENCRYPTION_SECRET does not open the signing keys in the database: give the value "
                "with which they were made (it was in .env then)."
            ) from None
        return SigningKey(key.kid, ECKey.import_key(json.loads(private)))


def _derive(secret: str) -> bytes:
    """Any long secret becomes the 32 bytes that Fernet needs (HKDF, RFC 5869)."""
    derivation = HKDF(SHA256(), 32, salt=None, info=b"gatehouse signing keys")
    return base64.urlsafe_b64encode(derivation.derive(secret.encode()))


def _text_members(jwk: dict[str, Any]) -> dict[str, str]:
    return {name: value for name, value in jwk.items() if isinstance(value, str)}
