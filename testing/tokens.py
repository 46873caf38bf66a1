"""The test issuer of the chassis, as Gatehouse's auth service: with status lists, and asked how often it was asked."""

import time
import zlib
from collections.abc import Iterable
from typing import Any

from gatehouse_chassis import testing
from gatehouse_chassis.auth.access_tokens import Clock, VerificationKey
from gatehouse_chassis.testing import LEFT_OUT, LIFE, changed, encode

__all__ = ["ISSUER", "LEFT_OUT", "LIFE", "TestIssuer", "encode"]

ISSUER = "http://localhost:8080/auth"


class TestIssuer(testing.TestIssuer):
    """One signing key; its tokens are for `service`, with every right there."""

    def __init__(
        self,
        *,
        url: str = ISSUER,
        service: str = "items",
        algorithm: str = "ES256",
        clock: Clock = time.time,
        kid: str = "key-1",
    ) -> None:
        super().__init__(url, audience=service, algorithm=algorithm, clock=clock, kid=kid)
        self.asked = 0

    async def find(self, kid: str) -> VerificationKey | None:
        self.asked += 1
        return await super().find(kid)

    def claims(self, **changes: Any) -> dict[str, Any]:
        ours = {
            "sub": "01890000-0000-7000-8000-000000000001",
            "client_id": "gatehouse-docs",
            "scope": f"{self.audience}:read {self.audience}:write",
        }
        return super().claims(**{**ours, **changes})

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
        return self.sign(self.header(typ="statuslist+jwt"), changed(good, claims))
