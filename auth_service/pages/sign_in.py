"""The page on which a person signs in to let an application act for them. It works without scripts."""

import hmac
import re
from hashlib import sha256
from secrets import token_urlsafe
from urllib.parse import urlsplit

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from fastapi.responses import HTMLResponse
from starlette.requests import Request

from auth_service.oauth.authorization import RedirectTarget
from auth_service.oauth.scopes import scope_list
from auth_service.pages.rendering import render

COOKIE = "gatehouse-sign-in"

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
        to: RedirectTarget,
        scope: str,
        *,
        problem: str = "",
        username: str = "",
        status: int = 200,
    ) -> HTMLResponse:
        """The page for this request, with what went wrong at the last attempt.

        Args:
            scope: all that is granted when the person allows it.
        """
        cookie = _cookie_of(request) or token_urlsafe(32)
        descriptions = scope_list().descriptions
        answer = render(
            "sign-in.html",
            {
                "application": to.client.name,
                "rights": [descriptions[name] for name in scope.split()],
                "problem": problem,
                "username": username,
                "focus": "password" if username else "username",
                "token": _token(self._key, cookie, request),
            },
            status=status,
            form_action=f"'self' {_source(to.redirect_uri)}",
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

    def is_own_form(self, request: Request, token: str) -> bool:
        """Whether the form comes from the page that was shown to this browser for this request."""
        cookie = _cookie_of(request)
        if cookie is None or request.headers.get("sec-fetch-site", "same-origin") != "same-origin":
            return False
        own = [_token(key, cookie, request) for key in (self._key, *self._other_keys)]
        return any(hmac.compare_digest(one.encode(), token.encode()) for one in own)


def _derive(secret: str) -> bytes:
    derivation = HKDF(SHA256(), 32, salt=None, info=b"gatehouse sign-in forms")
    return derivation.derive(secret.encode())


def _token(key: bytes, cookie: str, request: Request) -> str:
    query: bytes = request.scope["query_string"]
    return hmac.new(key, cookie.encode() + b"?" + query, sha256).hexdigest()


def _cookie_name(request: Request) -> str:
    """Over https one that no other host of the domain can set, and no http (RFC 6265bis section 4.1.3.2)."""
    return f"__Host-{COOKIE}" if request.url.scheme == "https" else COOKIE


def _cookie_of(request: Request) -> str | None:
    cookie = request.cookies.get(_cookie_name(request), "")
    return cookie if _COOKIE_VALUE.fullmatch(cookie) else None


def _source(redirect_uri: str) -> str:
    """What the policy calls the place that the form's answer redirects to: Chromium applies `form-action` there too."""
    at = urlsplit(redirect_uri)
    # The policy has no words for an IPv6 address.
    if at.scheme not in ("http", "https") or at.netloc.startswith("["):
        return f"{at.scheme}:"
    return f"{at.scheme}://{at.netloc}"
