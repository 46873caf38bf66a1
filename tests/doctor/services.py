"""A FastAPI service with everything that proxies break, and what stands around it on servers."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Annotated, Any

from fastapi import APIRouter, Depends, FastAPI, Request, Response, WebSocket
from fastapi.openapi.docs import get_swagger_ui_html
from fastapi.responses import HTMLResponse, JSONResponse, PlainTextResponse
from fastapi.security import OAuth2AuthorizationCodeBearer, OAuth2PasswordBearer
from starlette.types import ASGIApp, Receive, Scope, Send
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware

from tests.doctor.proxies import ADDRESS

STUB_SCRIPT = "window.SwaggerUIBundle = () => {};"


def service(
    *,
    title: str = "Items",
    token_url: str = "token",
    servers: Sequence[str] = (".",),
    token_path: str = "/token",
    routes_prefix: str = "",
    docs_prefix: str | None = None,
    script_url: str = "docs-assets/swagger-ui-bundle.js",
    spec_url: Callable[[str], str] = lambda root_path: f"{root_path}/openapi.json",
    oauth2_redirect: Callable[[str], str] = lambda root_path: f"{root_path}/docs/oauth2-redirect",
    policy: str | None = None,
    cookie: str | None = None,
    websocket: str | None = None,
    script_type: str = "text/javascript",
    repeats_paths: bool = False,
    authorization_url: str | None = None,
) -> FastAPI:
    """Make a service whose docs page is FastAPI's own, but for files that it serves itself."""
    docs_prefix = routes_prefix if docs_prefix is None else docs_prefix
    app = FastAPI(
        title=title,
        docs_url=None,
        redoc_url=None,
        openapi_url=f"{docs_prefix}/openapi.json",
        servers=[{"url": url} for url in servers] or None,
        root_path_in_servers=False,
    )
    pages = APIRouter(prefix=docs_prefix, include_in_schema=False)
    routes = APIRouter(prefix=routes_prefix)
    oauth2 = OAuth2PasswordBearer(tokenUrl=token_url)

    @pages.get("/docs")
    async def docs(request: Request) -> HTMLResponse:
        root_path = request.scope.get("root_path", "").rstrip("/") + docs_prefix
        page = get_swagger_ui_html(
            openapi_url=spec_url(root_path),
            title=title,
            oauth2_redirect_url=oauth2_redirect(root_path),
            swagger_js_url=script_url,
            swagger_css_url="docs-assets/swagger-ui.css",
            swagger_favicon_url="docs-assets/favicon.svg",
        )
        if policy:
            page.headers["content-security-policy"] = policy
        return page

    @pages.get("/docs/oauth2-redirect")
    async def after_login() -> HTMLResponse:
        return HTMLResponse("<title>signed in</title>")

    @pages.get("/docs-assets/swagger-ui-bundle.js")
    async def script() -> Response:
        return Response(STUB_SCRIPT, media_type=script_type)

    @pages.get("/docs-assets/swagger-ui.css")
    async def style() -> Response:
        return Response("", media_type="text/css")

    @routes.get("/who")
    async def who(request: Request) -> dict[str, Any]:
        return {"client": request.client.host if request.client else None}

    @routes.get("/things/")
    async def things() -> list[str]:
        return []

    @routes.get("/visit")
    async def visit() -> Response:
        response = PlainTextResponse("welcome")
        if cookie:
            response.headers["set-cookie"] = cookie
        return response

    @routes.get("/mine")
    async def mine(token: Annotated[str, Depends(oauth2)]) -> str:
        return token

    @routes.post(token_path)
    async def token() -> JSONResponse:
        return JSONResponse({"error": "invalid_request"}, 400)

    @routes.websocket("/ws")
    async def greet(connection: WebSocket) -> None:
        await connection.accept()
        await connection.close()

    if authorization_url:
        by_code = OAuth2AuthorizationCodeBearer(authorization_url, token_url, auto_error=False)

        @routes.get("/authorize")
        async def authorize() -> HTMLResponse:
            return HTMLResponse("<title>sign in</title>")

        @routes.get("/by-code")
        async def read_by_code(token: Annotated[str | None, Depends(by_code)]) -> str | None:
            return token

    if repeats_paths:

        @routes.get("/files/{name:path}")
        async def file(name: str) -> dict[str, str]:
            return {"name": name}

    app.include_router(pages)
    app.include_router(routes)
    if websocket:
        described = app.openapi()
        described["x-websocket"] = [websocket]
    return app


class ServerRootPath:
    """What a server makes of its root path.

    uvicorn's --root-path puts it into the path as well (`in_path`), which is for proxies that
    strip; gunicorn -k asgi, hypercorn, granian and FastAPI(root_path=...) leave the path alone.
    """

    def __init__(self, app: ASGIApp, root_path: str, *, in_path: bool = True) -> None:
        self._app = app
        self._root_path = root_path
        self._in_path = in_path

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        added = self._root_path if self._in_path else ""
        await self._app(
            {
                **scope,
                "root_path": self._root_path,
                "path": added + scope["path"],
                "raw_path": added.encode() + scope["raw_path"],
            },
            receive,
            send,
        )


def on_uvicorn(app: ASGIApp, *, root_path: str = "/items", trusts: str = ADDRESS) -> ASGIApp:
    """Return `app` as uvicorn runs it with --root-path and --forwarded-allow-ips."""
    return ProxyHeadersMiddleware(ServerRootPath(app, root_path), trusted_hosts=trusts)  # type: ignore[arg-type,return-value]


def on_gunicorn(app: ASGIApp, *, root_path: str = "/items") -> ASGIApp:
    """Return `app` as servers run it whose root path is for proxies that keep the prefix."""
    kept = ServerRootPath(app, root_path, in_path=False)
    return ProxyHeadersMiddleware(kept, trusted_hosts=ADDRESS)  # type: ignore[arg-type,return-value]


def answering(status: int, text: str, media_type: str = "text/plain") -> ASGIApp:
    """Return an application that has one answer for everything."""
    return Response(text, status, media_type=media_type)


def wrapped(
    app: ASGIApp, change: Callable[[Scope, Receive, Send, ASGIApp], Awaitable[None]]
) -> ASGIApp:
    """Return `app` behind a middleware that is a function."""

    async def behind(scope: Scope, receive: Receive, send: Send) -> None:
        await change(scope, receive, send, app)

    return behind
