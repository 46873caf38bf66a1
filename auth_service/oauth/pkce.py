"""Proof Key for Code Exchange (RFC 7636), with S256 only: `plain` proves nothing to who can read the request."""

import re
from base64 import urlsafe_b64encode
from hashlib import sha256

METHOD = "S256"

_CHALLENGE = re.compile(r"[A-Za-z0-9_-]{43}")
_VERIFIER = re.compile(r"[A-Za-z0-9._~-]{43,128}")


def is_challenge(text: str) -> bool:
    """Whether this is the base64url of a SHA-256 digest."""
    return _CHALLENGE.fullmatch(text) is not None


def challenge_of(verifier: str) -> str | None:
    """The challenge that the verifier answers; None when it is no verifier (section 4.1)."""
    if not _VERIFIER.fullmatch(verifier):
        return None
    return urlsafe_b64encode(sha256(verifier.encode()).digest()).rstrip(b"=").decode()
