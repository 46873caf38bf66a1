"""What the public keys look like."""

from pydantic import BaseModel


class JWKSet(BaseModel):
    """RFC 7517 section 5."""

    keys: list[dict[str, str]]
