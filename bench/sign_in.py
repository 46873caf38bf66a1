"""Sign-in at any token endpoint that takes a username and a password."""

from urllib.parse import urlencode

from bench.wrk import Refused
from testing.http import send
from testing.stack import User


def password_form(user: User) -> dict[str, str]:
    """What is posted (RFC 6749 section 4.3.2)."""
    return {"grant_type": "password", "username": user.username, "password": user.password}


def access_token(origin: str, user: User) -> str:
    """An access token of the user.

    Raises:
        Refused: there is none.
    """
    answer = send(
        f"{origin}/auth/token",
        method="POST",
        headers=[("Content-Type", "application/x-www-form-urlencoded")],
        body=urlencode(password_form(user)).encode(),
    )
    if answer.status != 200:
        raise Refused(f"the sign-in answers {answer.status}")
    return str(answer.json["access_token"])
