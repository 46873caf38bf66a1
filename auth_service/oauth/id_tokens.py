"""ID tokens (OpenID Connect Core section 2): they tell a client who signed in, when and how."""

from base64 import urlsafe_b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Any

from gatehouse_chassis.auth.access_tokens import (
    MAX_TOKEN_CHARS,
    InvalidToken,
    VerificationKeys,
    read_signed,
)

TOKEN_TYPE = "JWT"

ACR = "1"
"""How sure it is who signed in: level 1 of ISO/IEC 29115, which a password alone reaches."""


@dataclass(frozen=True, slots=True)
class SignIn:
    """How a user came to be signed in.

    Attributes:
        at: when the user last proved who they are.
        amr: by what (RFC 8176), with one space between.
        nonce: of the authorization request.
        sid: of the browser's session, by which a client knows it when it ends.
    """

    at: datetime
    amr: str
    nonce: str | None = None
    sid: str | None = None


def about_sign_in(sign_in: SignIn, access_token: str) -> Mapping[str, Any]:
    """The claims of an ID token that say how the user signed in, beside those that every token has."""
    claims = {
        "auth_time": int(sign_in.at.timestamp()),
        "nonce": sign_in.nonce,
        "acr": ACR,
        "amr": sign_in.amr.split(),
        "sid": sign_in.sid,
        "at_hash": _half_digest(access_token),
    }
    return {name: value for name, value in claims.items() if value is not None}


def _half_digest(token: str) -> str:
    """`at_hash` (section 3.1.3.6); SHA-256 goes with ES256 and with RS256."""
    return urlsafe_b64encode(sha256(token.encode()).digest()[:16]).rstrip(b"=").decode()


@dataclass(frozen=True, slots=True)
class Hint:
    """What an ID token that comes back says of the browser's user (`id_token_hint`)."""

    subject: str
    client_id: str


@dataclass(frozen=True, slots=True)
class IdTokenReader:
    """Reads ID tokens that clients send back."""

    issuer: str
    keys: VerificationKeys

    async def read(self, token: str) -> Hint:
        """Whom and which client the token names; it may have expired (RP-Initiated Logout section 4).

        Raises:
            InvalidToken: it is not one that was issued here.
        """
        if len(token) > MAX_TOKEN_CHARS:
            raise InvalidToken("the token is too long")
        claims = (await read_signed(token, token_type=TOKEN_TYPE, keys=self.keys)).claims
        subject, client_id = claims.get("sub"), claims.get("aud")
        if claims.get("iss") != self.issuer:
            raise InvalidToken("the token is from another issuer")
        if not isinstance(subject, str) or not isinstance(client_id, str):
            raise InvalidToken("the token names no user or no client")
        return Hint(subject, client_id)
