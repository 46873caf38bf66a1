"""Front ends on other origins: which may read a service's answers in a browser (CORS)."""

from collections.abc import Collection

from starlette.middleware.cors import CORSMiddleware
from starlette.types import ASGIApp

READABLE_BY_ALL = {"Access-Control-Allow-Origin": "*"}
"""Of a public document (keys, metadata, the status list): the script of any page may read it."""

_PREFLIGHT_LIFE = 600
"""Seconds that a browser need not ask again."""


USUAL_HEADERS = frozenset(
    (
        *("Authorization", "Content-Type", "If-Match", "If-None-Match", "Idempotency-Key"),
        *("Last-Event-ID", "MCP-Protocol-Version", "Mcp-Session-Id"),
        *("X-Request-ID", "X-Requested-With", "traceparent", "tracestate"),
    )
)
"""What front ends and their libraries send; `<SERVICE>_CORS_HEADERS` names others."""


def allow_origins(
    app: ASGIApp, origins: Collection[str], headers: Collection[str] = USUAL_HEADERS
) -> ASGIApp:
    """`app`, whose answers pages of these origins may read; no others, and never with cookies.

    A front end sends its access token in a header, so it needs no credentials mode, and none of its requests can use
    what the browser keeps for this origin.

    Args:
        headers: what a request of such a page may carry.
    """
    if not origins:
        return app
    return CORSMiddleware(
        app,
        allow_origins=sorted(origins),
        allow_methods=["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"],
        allow_headers=sorted(headers),
        expose_headers=[
            "ETag",
            "Link",
            "Location",
            "Retry-After",
            "WWW-Authenticate",
            "X-Request-ID",
        ],
        max_age=_PREFLIGHT_LIFE,
    )
