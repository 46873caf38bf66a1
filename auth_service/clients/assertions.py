"""Clients that authenticate themselves with a signature: `private_key_jwt` (OpenID Connect Core section 9)."""

import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, TypeGuard

import jwt

from auth_service.clients.client import Client
from auth_service.clients.store import AssertionStore
from auth_service.oauth.opaque_tokens import digest_of
from gatehouse_chassis.auth.access_tokens import (
    ALGORITHMS,
    LEEWAY,
    MAX_TOKEN_CHARS,
    InvalidToken,
    VerificationKey,
    read_signed,
)
from gatehouse_chassis.auth.issuer_keys import parse_jwk_set

ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"

MAX_LIFE = timedelta(hours=1)
"""How far the end of an assertion may lie ahead: until then it is remembered."""

_MAX_JTI_CHARS = 256


class InvalidAssertion(Exception):
    """The assertion is not accepted; `str()` says why."""


@dataclass(frozen=True, slots=True)
class Assertions:
    """Checks the assertions of clients.

    Attributes:
        audiences: what one may be for: the issuer, or an endpoint to which it is sent.
        clock: seconds since the epoch.
    """

    store: AssertionStore
    audiences: frozenset[str]
    clock: Callable[[], float] = time.time

    async def check(self, assertion: str, client: Client) -> None:
        """Checks an assertion, which is used up.

        Raises:
            InvalidAssertion: it is not the client's, not for this server, not valid now, or was used before.
        """
        if client.jwks is None:
            raise InvalidAssertion("the client registered no keys")
        if len(assertion) > MAX_TOKEN_CHARS:
            raise InvalidAssertion("the assertion is too long")
        keys = _KeysOf(client.jwks)
        try:
            # Clients leave out `typ`, and `kid` where they have one key.
            signed = await read_signed(
                assertion, token_type="JWT", keys=keys, may_lack=frozenset(("typ", "kid"))
            )
        except InvalidToken as error:
            raise InvalidAssertion(str(error)) from None
        jti, expires_at = self._check_claims(signed.claims, client)
        digest = digest_of(f"{client.client_id}\n{jti}")
        if not await self.store.add(digest, expires_at + timedelta(seconds=LEEWAY)):
            raise InvalidAssertion("the assertion was used before")

    def _check_claims(self, claims: Mapping[str, Any], client: Client) -> tuple[str, datetime]:
        """The assertion's id and end (RFC 7523 section 3)."""
        if claims.get("iss") != client.client_id or claims.get("sub") != client.client_id:
            raise InvalidAssertion("iss and sub of the assertion must both be the client")
        audience = claims.get("aud")
        named = audience if isinstance(audience, list) else [audience]
        if not named or not all(isinstance(one, str) and one in self.audiences for one in named):
            raise InvalidAssertion("the assertion is for another server")
        now, expires_at = self.clock(), claims.get("exp")
        if not _is_time(expires_at) or expires_at + LEEWAY <= now:
            raise InvalidAssertion("the assertion has expired")
        if expires_at > now + MAX_LIFE.total_seconds() + LEEWAY:
            raise InvalidAssertion("the assertion is valid for more than an hour")
        for name in ("iat", "nbf"):
            at = claims.get(name, 0)
            if not _is_time(at) or at - LEEWAY > now:
                raise InvalidAssertion("the assertion is not valid yet")
        jti = claims.get("jti")
        if not isinstance(jti, str) or not 0 < len(jti) <= _MAX_JTI_CHARS or not jti.isprintable():
            raise InvalidAssertion("the assertion has no jti, or one that is no text")
        return jti, datetime.fromtimestamp(expires_at, UTC)


def client_named_in(assertion: str) -> str | None:
    """The `sub` of an assertion, of which nothing is checked yet."""
    if len(assertion) > MAX_TOKEN_CHARS:
        return None
    try:
        claims = jwt.decode(assertion, options={"verify_signature": False})
    except (jwt.PyJWTError, ValueError, RecursionError):
        return None
    subject = claims.get("sub")
    return subject if isinstance(subject, str) else None


def check_jwks(jwks: dict[str, Any]) -> dict[str, Any]:
    """The key set, which a client may register.

    Raises:
        ValueError: it holds a private key, or one that cannot be used.
    """
    entries = jwks.get("keys")
    if not isinstance(entries, list) or not 0 < len(entries) <= 10:
        raise ValueError("a JWK Set has one to ten keys in its member `keys`")
    if any(isinstance(entry, dict) and {"d", "k"} & entry.keys() for entry in entries):
        raise ValueError("a client registers public keys only; one of these is private")
    if len(parse_jwk_set(json.dumps(jwks).encode(), ALGORITHMS)) != len(entries):
        raise ValueError(
            "each key has a `kid` of its own and is for one of "
            f"{', '.join(ALGORITHMS)}; a key of RSA says which in `alg`"
        )
    return jwks


class _KeysOf:
    """The registered keys of a client."""

    def __init__(self, jwks: dict[str, Any]) -> None:
        self._keys = parse_jwk_set(json.dumps(jwks).encode(), ALGORITHMS)

    async def find(self, kid: str) -> VerificationKey | None:
        """The key with this id; the only one for an assertion that names none."""
        if not kid and len(self._keys) == 1:
            return next(iter(self._keys.values()))
        return self._keys.get(kid)

    def is_withdrawn(self, kid: str) -> bool:
        return kid not in self._keys


def _is_time(value: object) -> TypeGuard[float]:
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < 2**53
