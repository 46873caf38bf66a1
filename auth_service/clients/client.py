"""What a client is, whether it is built in or registered."""

from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

FIRST_PARTY_CLIENT = "gatehouse"
"""The built-in public client: the portal, the docs pages, curl."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Client:
    """An application that may ask for tokens, and how (RFC 7591 section 2 has the words)."""

    client_id: str
    name: str
    confidential: bool
    """Whether it can keep a secret; a public client is known by its redirect URIs alone."""

    grants: frozenset[str]
    redirect_uris: tuple[str, ...]
    scopes: frozenset[str]
    """The most that it was registered for; a user may be entitled to less."""

    secret_digest: str | None = None
    jwks: dict[str, Any] | None = None
    """The public keys of one that authenticates itself with a signature, and has no secret."""

    post_logout_redirect_uris: tuple[str, ...] = ()
    """Where the browser may be sent after a sign-out that it asked for (OpenID Connect RP-Initiated Logout)."""

    self_registered: bool = False
    """Whether no administrator has registered it: what it says of itself is not checked by anybody."""

    @property
    def described_at(self) -> str:
        """The host of the document that describes it; empty where its id is no URL."""
        return urlsplit(self.client_id).netloc if self.client_id.startswith("https://") else ""

    @property
    def default_redirect_uri(self) -> str:
        """The only one, which a request may leave out (RFC 6749 section 3.1.2.3); empty where it may not."""
        return self.redirect_uris[0] if len(self.redirect_uris) == 1 else ""

    @property
    def is_first_party(self) -> bool:
        """Whether it is the built-in client, which is in no table."""
        return self.client_id == FIRST_PARTY_CLIENT
