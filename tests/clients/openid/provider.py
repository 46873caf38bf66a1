"""An OpenID provider as a test sees it, a person with a browser that runs no scripts, and a client."""

import json
from base64 import urlsafe_b64encode
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from html.parser import HTMLParser
from secrets import token_urlsafe
from typing import Any
from urllib.parse import parse_qsl, urlencode, urljoin, urlsplit

import httpx2
import jwt

REDIRECT_URI = "https://client.example/callback"
SIGNED_OUT_URI = "https://client.example/signed-out"
_MAX_STEPS = 12


class NotApplicable(Exception):
    """The provider need not be able to do what the case is about, and says that it cannot."""


@dataclass(frozen=True)
class Client:
    """A registered client, and how it authenticates itself."""

    client_id: str
    client_secret: str
    method: str = "client_secret_basic"


@dataclass(frozen=True)
class Provider:
    """Where the provider is, and what is registered with it.

    Attributes:
        new_browser: makes an HTTP client with cookies of its own.
        clients: one with `client_secret_basic`, one with `client_secret_post`.
    """

    issuer: str
    new_browser: Callable[[], httpx2.AsyncClient]
    username: str
    password: str
    clients: tuple[Client, Client]

    @property
    def basic(self) -> Client:
        return self.clients[0]

    @property
    def post(self) -> Client:
        return self.clients[1]

    async def send(self, method: str, url: str, **request: Any) -> httpx2.Response:
        """What the client's server sends, without any cookie."""
        async with self.new_browser() as browser:
            return await browser.request(method, url, **request)

    async def configuration(self) -> dict[str, Any]:
        answer = await self.send("GET", f"{self.issuer}/.well-known/openid-configuration")
        assert answer.status_code == 200, answer.text
        described: dict[str, Any] = answer.json()
        return described


@dataclass
class Arrival:
    """Where a browser came to a stop: back at the client, or at a page."""

    url: str
    page: httpx2.Response | None
    forms_filled: int

    def parameters(self, at: str = REDIRECT_URI) -> dict[str, str]:
        """What the client is sent."""
        assert self.page is None, self.page.text
        assert self.url.partition("?")[0] == at
        return dict(parse_qsl(urlsplit(self.url).query, strict_parsing=True))


class _Form(HTMLParser):
    """The first form of a page: where it goes, and what its fields hold."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.action: str | None = None
        self.fields: dict[str, str] = {}
        self.named: list[str] = []
        self._id = ""
        self._inside = False
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "form" and self.action is None:
            self.action, self._inside = given.get("action", ""), True
            self._id = given.get("id", "")
        name = given.get("name", "")
        belongs = self._inside or (self._id and given.get("form") == self._id)
        if not (belongs and name):
            return
        if tag == "input":
            self.fields[name] = given.get("value", "")
            self.named.append(name)
        elif tag == "button":
            # A person presses the first one.
            self.fields.setdefault(name, given.get("value", ""))

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self._inside = False


@dataclass
class Person:
    """Somebody with one browser, who signs in and allows what is asked."""

    provider: Provider
    browser: httpx2.AsyncClient = field(init=False)

    async def __aenter__(self) -> "Person":
        self.browser = await self.provider.new_browser().__aenter__()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.browser.aclose()

    async def visit(
        self, url: str, *, posts: Mapping[str, str] | None = None, answers: bool = True
    ) -> Arrival:
        """Goes where the provider leads, and fills in its forms.

        Args:
            posts: a form to send to `url`; without it the address is opened.
            answers: whether forms are filled in; otherwise the first page is the end.
        """
        if posts is None:
            answer = await self.browser.get(url)
        else:
            answer = await self.browser.post(url, data=dict(posts))
        filled = 0
        for _ in range(_MAX_STEPS):
            if answer.is_redirect:
                url = urljoin(url, answer.headers["Location"])
                if not url.startswith(_origin(self.provider.issuer)):
                    return Arrival(url, None, filled)
                answer = await self.browser.get(url)
                continue
            form = _Form(answer.text)
            if form.action is None or not answers:
                return Arrival(url, answer, filled)
            url = urljoin(url, form.action)
            answer = await self.browser.post(url, data=self._fill_in(form))
            filled += 1
        raise AssertionError(f"no end of pages and redirects at {url}")

    def _fill_in(self, form: _Form) -> dict[str, str]:
        mine = {
            "username": self.provider.username,
            "login": self.provider.username,
            "password": self.provider.password,
        }
        return {**form.fields, **{name: mine[name] for name in form.named if name in mine}}


@dataclass
class Flow:
    """One client's authorization requests for one person, and what it gets."""

    provider: Provider
    person: Person
    client: Client
    configuration: dict[str, Any]

    def request(self, **changes: str) -> dict[str, str]:
        """An authentication request; what is changed to nothing is left out."""
        parameters = {
            "response_type": "code",
            "client_id": self.client.client_id,
            "redirect_uri": REDIRECT_URI,
            "scope": "openid",
            "state": token_urlsafe(12),
            "nonce": token_urlsafe(12),
            **changes,
        }
        return {name: value for name, value in parameters.items() if value}

    async def ask(
        self, request: Mapping[str, str], *, answers: bool = True, posted: bool = False
    ) -> Arrival:
        endpoint = self.configuration["authorization_endpoint"]
        if posted:
            return await self.person.visit(endpoint, posts=request, answers=answers)
        return await self.person.visit(f"{endpoint}?{urlencode(request)}", answers=answers)

    async def code(self, request: Mapping[str, str], *, posted: bool = False) -> str:
        """The code of an answer in which all is right."""
        answer = (await self.ask(request, posted=posted)).parameters()
        assert "error" not in answer, answer
        assert answer.get("state") == request.get("state")
        assert answer.get("iss", self.provider.issuer) == self.provider.issuer
        return answer["code"]

    async def refusal(self, request: Mapping[str, str]) -> str:
        answer = (await self.ask(request)).parameters()
        assert answer.get("state") == request.get("state")
        assert "code" not in answer
        return answer["error"]

    async def token_request(self, **form: str) -> httpx2.Response:
        """The token endpoint's answer to the client."""
        request: dict[str, Any] = {"data": form}
        if self.client.method == "client_secret_basic":
            request["auth"] = (self.client.client_id, self.client.client_secret)
        else:
            form |= {
                "client_id": self.client.client_id,
                "client_secret": self.client.client_secret,
            }
        endpoint = self.configuration["token_endpoint"]
        return await self.provider.send("POST", endpoint, **request)

    async def redeem(self, code: str, **more: str) -> httpx2.Response:
        form = {"grant_type": "authorization_code", "code": code, "redirect_uri": REDIRECT_URI}
        return await self.token_request(**form, **more)

    async def sign_in(self, posted: bool = False, **changes: str) -> "SignedIn":
        """A whole sign-in, whose ID token is checked (OpenID Connect Core section 3.1.3.7)."""
        verifier = changes.pop("code_verifier", "")
        request = self.request(**changes)
        code = await self.code(request, posted=posted)
        answer = await self.redeem(code, **({"code_verifier": verifier} if verifier else {}))
        return await self.checked(answer, request)

    async def checked(
        self,
        answer: httpx2.Response,
        request: Mapping[str, str],
        renews: "SignedIn | None" = None,
    ) -> "SignedIn":
        """What the token endpoint gave for a code of this request, or for a refresh token."""
        assert answer.status_code == 200, answer.text
        assert answer.headers["Content-Type"].startswith("application/json")
        assert "no-store" in answer.headers["Cache-Control"]
        tokens = answer.json()
        assert tokens["token_type"].lower() == "bearer"
        header = jwt.get_unverified_header(tokens["id_token"])
        keys = (await self.provider.send("GET", self.configuration["jwks_uri"])).json()["keys"]
        [key] = [one for one in keys if one["kid"] == header["kid"]]
        claims: dict[str, Any] = jwt.decode(
            tokens["id_token"],
            jwt.PyJWK(key, header["alg"]),
            algorithms=self.configuration["id_token_signing_alg_values_supported"],
            audience=self.client.client_id,
            issuer=self.provider.issuer,
            leeway=10,
            options={"require": ["iss", "sub", "aud", "exp", "iat"]},
        )
        assert claims.get("azp", self.client.client_id) == self.client.client_id
        if renews is None:
            assert claims.get("nonce") == request.get("nonce")
        else:
            assert claims.get("nonce") in (None, renews.claims.get("nonce"))
        assert 0 < len(claims["sub"]) <= 255
        if "at_hash" in claims:
            half = sha256(tokens["access_token"].encode()).digest()[:16]
            assert claims["at_hash"] == urlsafe_b64encode(half).rstrip(b"=").decode()
        return SignedIn(tokens, claims, header)

    async def user_info(
        self, access_token: str, method: str = "GET", *, in_body: bool = False
    ) -> httpx2.Response:
        endpoint = self.configuration["userinfo_endpoint"]
        if in_body:
            return await self.provider.send("POST", endpoint, data={"access_token": access_token})
        headers = {"Authorization": f"Bearer {access_token}"}
        return await self.provider.send(method, endpoint, headers=headers)


@dataclass(frozen=True)
class SignedIn:
    """What a sign-in gave."""

    tokens: dict[str, Any]
    claims: dict[str, Any]
    header: dict[str, Any]

    @property
    def access_token(self) -> str:
        return str(self.tokens["access_token"])


def unsigned(claims: Mapping[str, Any]) -> str:
    """A JWT with the algorithm `none`."""
    parts = [{"alg": "none", "typ": "JWT"}, claims]
    return (
        ".".join(
            urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=").decode() for part in parts
        )
        + "."
    )


def _origin(url: str) -> str:
    at = urlsplit(url)
    return f"{at.scheme}://{at.netloc}/"
