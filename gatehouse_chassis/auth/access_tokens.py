"""Checking JWT access tokens (RFC 9068): in full once, then from a bounded cache, never with a call to auth.

The checks are those of RFC 9068 section 4 and RFC 8725: the algorithm is bound to the key, the type is explicit,
issuer and audience are compared exactly, the header holds only what the issuer writes, and a token has one spelling.
"""

import json
import re
import time
from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error as Base64Error
from collections import OrderedDict
from collections.abc import Callable
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from hashlib import sha256
from sys import intern
from typing import Any, NoReturn, Protocol

import jwt
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

TOKEN_TYPE = "at+jwt"
MAX_TOKEN_CHARS = 4096
"""A longer token is refused before it is parsed; those of auth have about 600 characters."""

LEEWAY = 10
"""Seconds by which the clocks of issuer and service may differ."""

CACHE_SIZE = 10_000
"""Verified tokens that a worker keeps, about 500 bytes each."""

_SEGMENT = re.compile(r"[A-Za-z0-9_-]+")
_HEADER_NAMES = {"alg", "typ", "kid"}
PublicKey = EllipticCurvePublicKey | RSAPublicKey | Ed25519PublicKey
_KINDS: dict[str, type] = {
    "ES256": EllipticCurvePublicKey,
    "RS256": RSAPublicKey,
    "PS256": RSAPublicKey,
    "EdDSA": Ed25519PublicKey,
}
ALGORITHMS = {name: jwt.get_algorithm_by_name(name) for name in _KINDS}
"""What a key may be for; RFC 9068 section 2.1 wants RS256 among them."""

DEFAULT_ALGORITHMS = ("ES256", "RS256")
MIN_RSA_BITS = 2048
"""RFC 7518 section 3.3."""

Clock = Callable[[], float]


class InvalidToken(Exception):
    """The token is invalid; `str()` says why, in characters that RFC 6750 section 3 allows in `error_description`."""


class WrongAudience(InvalidToken):
    """The token is valid, but for another service."""


class KeysUnavailable(Exception):
    """No trusted key of the issuer is known, so no token can be checked."""


@dataclass(frozen=True, slots=True)
class Principal:
    """The user and the client that a verified access token was issued for, and its scopes."""

    subject: str
    """The user's id, or the client's own id when no user is involved."""

    client_id: str
    scopes: frozenset[str]
    token_id: str
    expires_at: float
    """Seconds since the epoch."""

    key_id: str
    """The key that signed the token."""

    status_index: int | None = None
    """The token's index in the issuer's status list."""

    audience: tuple[str, ...] = ()
    """The services that the token is for."""


@dataclass(frozen=True, slots=True)
class VerificationKey:
    """A public key, and the one algorithm that it is for: it decides, not the token (RFC 8725 section 3.1)."""

    algorithm: str
    public: PublicKey


class VerificationKeys(Protocol):
    """Where the issuer's public keys come from."""

    async def find(self, kid: str) -> VerificationKey | None:
        """The key with this id; None when the issuer has no such key. May raise `KeysUnavailable`."""

    def is_withdrawn(self, kid: str) -> bool:
        """Whether the issuer has withdrawn a key that was found before. Called at every request: it must be quick."""


class Revocations(Protocol):
    """Which tokens are revoked."""

    uri: str
    """The address of the list, as tokens give it."""

    def is_revoked(self, index: int) -> bool:
        """Whether the token with this index is revoked. Called at every request: it must be quick."""


class AccessTokenVerifier:
    """Checks access tokens of one issuer.

    Args:
        issuer: the exact `iss`.
        audience: the name of this service in `aud`; None where clients manage tokens, whichever service they are for.
        resource: another name of this service there: the URL that its metadata (RFC 9728) gives it.
        keys: the issuer's public keys.
        revocations: the issuer's status list; without it a token is valid until it expires.
        clock: seconds since the epoch.
        cache_size: how many verified tokens are kept.
    """

    def __init__(
        self,
        *,
        issuer: str,
        audience: str | None,
        resource: str | None = None,
        keys: VerificationKeys,
        revocations: Revocations | None = None,
        clock: Clock = time.time,
        cache_size: int = CACHE_SIZE,
    ) -> None:
        self._issuer = issuer
        self._names = None if audience is None else {audience, resource or audience}
        self._keys = keys
        self._revocations = revocations
        self._clock = clock
        self._cache_size = cache_size
        self._verified: OrderedDict[bytes, Principal] = OrderedDict()

    async def verify(self, token: str) -> Principal:
        """The user and the client that `token` was issued for.

        Raises:
            WrongAudience: it is for another service.
            InvalidToken: it is malformed, from another issuer, revoked or not valid now.
            KeysUnavailable: it cannot be checked now.
        """
        if len(token) > MAX_TOKEN_CHARS:
            _refuse("the token is too long")
        # The key is the digest, not the token: a memory dump then holds no credentials.
        digest = sha256(token.encode("utf-8", "surrogatepass")).digest()
        principal = self._verified.get(digest)
        if principal is None:
            principal = await self._check(token)
            self._verified[digest] = principal
            if len(self._verified) > self._cache_size:
                self._verified.popitem(last=False)
        elif principal.expires_at + LEEWAY <= self._clock():
            del self._verified[digest]
            _refuse("the token has expired")
        elif self._keys.is_withdrawn(principal.key_id):
            del self._verified[digest]
            _refuse("the token is signed with an unknown key")
        else:
            self._verified.move_to_end(digest)
        index = principal.status_index
        # For a cached token too: it may have been revoked since.
        if index is not None and self._revocations and self._revocations.is_revoked(index):
            _refuse("the token was revoked")
        return principal

    async def _check(self, token: str) -> Principal:
        signed = await read_signed(token, token_type=TOKEN_TYPE, keys=self._keys)
        return self._check_claims(signed.claims, signed.key_id)

    def _check_claims(self, claims: dict[str, Any], key_id: str) -> Principal:
        now = self._clock()
        if claims.get("iss") != self._issuer:
            _refuse("the token is from another issuer")
        audience = claims.get("aud")
        audiences = [audience] if isinstance(audience, str) else audience
        if not isinstance(audiences, list) or not all(isinstance(a, str) for a in audiences):
            _refuse("the token names no audience")
        if self._names is not None and self._names.isdisjoint(audiences):
            raise WrongAudience("the token is for another service")
        expires_at = _time(claims, "exp")
        if expires_at + LEEWAY <= now:
            _refuse("the token has expired")
        if _time(claims, "iat") - LEEWAY > now or _time(claims, "nbf", default=0) - LEEWAY > now:
            _refuse("the token is not valid yet")
        return Principal(
            subject=_text(claims, "sub"),
            client_id=_text(claims, "client_id"),
            scopes=frozenset(_text(claims, "scope", default="").split(" ")) - {""},
            token_id=_text(claims, "jti"),
            expires_at=expires_at,
            key_id=key_id,
            status_index=self._status_index(claims.get("status")),
            audience=tuple(map(intern, audiences)),
        )

    def _status_index(self, status: Any) -> int | None:
        """The index in the status list; None for a token without one, which no list can revoke."""
        if self._revocations is None or status is None:
            return None
        entry = status.get("status_list") if isinstance(status, dict) else None
        if not isinstance(entry, dict) or entry.get("uri") != self._revocations.uri:
            _refuse("the token names another status list")
        index = entry.get("idx")
        if isinstance(index, bool) or not isinstance(index, int) or not 0 <= index < 2**32:
            _refuse("the token has no index in the status list")
        return index


@dataclass(frozen=True, slots=True)
class Signed:
    """The content of a JWT whose signature is right."""

    claims: dict[str, Any]
    key_id: str


async def read_signed(
    token: str, *, token_type: str, keys: VerificationKeys, may_lack: AbstractSet[str] = frozenset()
) -> Signed:
    """Checks header and signature of a JWT (RFC 7515 section 5.2); the claims are left to the caller.

    Args:
        may_lack: headers that need not be there: `typ`, `kid`. `keys` is asked for the id "" when there is none.

    Raises:
        InvalidToken: it is malformed, of another type, or not signed with one of the keys.
        KeysUnavailable: it cannot be checked now.
    """
    segments = token.split(".")
    if len(segments) != 3:
        _refuse("the token is malformed")
    header, claims, signature = (_decode(segment) for segment in segments)
    kid, algorithm = _check_header(_parse(header), token_type, may_lack)
    key = await keys.find(kid)
    if key is None:
        _refuse("the token is signed with an unknown key")
    signed = token.rpartition(".")[0].encode()
    if algorithm != key.algorithm or not _is_signed_with(key, signed, signature):
        _refuse("the signature is wrong")
    return Signed(_parse(claims), kid)


def _is_signed_with(key: VerificationKey, signed: bytes, signature: bytes) -> bool:
    """Whether PyJWT finds the signature right (RFC 7518 sections 3.3 to 3.5, RFC 8037 section 3.1).

    `jwt.decode` would parse the token a second time, by laxer rules (padding, duplicate names, `crit` with `b64`), and
    for a long status list block the event loop five times as long. So what was checked here is what is verified.
    """
    algorithm, public = ALGORITHMS[key.algorithm], key.public
    # PyJWT would also take text, a private key and a short key of RSA.
    if not isinstance(public, _KINDS[key.algorithm]):
        return False
    if isinstance(public, RSAPublicKey) and public.key_size < MIN_RSA_BITS:
        return False
    try:
        prepared = algorithm.prepare_key(public)  # refuses other curves than P-256
    except jwt.InvalidKeyError:
        return False
    return algorithm.verify(signed, prepared, signature)


def _refuse(reason: str) -> NoReturn:
    raise InvalidToken(reason)


def _decode(segment: str) -> bytes:
    """Strict base64url (RFC 7515 section 2): a second spelling of a token would be a second entry in the cache."""
    if not _SEGMENT.fullmatch(segment):
        _refuse("the token is malformed")
    try:
        decoded = urlsafe_b64decode(segment + "=" * (-len(segment) % 4))
    except (Base64Error, ValueError):
        _refuse("the token is malformed")
    if urlsafe_b64encode(decoded).rstrip(b"=").decode() != segment:
        _refuse("the token is malformed")
    return decoded


def _parse(document: bytes) -> dict[str, Any]:
    try:
        parsed = json.loads(
            document.decode("utf-8"),
            object_pairs_hook=_without_duplicates,
            parse_constant=_refuse_constant,
        )
    except (ValueError, RecursionError):
        _refuse("the token is malformed")
    if not isinstance(parsed, dict):
        _refuse("the token is malformed")
    return parsed


def _refuse_constant(_name: str) -> NoReturn:
    """`NaN` and `Infinity` are no JSON (RFC 8259 section 6), but Python accepts them."""
    _refuse("the token is malformed")


def _without_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Parsers disagree on which of two equal names counts (RFC 8725 section 2.4), so a repeated one is refused."""
    document = dict(pairs)
    if len(document) != len(pairs):
        _refuse("the token names a claim twice")
    return document


def _check_header(
    header: dict[str, Any], token_type: str, may_lack: AbstractSet[str]
) -> tuple[str, str]:
    """The key id and the algorithm.

    Every other header is refused: those that carry or name a key (`jwk`, `jku`, `x5u`), and `crit`.
    """
    if not _HEADER_NAMES - may_lack <= header.keys() <= _HEADER_NAMES:
        _refuse("the token has other headers than alg, typ and kid")
    if header.get("typ", token_type) not in (
        token_type,
        f"application/{token_type}",
    ):  # RFC 9068 section 4
        _refuse(f"the token has another type than {token_type}")
    algorithm = header["alg"]
    if not isinstance(algorithm, str) or algorithm not in ALGORITHMS:
        _refuse("the token is signed with another algorithm")
    if "kid" not in header:
        return "", algorithm
    kid = header["kid"]
    if not isinstance(kid, str) or not 0 < len(kid) <= 128:
        _refuse("the token is signed with an unknown key")
    return kid, algorithm


def _time(claims: dict[str, Any], name: str, default: float | None = None) -> float:
    value = claims.get(name, default)
    if isinstance(value, bool) or not isinstance(value, int | float) or not abs(value) < 2**53:
        _refuse(f"the claim {name} is missing or is not a time")
    return value


def _text(claims: dict[str, Any], name: str, default: str | None = None) -> str:
    value = claims.get(name, default)
    # Databases refuse what cannot be printed (a lone surrogate, NUL), and in a log it could look like another line.
    if not isinstance(value, str) or not value.isprintable() or (default is None and not value):
        _refuse(f"the claim {name} is missing or is not a text")
    return value
