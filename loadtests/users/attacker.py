"""Attackers: a forged token must get a 401, and every other answer is a failure."""

import json
import random
import secrets
import time
from base64 import urlsafe_b64encode
from collections.abc import Callable, Mapping

from locust import task
from locust.contrib.fasthttp import FastHttpSession

from loadtests.answers import WrongAnswer, expect_status, header_in
from loadtests.assignment import assignment_of
from loadtests.services import ITEMS
from loadtests.users.load_user import LoadUser


class Attacker(LoadUser):
    """Tries forged tokens, each a new one, so that no cache of verified tokens can help."""

    weight = 1

    @task
    def attack(self) -> None:
        """Try one token at every service."""
        token = random.choice(FORGERIES)()
        if ITEMS in assignment_of(self.environment).services:
            expect_refusal(self.client, "GET", "/items/", token)
            expect_refusal(self.client, "POST", "/items/", token)
        expect_refusal(self.client, "GET", "/auth/users/me", token)


def expect_refusal(http: FastHttpSession, method: str, path: str, token: str) -> None:
    """Send a forged token, which must get a 401 with its challenge."""
    with http.request(
        method,
        path,
        name=f"{path} [bad token]",
        headers={"Authorization": f"Bearer {token}"},
        json={"title": "forged"} if method == "POST" else None,
        allow_redirects=False,
        catch_response=True,
    ) as response:
        try:
            if 200 <= response.status_code < 300:
                raise WrongAnswer("a forged token was let in: check how tokens are verified")
            expect_status(response, 401)
            if 'error="invalid_token"' not in header_in(response, "www-authenticate"):
                raise WrongAnswer("the 401 lacks its challenge: check RFC 6750, section 3")
        except WrongAnswer as wrong:
            response.failure(str(wrong))
        else:
            response.success()


def gibberish() -> str:
    """No token at all."""
    return secrets.token_urlsafe(40)


def unsigned() -> str:
    """A token that says it needs no signature (RFC 8725 section 2.1)."""
    return f"{_encoded({'alg': 'none', 'typ': 'at+jwt'})}.{_claims()}."


def signed_with_another_key() -> str:
    """A token of the right form that is signed with a key that auth never published."""
    header = {"alg": "ES256", "typ": "at+jwt", "kid": secrets.token_urlsafe(8)}
    signature = urlsafe_b64encode(secrets.token_bytes(64)).rstrip(b"=").decode()
    return f"{_encoded(header)}.{_claims()}.{signature}"


FORGERIES: tuple[Callable[[], str], ...] = (gibberish, unsigned, signed_with_another_key)


def _claims() -> str:
    now = int(time.time())
    return _encoded(
        {
            "sub": secrets.token_hex(16),
            "jti": secrets.token_hex(16),
            "aud": ["auth", "items"],
            "scope": "items:read items:write auth:admin",
            "iat": now,
            "exp": now + 600,
        }
    )


def _encoded(part: Mapping[str, object]) -> str:
    return urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=").decode()
