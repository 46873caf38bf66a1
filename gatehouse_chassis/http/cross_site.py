"""Which requests a page of another site makes a browser send, in the name of the person who looks at it.

No cookie is needed for harm: a form posted to a sign-in counts as the visitor's own failed one.
"""

from typing import Any
from urllib.parse import urlsplit

from starlette.requests import HTTPConnection, Request

from gatehouse_chassis.http.problems import Problem

_SAFE_METHODS = frozenset(("GET", "HEAD", "OPTIONS"))  # RFC 9110 section 9.2.1


class CrossSiteRequest(Problem):
    """A page of another site sent it, and that site is not allowed to."""

    status, code = 403, "cross_site_request"

    def __init__(self) -> None:
        super().__init__("A page of another site sent this request, and its origin is not allowed.")


def set_origins(state: Any, *, public_url: str, allowed: frozenset[str]) -> None:
    """Tells an application's `state` where its own pages are, and which other origins may send to it."""
    state.public_host = urlsplit(public_url).netloc.lower()
    state.allowed_origins = allowed


def is_cross_site(request: HTTPConnection, *, from_a_page: bool = False) -> bool:
    """Whether a page of another origin sent the request and none of `CORS_ORIGINS` did.

    The browser's own word counts (Fetch Metadata), which is right whatever proxies make of host and prefix. A browser
    leaves it out on plain http, except for localhost; then the `Origin` counts, where a browser sends the request
    without asking first: with an `Authorization` it asks.

    Args:
        from_a_page: it is the form of a page of ours, for which a browser that must send no referrer says
            `Origin: null`.
    """
    headers = request.headers
    origin = headers.get("origin")
    if request.scope["method"] in _SAFE_METHODS or origin in request.app.state.allowed_origins:
        return False
    if site := headers.get("sec-fetch-site"):
        return site not in ("same-origin", "none")
    if origin is None or "authorization" in headers or (from_a_page and origin == "null"):
        return False
    try:
        host = urlsplit(origin).netloc
    except ValueError:  # such as http://[x
        return True
    return host not in (headers.get("host", "").lower(), request.app.state.public_host)


async def refuse_cross_site(request: Request) -> None:
    """A dependency of routes that change something.

    Raises:
        CrossSiteRequest: 403.
    """
    if is_cross_site(request):
        raise CrossSiteRequest
