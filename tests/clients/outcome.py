"""What every client must have got when it is through."""

from typing import Any

from testing.stack import Stack


def check_outcome(stack: Stack, client_id: str, outcome: dict[str, dict[str, Any]]) -> None:
    """Check what code, refresh, introspection, revocation and client_credentials gave.

    Args:
        stack: which issued the tokens.
        client_id: of the client.
        outcome: `first` and `renewed` tokens of the person, what introspection said of the renewed access token
            `before` the revocation and of the refresh token `after` it, and the client's `own` token.
    """
    first, renewed, own = outcome["first"], outcome["renewed"], outcome["own"]
    assert first["refresh_token"] != renewed["refresh_token"]
    assert outcome["before"]["active"] is True
    assert outcome["before"]["client_id"] == client_id
    assert outcome["before"]["scope"] == "items:read"
    assert outcome["after"] == {"active": False}
    assert "refresh_token" not in own
    assert stack.call("GET", "/items/", token=own["access_token"]).status == 200
    dead = stack.token_request(
        grant_type="refresh_token", refresh_token=renewed["refresh_token"], client_id=client_id
    )
    assert dead.status in {400, 401}
