"""A client that is registered with the running stack, and the person who signs in through it."""

import re
import secrets
from dataclasses import dataclass
from html import unescape
from pathlib import Path
from urllib.parse import urlencode

import pytest

from testing.http import send
from testing.stack import Stack
from tests.clients.npm import install

REDIRECT_URI = "https://client.example/callback"
SIGNED_OUT_URI = "https://client.example/signed-out"


@dataclass(frozen=True)
class Registered:
    """What a client is told of Gatehouse: the issuer, and its own credentials."""

    issuer: str
    resource: str
    client_id: str
    client_secret: str


@pytest.fixture
def registered(stack: Stack) -> Registered:
    admin = stack.sign_in(stack.admin, scope="auth:admin")
    new = {
        "name": f"Conformance {secrets.token_hex(4)}",
        "confidential": True,
        "grants": ["authorization_code", "refresh_token", "client_credentials"],
        "redirect_uris": [REDIRECT_URI],
        "scopes": ["items:read", "items:write", "openid", "profile", "email"],
        "post_logout_redirect_uris": [SIGNED_OUT_URI],
    }
    answer = stack.call("POST", "/auth/clients", token=admin, json=new)
    assert answer.status == 201, answer.body
    made = answer.json
    return Registered(
        f"{stack.url}/auth", f"{stack.url}/items", made["client_id"], made["client_secret"]
    )


@pytest.fixture(scope="session")
def scripts(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the scripts of Node and the packages that they import."""
    return install(Path(__file__).parent / "node", tmp_path_factory.mktemp("node") / "clients")


class Person:
    """Somebody with a browser that runs no scripts."""

    def __init__(self, stack: Stack) -> None:
        self._user = stack.demo

    def visit(self, url: str) -> str:
        """Sign in on the page at `url` and allow what is asked; return where the browser is sent."""
        page = send(url, f"?{url.partition('?')[2]}")
        assert page.status == 200, page.body
        found = re.search(r'name="form_token" value="([^"]+)"', page.body.decode())
        assert found
        form = {
            "form_token": unescape(found[1]),
            "username": self._user.username,
            "password": self._user.password,
            "answer": "allow",
        }
        signed_in = send(
            url,
            f"?{url.partition('?')[2]}",
            method="POST",
            headers=[
                ("Content-Type", "application/x-www-form-urlencoded"),
                ("Cookie", page.headers["Set-Cookie"].partition(";")[0]),
            ],
            body=urlencode(form).encode(),
        )
        assert signed_in.status == 303, signed_in.body
        location: str = signed_in.headers["Location"]
        return location


@pytest.fixture
def person(stack: Stack) -> Person:
    return Person(stack)
