"""A test issuer: it signs good access tokens, and every bad one that a test can think of."""

import json
import time
import zlib
from base64 import urlsafe_b64encode
from collections.abc import Iterable
from typing import Any
from uuid import uuid4

import jwt
from cryptography.hazmat.primitives.asymmetric.ec import (
    SECP256R1,
    EllipticCurvePrivateKey,
    generate_private_key,
)
from jwt.algorithms import ECAlgorithm

from gatehouse_chassis.auth.access_tokens import Clock, PublicKey

ISSUER = "http://localhost:8080/auth"
LIFE = 600

_ES256 = jwt.get_algorithm_by_name("ES256")

LEFT_OUT: Any = object()
"""Given as the value of a header or claim, it leaves that one out."""


class TestIssuer:
    """One signing key, and tokens of any content that are signed with it.

    Its tokens are for `service`, with every right there.
    It is also the verifier's source of keys (`VerificationKeys`), and counts how often it is asked.
    """

    __test__ = False  # pytest would take it for a class of tests

    def __init__(
        self,
        *,
        url: str = ISSUER,
        service: str = "items",
        clock: Clock = time.time,
        kid: str = "key-1",
    ) -> None:
        self.url = url
        self.service = service
        self.kid = kid
        self.key: EllipticCurvePrivateKey = generate_private_key(SECP256R1())
        self.asked = 0
        self._clock = clock

    async def find(self, kid: str) -> PublicKey | None:
        self.asked += 1
        return self.key.public_key() if kid == self.kid else None

    def is_withdrawn(self, kid: str) -> bool:
        return kid != self.kid

    def jwks(self) -> dict[str, Any]:
        """The public key as the issuer publishes it."""
        public = ECAlgorithm.to_jwk(self.key.public_key(), as_dict=True)
        return {"keys": [{**public, "kid": self.kid, "alg": "ES256", "use": "sig"}]}

    def header(self, **changes: Any) -> dict[str, Any]:
        return _changed({"alg": "ES256", "typ": "at+jwt", "kid": self.kid}, changes)

    def claims(self, **changes: Any) -> dict[str, Any]:
        now = int(self._clock())
        good = {
            "iss": self.url,
            "sub": "01890000-0000-7000-8000-000000000001",
            "aud": [self.service],
            "iat": now,
            "exp": now + LIFE,
            "jti": uuid4().hex,
            "client_id": "gatehouse-docs",
            "scope": f"{self.service}:read {self.service}:write",
        }
        return _changed(good, changes)

    def token(self, **claims: Any) -> str:
        """A good token, but for the claims that are given."""
        return self.sign(self.header(), self.claims(**claims))

    def status(self, index: Any) -> dict[str, Any]:
        """The claim `status` of the token with this index."""
        return {"status_list": {"idx": index, "uri": f"{self.url}/status-list"}}

    def status_list(self, revoked: Iterable[int] = (), *, size: int = 64, **claims: Any) -> str:
        """A Status List Token in which these indexes are revoked."""
        bits = bytearray(size // 8)
        for index in revoked:
            bits[index // 8] |= 1 << index % 8
        good = {
            "sub": f"{self.url}/status-list",
            "iat": int(self._clock()),
            "ttl": 2,
            "status_list": {"bits": 1, "lst": encode(zlib.compress(bits))},
        }
        return self.sign(self.header(typ="statuslist+jwt"), _changed(good, claims))

    def sign(self, header: dict[str, Any] | bytes, claims: dict[str, Any] | bytes) -> str:
        """A token of exactly this header and these claims, with a right ES256 signature."""
        signing_input = f"{encode(header)}.{encode(claims)}"
        signature = _ES256.sign(signing_input.encode(), self.key)
        return f"{signing_input}.{encode(signature)}"


def encode(part: dict[str, Any] | bytes) -> str:
    """A segment of a token: base64url without padding (RFC 7515 section 2)."""
    document = part if isinstance(part, bytes) else json.dumps(part).encode()
    return urlsafe_b64encode(document).rstrip(b"=").decode()


def _changed(document: dict[str, Any], changes: dict[str, Any]) -> dict[str, Any]:
    return {name: v for name, v in {**document, **changes}.items() if v is not LEFT_OUT}
