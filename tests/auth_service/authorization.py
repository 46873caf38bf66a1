"""What an application and a person's browser do together to get a code, and tokens for it."""

import re
from base64 import urlsafe_b64encode
from hashlib import sha256
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import httpx2

from tests.auth_service.people import DEMO, URL, Person
from tests.auth_service.registered_clients import WEB

VERIFIER = "a-verifier-of-43-characters-or-more_0123456789"
CHALLENGE = urlsafe_b64encode(sha256(VERIFIER.encode()).digest()).rstrip(b"=").decode()
REDIRECT_URI: str = WEB["redirect_uris"][0]


def request_of(client: dict[str, Any], **changes: str) -> dict[str, str]:
    """The parameters of an authorization request; those that are changed to nothing are left out."""
    parameters = {
        "response_type": "code",
        "client_id": client["client_id"],
        "redirect_uri": REDIRECT_URI,
        "state": "a state & more",
        "code_challenge": CHALLENGE,
        "code_challenge_method": "S256",
        **changes,
    }
    return {name: value for name, value in parameters.items() if value}


def form_token_in(page: httpx2.Response) -> str:
    found = re.search(r'name="form_token" value="([0-9a-f]+)"', page.text)
    assert found, page.text
    return found[1]


def forget_browser_session(client: httpx2.AsyncClient) -> None:
    """What a person does who deletes the cookie: the session itself goes on."""
    for cookie in list(client.cookies.jar):
        if cookie.name.endswith("gatehouse-session"):
            client.cookies.jar.clear(cookie.domain, cookie.path, cookie.name)


async def sign_in_form(
    client: httpx2.AsyncClient, request: dict[str, str], person: Person = DEMO
) -> dict[str, str]:
    """The page's form as a person fills it in, in a browser in which nobody is signed in."""
    forget_browser_session(client)
    page = await client.get("/authorize", params=request)
    assert page.status_code == 200, page.text
    return {
        "form_token": form_token_in(page),
        "username": person.username,
        "password": person.password,
        "answer": "allow",
    }


async def allow(
    client: httpx2.AsyncClient, request: dict[str, str], person: Person = DEMO
) -> httpx2.Response:
    """The answer to a person who signs in and allows what is asked."""
    form = await sign_in_form(client, request, person)
    return await client.post("/authorize", params=request, data=form)


def answer_in(redirect: httpx2.Response, to: str = REDIRECT_URI) -> dict[str, str]:
    """The parameters that the application is sent, which are checked to go there and nowhere else."""
    assert redirect.status_code == 303, redirect.text
    location = redirect.headers["Location"]
    assert location.startswith(to)
    sent = dict(parse_qsl(urlsplit(location).query, strict_parsing=True))
    assert sent.pop("iss") == URL
    return sent


async def code_for(
    client: httpx2.AsyncClient, request: dict[str, str], person: Person = DEMO
) -> str:
    return answer_in(await allow(client, request, person))["code"]


async def redeem(
    client: httpx2.AsyncClient, code: str, of_client: dict[str, Any], **changes: str
) -> httpx2.Response:
    """The answer to the application that exchanges its code, whatever it is."""
    form = {
        "grant_type": "authorization_code",
        "code": code,
        "redirect_uri": REDIRECT_URI,
        "code_verifier": VERIFIER,
        "client_id": of_client["client_id"],
        **changes,
    }
    if "client_secret" in of_client:
        form["client_secret"] = of_client["client_secret"]
    return await client.post("/token", data=form)
