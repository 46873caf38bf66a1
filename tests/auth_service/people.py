"""Who signs in, and how."""

from dataclasses import dataclass
from typing import Any

import httpx2

PUBLIC_URL = "http://localhost:8080"
URL = f"{PUBLIC_URL}/auth"


OWN_ACCOUNT = "auth:profile auth:account"
"""The scopes with which people see and change their own account; nobody is granted them without asking."""

EVERYTHING = f"items:read items:write {OWN_ACCOUNT}"
"""All that a user may be granted."""


@dataclass(frozen=True)
class Person:
    """A user with the password that the service knows only as a hash."""

    username: str
    password: str

    @property
    def password_grant(self) -> dict[str, str]:
        return {"grant_type": "password", "username": self.username, "password": self.password}


ADMIN = Person("admin", "velvet-otter-plays-9-chords")
DEMO = Person("demo", "quiet-heron-counts-4-boats")


async def sign_in(client: httpx2.AsyncClient, person: Person = DEMO, **form: str) -> dict[str, Any]:
    """The tokens of somebody whose password is right."""
    answer = await client.post("/token", data={**person.password_grant, **form})
    assert answer.status_code == 200, answer.text
    tokens: dict[str, Any] = answer.json()
    return tokens


async def make_user(client: httpx2.AsyncClient, person: Person, **profile: str) -> dict[str, Any]:
    """A user as an administrator makes one, at once."""
    admin = await bearer(client, ADMIN, scope="auth:admin")
    body = {"username": person.username, "password": person.password, **profile}
    answer = await client.post("/users", headers=admin, json=body)
    assert answer.status_code == 201, answer.text
    user: dict[str, Any] = answer.json()
    return user


async def refresh(client: httpx2.AsyncClient, refresh_token: str, **form: str) -> httpx2.Response:
    """The answer to a refresh token, whatever it is."""
    return await client.post(
        "/token", data={"grant_type": "refresh_token", "refresh_token": refresh_token, **form}
    )


async def bearer(client: httpx2.AsyncClient, person: Person = DEMO, **form: str) -> dict[str, str]:
    """The header that a signed-in person sends, to see and change the own account unless `form` names another scope."""
    return header_of(await sign_in(client, person, **{"scope": OWN_ACCOUNT, **form}))


def header_of(tokens: dict[str, Any]) -> dict[str, str]:
    return {"Authorization": f"Bearer {tokens['access_token']}"}


def refused(answer: httpx2.Response) -> tuple[int, str]:
    """Status and code of an error in the shape of RFC 6749 section 5.2, which is checked here for every one."""
    body = answer.json()
    assert set(body) == {"error", "error_description"}
    assert answer.headers["Content-Type"] == "application/json"
    assert answer.headers["Cache-Control"] == "no-store"
    allowed = set(map(chr, range(0x20, 0x7F))) - {'"', "\\"}
    assert set(body["error"] + body["error_description"]) <= allowed
    return answer.status_code, body["error"]
