"""Which OAuth client is asking."""

from base64 import b64decode
from binascii import Error as Base64Error
from urllib.parse import unquote_plus

from auth_service.oauth_errors import InvalidClient, InvalidRequest

FIRST_PARTY_CLIENT = "gatehouse"
"""The built-in public client: the portal, the docs pages, curl."""


def identify_client(form: dict[str, str], authorization: str | None) -> str:
    """The `client_id` of the client that sent the form.

    Swagger UI sends an empty client (`Authorization: Basic Og==`), and curl sends none: both are the built-in client.

    Raises:
        InvalidClient: there is no such client, or it is public and came with a secret.
        InvalidRequest: the header and the form name two clients.
    """
    named = [form["client_id"]] if "client_id" in form else []
    secrets = [form["client_secret"]] if "client_secret" in form else []
    if authorization is not None:
        client_id, secret = _basic_credentials(authorization)
        named += [client_id] if client_id else []
        secrets += [secret] if secret else []
    if len(set(named)) > 1:
        raise InvalidRequest("the Authorization header and the form name two clients")
    if secrets or not set(named) <= {FIRST_PARTY_CLIENT}:
        raise InvalidClient("there is no such client, or its credentials are wrong")
    return FIRST_PARTY_CLIENT


def _basic_credentials(authorization: str) -> tuple[str, str]:
    """Client id and secret, each form-encoded inside the header (RFC 6749 section 2.3.1)."""
    scheme, _, encoded = authorization.partition(" ")
    try:
        if scheme.lower() != "basic":
            raise ValueError(scheme)
        client_id, colon, secret = b64decode(encoded, validate=True).decode().partition(":")
        if not colon:
            raise ValueError("no colon")
        return unquote_plus(client_id), unquote_plus(secret)
    except (ValueError, Base64Error):
        raise InvalidClient("the Authorization header holds no client credentials") from None
