"""Swagger UI at `/docs` and ReDoc at `/redoc`, from files that the service serves itself."""

from collections.abc import Awaitable, Callable, Collection
from functools import partial
from html import escape
from pathlib import Path
from string import Template
from urllib.parse import urlsplit

from fastapi import FastAPI
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from gatehouse_chassis.docs.files import add_assets

_TEMPLATES = Path(__file__).parent / "templates"
_OAUTH2_REDIRECT = Path(__file__).parent / "assets" / "oauth2-redirect.html"

_SELF_ONLY = (
    "default-src 'self'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'; object-src 'none'"
)
# Swagger UI draws its icons from data: URLs in its own style sheet.
SWAGGER_UI_POLICY = f"{_SELF_ONLY}; img-src 'self' data:"
# ReDoc writes its style sheet at run time and searches in a worker that it makes from a blob.
REDOC_POLICY = (
    f"{_SELF_ONLY}; img-src 'self' data:; style-src 'self' 'unsafe-inline'; worker-src blob:"
)


_BRAND = (
    '<a class="brand" href="{}">'
    '<img src="docs/assets/favicon.svg" alt="" width="32" height="32">Gatehouse</a>'
)


def add_docs(
    app: FastAPI,
    *,
    title: str | None = None,
    root_path: str | None = None,
    scopes: Collection[str] = (),
) -> None:
    """Add `/docs`, `/redoc`, `/docs/oauth2-redirect` and `/docs/assets/...` to `app`.

    Every address in the pages is relative, and so is the one that the OpenAPI document gives of the server: they work
    under a public prefix that nobody announced to the application.

    Args:
        app: made with `docs_url=None, redoc_url=None`; it serves its OpenAPI document at `/openapi.json`.
        title: of the pages, unless it is that of the application.
        root_path: the public prefix of a service of Gatehouse, above which is the domain's start page; None elsewhere.
        scopes: those that are ticked when the *Authorize* dialog opens; with none of them a sign-in gets the default.

    Raises:
        ValueError: FastAPI's own pages are turned on, or the document is elsewhere.
    """
    if app.docs_url or app.redoc_url:
        raise ValueError(
            "FastAPI's own pages stand in the way: FastAPI(docs_url=None, redoc_url=None)."
        )
    if app.openapi_url != "/openapi.json":
        raise ValueError(f"The pages read /openapi.json, but openapi_url is {app.openapi_url!r}.")
    title = title or app.title
    app.servers = app.servers or [{"url": "."}]
    app.root_path_in_servers = False
    add_assets(app)
    brand = "" if root_path is None else _BRAND.format("../" * root_path.count("/") or "./")
    pages = {
        "/docs": _page(
            _fill("swagger-ui.html", title, brand, scopes), partial(_swagger_ui_policy, app)
        ),
        "/redoc": _page(_fill("redoc.html", title, brand), lambda: REDOC_POLICY),
        "/docs/oauth2-redirect": _page(
            _OAUTH2_REDIRECT.read_text(encoding="utf-8"), lambda: _SELF_ONLY
        ),
    }
    for path, page in pages.items():
        app.add_route(path, page, include_in_schema=False)


def _fill(template: str, title: str, brand: str, scopes: Collection[str] = ()) -> str:
    text = (_TEMPLATES / template).read_text(encoding="utf-8")
    return Template(text).substitute(
        title=escape(title), brand=brand, scopes=escape(" ".join(scopes))
    )


def _swagger_ui_policy(app: FastAPI) -> str:
    """Swagger UI's policy. The page may also ask an issuer of another origin, which must allow that (CORS)."""
    schemes = app.openapi().get("components", {}).get("securitySchemes", {}).values()
    flows = [flow for scheme in schemes for flow in scheme.get("flows", {}).values()]
    urls = [
        urlsplit(flow.get(name, "")) for flow in flows for name in ("tokenUrl", "authorizationUrl")
    ]
    issuers = sorted({f"{url.scheme}://{url.netloc}" for url in urls if url.netloc})
    return "; ".join(
        [SWAGGER_UI_POLICY, *([f"connect-src 'self' {' '.join(issuers)}"] if issuers else [])]
    )


def _page(html: str, policy: Callable[[], str]) -> Callable[[Request], Awaitable[Response]]:
    async def answer(_request: Request) -> Response:
        headers = {"Content-Security-Policy": policy(), "Cache-Control": "no-cache"}
        return HTMLResponse(html, headers=headers)

    return answer
