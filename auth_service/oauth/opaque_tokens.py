"""Random secrets that the service gives and recognises again without keeping them."""

from hashlib import sha256
from secrets import token_urlsafe


def new_opaque_token() -> tuple[str, str]:
    """256 random bits, and the digest under which they are stored.

    Nobody can try so many, so a fast digest hides them as well as argon2id hides a password.
    """
    token = token_urlsafe(32)
    return token, digest_of(token)


def digest_of(token: str) -> str:
    """What is stored of a token."""
    return sha256(token.encode()).hexdigest()
