"""ID tokens (OpenID Connect Core section 2): they tell a client who signed in, when and how."""

from base64 import urlsafe_b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Any

TOKEN_TYPE = "JWT"

ACR = "1"
"""How sure it is who signed in: level 1 of ISO/IEC 29115, which a password alone reaches."""

_AMR = ("pwd",)
"""By which means (RFC 8176)."""


@dataclass(frozen=True, slots=True)
class SignIn:
    """How a user came to be signed in.

    Attributes:
        at: when the user last showed the password.
        nonce: of the authorization request.
        sid: of the browser's session, by which a client knows it when it ends.
    """

    at: datetime
    nonce: str | None = None
    sid: str | None = None


def about_sign_in(sign_in: SignIn, access_token: str) -> Mapping[str, Any]:
    """The claims of an ID token that say how the user signed in, beside those that every token has."""
    claims = {
        "auth_time": int(sign_in.at.timestamp()),
        "nonce": sign_in.nonce,
        "acr": ACR,
        "amr": _AMR,
        "sid": sign_in.sid,
        "at_hash": _half_digest(access_token),
    }
    return {name: value for name, value in claims.items() if value is not None}


def _half_digest(token: str) -> str:
    """`at_hash` (section 3.1.3.6); SHA-256 goes with ES256 and with RS256."""
    return urlsafe_b64encode(sha256(token.encode()).digest()[:16]).rstrip(b"=").decode()
