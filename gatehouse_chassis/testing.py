"""For the tests of a service: users without tokens, and an issuer without a server."""

import json
import time
from base64 import urlsafe_b64encode
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any
from uuid import uuid4

import jwt
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

from gatehouse_chassis.auth.access_tokens import (
    ALGORITHMS,
    MIN_RSA_BITS,
    Clock,
    Principal,
    VerificationKey,
)
from gatehouse_chassis.auth.resource_server import ResourceServer

LIFE = 600
"""Seconds that a test's token lives."""

LEFT_OUT: Any = object()
"""Given as the value of a header or claim, it leaves that one out."""


def principal(
    *,
    subject: str = "test-user",
    scopes: Iterable[str] = (),
    client_id: str = "test-client",
    audience: Iterable[str] = (),
) -> Principal:
    """A user who has signed in, for a test that checks no token.

    `app.dependency_overrides[server.bearer] = lambda: principal(scopes=["notes:read"])` signs every request in. It also
    passes over the check of scopes: a test of those needs a token.
    """
    return Principal(
        subject=subject,
        client_id=client_id,
        scopes=frozenset(scopes),
        token_id=uuid4().hex,
        expires_at=time.time() + LIFE,
        key_id="test",
        audience=tuple(audience),
    )


class TestIssuer:
    """An authorization server of one key, which answers no requests: it signs tokens of any content.

    Args:
        url: its `iss`.
        audience: the service that its tokens are for.
        algorithm: what it signs with: ES256, RS256, PS256 or EdDSA.
        clock: seconds since the epoch.
        kid: the id of its key.
    """

    __test__ = False  # pytest would take it for a class of tests

    def __init__(
        self,
        url: str = "https://issuer.test",
        *,
        audience: str,
        algorithm: str = "ES256",
        clock: Clock = time.time,
        kid: str = "key-1",
    ) -> None:
        self.url = url
        self.audience = audience
        self.algorithm = algorithm
        self.kid = kid
        self.key = _new_key(algorithm)
        self._clock = clock

    async def find(self, kid: str) -> VerificationKey | None:
        """Its key, where a verifier asks for it (`VerificationKeys`)."""
        if kid != self.kid:
            return None
        return VerificationKey(self.algorithm, self.key.public_key())

    def is_withdrawn(self, kid: str) -> bool:
        return kid != self.kid

    @contextmanager
    def trusted_by(self, server: ResourceServer) -> Iterator[None]:
        """Lets `server` accept its tokens, and nobody else's, without a request to any issuer."""
        with server.trusting(self.url, self):
            yield

    def jwks(self) -> dict[str, Any]:
        """The public key as an issuer publishes it (RFC 7517)."""
        public = json.loads(ALGORITHMS[self.algorithm].to_jwk(self.key.public_key()))
        described = {"kid": self.kid, "alg": self.algorithm, "use": "sig"}
        return {"keys": [{**public, **described}]}

    def header(self, **changes: Any) -> dict[str, Any]:
        """The header of a good token, with `changes`."""
        return changed({"alg": self.algorithm, "typ": "at+jwt", "kid": self.kid}, changes)

    def claims(self, **changes: Any) -> dict[str, Any]:
        """The claims of a good token (RFC 9068 section 2.2), with `changes`."""
        now = int(self._clock())
        good = {
            "iss": self.url,
            "sub": "test-user",
            "aud": [self.audience],
            "iat": now,
            "exp": now + LIFE,
            "jti": uuid4().hex,
            "client_id": "test-client",
        }
        return changed(good, changes)

    def token(self, **claims: Any) -> str:
        """A good token, but for the claims that are given: `issuer.token(sub="me", scope="notes:read")`."""
        return self.sign(self.header(), self.claims(**claims))

    def sign(self, header: dict[str, Any] | bytes, claims: dict[str, Any] | bytes) -> str:
        """A token of exactly this header and these claims, with a right signature."""
        signing_input = f"{encode(header)}.{encode(claims)}"
        signature = jwt.get_algorithm_by_name(self.algorithm).sign(signing_input.encode(), self.key)
        return f"{signing_input}.{encode(signature)}"


def encode(part: dict[str, Any] | bytes) -> str:
    """A segment of a token: base64url without padding (RFC 7515 section 2)."""
    document = part if isinstance(part, bytes) else json.dumps(part).encode()
    return urlsafe_b64encode(document).rstrip(b"=").decode()


def _new_key(
    algorithm: str,
) -> ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey | ed25519.Ed25519PrivateKey:
    match algorithm:
        case "ES256":
            return ec.generate_private_key(ec.SECP256R1())
        case "EdDSA":
            return ed25519.Ed25519PrivateKey.generate()
        case "RS256" | "PS256":
            return rsa.generate_private_key(public_exponent=65537, key_size=MIN_RSA_BITS)
        case _:
            raise ValueError(f"{algorithm!r} is none of {', '.join(ALGORITHMS)}")


def changed(document: dict[str, Any], changes: dict[str, Any]) -> dict[str, Any]:
    """The document with `changes`, of which `LEFT_OUT` takes a member away."""
    return {name: v for name, v in {**document, **changes}.items() if v is not LEFT_OUT}
