"""What `/auth/verify` says in its body; proxies read the headers alone."""

from pydantic import BaseModel


class Verified(BaseModel):
    """Who asks."""

    username: str | None
    client_id: str | None
    scopes: list[str]
