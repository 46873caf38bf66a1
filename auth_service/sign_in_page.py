"""The page on which a person signs in to let an application act for them. It runs no script."""

import base64
import hmac
import re
from hashlib import sha256
from html import escape
from pathlib import Path
from secrets import token_urlsafe
from string import Template
from urllib.parse import urlsplit

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from fastapi.responses import HTMLResponse
from starlette.requests import Request

from auth_service.authorization import AnswerTo
from auth_service.scopes import SCOPES, default_of

COOKIE = "gatehouse-sign-in"

_TEMPLATES = Path(__file__).parent / "templates"
_STYLE = (_TEMPLATES / "sign-in.css").read_text(encoding="utf-8")
_STYLE_HASH = base64.b64encode(sha256(_STYLE.encode()).digest()).decode()
_COOKIE_VALUE = re.compile(r"[A-Za-z0-9_-]{43}")


class SignInPage:
    """The page, and the token by which its form is known.

    The token is a keyed digest of a cookie and of the request's own parameters: no other site can make a browser send
    a form that fits both, and none that was made for another request fits this one.

    Args:
        secret: `AUTH_KEY_ENCRYPTION_SECRET`; the key of the tokens is derived from it.
    """

    def __init__(self, secret: str) -> None:
        derivation = HKDF(SHA256(), 32, salt=None, info=b"gatehouse sign-in forms")
        self._key = derivation.derive(secret.encode())
        self._page = _template("sign-in.html")
        self._failure = _template("sign-in-failure.html")

    def show(
        self,
        request: Request,
        to: AnswerTo,
        scope: str | None,
        *,
        problem: str = "",
        username: str = "",
        status: int = 200,
    ) -> HTMLResponse:
        """The page for this request, with what went wrong at the last attempt."""
        cookie = _cookie_of(request) or token_urlsafe(32)
        names = scope.split(" ") if scope else default_of(to.client.scopes)
        rights = "".join(f"<li>{escape(SCOPES[name])}</li>" for name in names)
        html = self._page.substitute(
            style=_STYLE,
            application=escape(to.client.name),
            rights=rights,
            problem=f'<p class="problem" role="alert">{escape(problem)}</p>' if problem else "",
            username=escape(username),
            token=self._token(cookie, request),
        )
        answer = _answer(html, status, f"'self' {_source(to.redirect_uri)}")
        # Without a path the browser takes the folder that it sees, whatever the prefix of this deployment is.
        answer.set_cookie(
            COOKIE,
            cookie,
            path=None,
            secure=request.url.scheme == "https",
            httponly=True,
            samesite="lax",
        )
        return answer

    def show_failure(self, sentence: str, status: int = 400) -> HTMLResponse:
        """A page for a request that nobody else may be told about."""
        html = self._failure.substitute(style=_STYLE, sentence=escape(sentence))
        return _answer(html, status, "'none'")

    def is_own_form(self, request: Request, token: str) -> bool:
        """Whether the form comes from the page that was shown to this browser for this request."""
        cookie = _cookie_of(request)
        if cookie is None or request.headers.get("sec-fetch-site", "same-origin") != "same-origin":
            return False
        return hmac.compare_digest(self._token(cookie, request).encode(), token.encode())

    def _token(self, cookie: str, request: Request) -> str:
        query: bytes = request.scope["query_string"]
        return hmac.new(self._key, cookie.encode() + b"?" + query, sha256).hexdigest()


def _template(name: str) -> Template:
    return Template((_TEMPLATES / name).read_text(encoding="utf-8"))


def _cookie_of(request: Request) -> str | None:
    cookie = request.cookies.get(COOKIE, "")
    return cookie if _COOKIE_VALUE.fullmatch(cookie) else None


def _source(redirect_uri: str) -> str:
    """What the policy calls the place that the form's answer redirects to: Chromium applies `form-action` there too."""
    at = urlsplit(redirect_uri)
    # The policy has no words for an IPv6 address.
    if at.scheme not in ("http", "https") or at.netloc.startswith("["):
        return f"{at.scheme}:"
    return f"{at.scheme}://{at.netloc}"


def _answer(html: str, status: int, form_action: str) -> HTMLResponse:
    policy = (
        f"default-src 'none'; style-src 'sha256-{_STYLE_HASH}'; img-src data:; form-action {form_action}; "
        "base-uri 'none'; frame-ancestors 'none'"
    )
    headers = {
        "Content-Security-Policy": policy,
        "Cache-Control": "no-store",
        "Referrer-Policy": "no-referrer",
        "X-Frame-Options": "DENY",
    }
    return HTMLResponse(html, status, headers)
