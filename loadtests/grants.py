"""How a user gets its first token: a form for the token endpoint, and its row of the report."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from loadtests.assignment import Account, Client


@dataclass(frozen=True)
class Grant:
    """The form of a token request. `advice` says what to check when it is refused."""

    name: str
    form: Mapping[str, str]
    advice: str


def password_grant(account: Account, scopes: Sequence[str]) -> Grant:
    """What Swagger UI's *Authorize* sends (RFC 6749 section 4.3.2)."""
    form = {
        "username": account.username,
        "password": account.password,
        "scope": " ".join(scopes),
    }
    advice = "has this account another password than the one it was made with?"
    return Grant("password", {"grant_type": "password", **form}, advice)


def client_credentials_grant(client: Client) -> Grant:
    """What a service sends for itself (RFC 6749 section 4.4.2)."""
    form = {"client_id": client.client_id, "client_secret": client.client_secret}
    advice = "has another run renewed the secret of the load tests' client?"
    return Grant("client_credentials", {"grant_type": "client_credentials", **form}, advice)


def refresh_grant(refresh_token: str) -> Grant:
    """What a session goes on with (RFC 6749 section 6)."""
    form = {"grant_type": "refresh_token", "refresh_token": refresh_token}
    return Grant("refresh", form, "was the session ended, or its refresh token used twice?")
