"""The pages on which a person signs in, and lets an application act for them. They work without scripts."""

import hmac
import re
from collections.abc import Mapping
from hashlib import sha256
from secrets import token_urlsafe
from urllib.parse import parse_qsl, urlencode, urlsplit

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from fastapi.responses import HTMLResponse
from starlette.requests import Request

from auth_service.clients.redirect_uris import LOOPBACK
from auth_service.oauth.authorization import AuthorizationRequest
from auth_service.oauth.errors import OAuthError
from auth_service.oauth.scopes import scope_list
from auth_service.pages.rendering import form_source, render
from auth_service.sessions.browser.store import BrowserSession

COOKIE = "gatehouse-sign-in"

NOT_FROM_HERE = "This form was not made for this browser, or is too old. Please {}."

_COOKIE_VALUE = re.compile(r"[A-Za-z0-9_-]{43}")


class SignInPage:
    """The page, and the token by which its form is known.

    The token is a keyed digest of a cookie and of the request's own parameters: no other site can make a browser send
    a form that fits both, and none that was made for another request fits this one.

    Args:
        secret: `AUTH_KEY_ENCRYPTION_SECRET`; the key of the tokens is derived from it.
        previous: the one before it, with which pages that are open may have been made; empty when there is none.
    """

    def __init__(self, secret: str, previous: str = "") -> None:
        self._key, *self._other_keys = [_derive(one) for one in (secret, previous) if one]

    def show(
        self,
        request: Request,
        asked: AuthorizationRequest | None,
        *,
        problem: str = "",
        username: str = "",
        status: int = 200,
    ) -> HTMLResponse:
        """The page on which the person signs in, with what went wrong at the last attempt.

        Args:
            asked: what the person signs in for; None where it is no application.
        """
        values = {"username": username, "focus": "password" if username else "username"}
        return self._form("sign-in.html", request, asked, values, problem=problem, status=status)

    def show_again(
        self,
        request: Request,
        asked: AuthorizationRequest | None,
        error: OAuthError,
        *,
        username: str,
    ) -> HTMLResponse:
        """The same page, which says why the person is not signed in yet."""
        problem, headers = "The user name or the password is wrong.", {}
        if error.error == "temporarily_unavailable":
            headers["Retry-After"] = error.headers.get("Retry-After", "1")
            problem = f"{error.description} You can try again in {headers['Retry-After']} s."
        answer = self.show(request, asked, problem=problem, username=username, status=error.status)
        answer.headers.update(headers)
        return answer

    def show_consent(
        self,
        request: Request,
        asked: AuthorizationRequest,
        session: BrowserSession,
        *,
        problem: str = "",
        status: int = 200,
    ) -> HTMLResponse:
        """The page on which a person who is signed in allows or refuses this request."""
        values = {"username": session.user.username, "other": _as_somebody_else(request)}
        return self._form(
            "consent.html", request, asked, values, session=session, problem=problem, status=status
        )

    def _form(
        self,
        template: str,
        request: Request,
        asked: AuthorizationRequest | None,
        values: Mapping[str, str],
        *,
        session: BrowserSession | None = None,
        problem: str,
        status: int,
    ) -> HTMLResponse:
        cookie = _cookie_of(request) or token_urlsafe(32)
        descriptions = scope_list().descriptions
        to = asked.target if asked else None
        # Who signs in on the portal, or for no application, is asked for nothing else.
        redirect_uri = to.redirect_uri if to else ""
        listed = asked.wanted.scope.split() if asked and redirect_uri else []
        answer = render(
            template,
            {
                **values,
                "application": to.client.name if to else "",
                "rights": [descriptions[name] for name in listed],
                "described_at": to.client.described_at if to else "",
                "unchecked": bool(to and to.client.self_registered),
                "place": "" if to is None or to.client.is_first_party else _place(redirect_uri),
                "problem": problem,
                "token": _token(self._key, cookie, request, session),
            },
            status=status,
            form_action=f"'self' {form_source(redirect_uri)}" if redirect_uri else "'self'",
        )
        is_https = request.url.scheme == "https"
        answer.set_cookie(
            _cookie_name(request),
            cookie,
            # What __Host- needs. Without a path the browser takes the folder that it sees, whatever the prefix is.
            path="/" if is_https else None,
            secure=is_https,
            httponly=True,
            samesite="lax",
        )
        return answer

    def show_failure(self, sentence: str, status: int = 400) -> HTMLResponse:
        """A page for a request of which no application may learn."""
        return render(
            "sign-in-failure.html", {"sentence": sentence}, status=status, form_action="'none'"
        )

    def is_own_form(
        self, request: Request, token: str, session: BrowserSession | None = None
    ) -> bool:
        """Whether the form comes from the page that was shown to this browser for this request.

        Args:
            session: in which a form about consent must have been shown.
        """
        cookie = _cookie_of(request)
        if cookie is None or request.headers.get("sec-fetch-site", "same-origin") != "same-origin":
            return False
        own = [_token(key, cookie, request, session) for key in (self._key, *self._other_keys)]
        return any(hmac.compare_digest(one.encode(), token.encode()) for one in own)


def _derive(secret: str) -> bytes:
    derivation = HKDF(SHA256(), 32, salt=None, info=b"gatehouse sign-in forms")
    return derivation.derive(secret.encode())


def _token(key: bytes, cookie: str, request: Request, session: BrowserSession | None) -> str:
    query: bytes = request.scope["query_string"]
    # Neither a cookie nor an id has a question mark in it.
    about = f"{session.id if session else ''}?{cookie}?".encode()
    return hmac.new(key, about + query, sha256).hexdigest()


def _cookie_name(request: Request) -> str:
    """Over https one that no other host of the domain can set, and no http (RFC 6265bis section 4.1.3.2)."""
    return f"__Host-{COOKIE}" if request.url.scheme == "https" else COOKIE


def _cookie_of(request: Request) -> str | None:
    cookie = request.cookies.get(_cookie_name(request), "")
    return cookie if _COOKIE_VALUE.fullmatch(cookie) else None


def _place(redirect_uri: str) -> str:
    """Where the answer goes, in words that a person can judge."""
    at = urlsplit(redirect_uri)
    if at.scheme not in ("http", "https"):
        return f"an app on this device that opens {at.scheme}: links"
    if at.hostname in LOOPBACK:
        return f"a program on your own computer ({at.netloc})"
    return at.netloc


def _as_somebody_else(request: Request) -> str:
    """The way to the same request with the sign-in page, relative to this one."""
    query = request.scope["query_string"].decode("ascii")
    pairs = [pair for pair in parse_qsl(query, keep_blank_values=True) if pair[0] != "prompt"]
    return f"?{urlencode([*pairs, ('prompt', 'login')])}"
