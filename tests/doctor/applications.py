"""What applications that nobody here wrote send, in as few lines as show it.

The shapes were recorded from Gradio, Streamlit, Dash, JupyterLab, NiceGUI, FastMCP, flask-smorest,
drf-spectacular, Litestar, springdoc and swagger-ui-express. Each takes the prefix that it was told,
empty where nobody told it one.
"""

import json
from collections.abc import Mapping

from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.responses import (
    HTMLResponse,
    JSONResponse,
    PlainTextResponse,
    RedirectResponse,
    Response,
)
from starlette.types import ASGIApp, Receive, Scope, Send

SCRIPT = Response("run()", media_type="text/javascript")
STYLE = Response("", media_type="text/css")
NOT_FOUND = PlainTextResponse("Not Found", 404)
DOCUMENT = {
    "openapi": "3.0.3",
    "info": {"title": "Pets", "version": "1"},
    "servers": [{"url": "."}],
    "paths": {"/pets": {"get": {"responses": {}}}},
}


def site(answers: Mapping[str, ASGIApp], *, otherwise: ASGIApp = NOT_FOUND) -> ASGIApp:
    """Return an application with one answer for each path."""

    async def application(scope: Scope, receive: Receive, send: Send) -> None:
        await answers.get(scope["path"], otherwise)(scope, receive, send)

    return application


def page(head: str, title: str = "") -> ASGIApp:
    return HTMLResponse(f"<!doctype html><html><head><title>{title}</title>{head}</head></html>")


def gradio(root_path: str, *, forgets_port: bool = False) -> ASGIApp:
    """Served as if no prefix were there; the page's scripts ask below `root`, made of Host."""

    async def home(scope: Scope, receive: Receive, send: Send) -> None:
        host = Headers(scope=scope)["host"]
        root = f"http://{host.partition(':')[0] if forgets_port else host}{root_path}"
        config = json.dumps({"version": "6.0", "root": root})
        written = f"<script>window.gradio_config = {config};</script>"
        await page(f"{written}<script type=module src=./assets/index.js></script>")(
            scope, receive, send
        )

    fastapi_404 = JSONResponse({"detail": "Not Found"}, 404)
    return site({"/": home, "/assets/index.js": SCRIPT}, otherwise=fastapi_404)


def streamlit(base: str) -> ASGIApp:
    """The page answers every path below the base; a slash at the end is taken away."""
    home = page("<script src=./static/js/index.js></script>", "Streamlit")

    async def application(scope: Scope, receive: Receive, send: Send) -> None:
        path = scope["path"]
        answer: ASGIApp = home
        if base and not path.startswith(base):
            answer = NOT_FOUND
        elif path == f"{base}/static/js/index.js":
            answer = SCRIPT
        elif path.endswith("/") and path != f"{base}/":
            answer = RedirectResponse(path.rstrip("/"), 301)
        if scope["type"] == "websocket":
            await send({"type": "websocket.accept"})
            await send({"type": "websocket.close"})
            return
        await answer(scope, receive, send)

    return application


def dash(prefix: str, *, routes_have_it: bool = False) -> ASGIApp:
    """The page answers every path; it writes its prefix into all addresses and into its settings."""
    settings = json.dumps({"requests_pathname_prefix": f"{prefix}/"})
    home = page(
        f"<script src={prefix}/_dash-component-suites/dash.js></script>"
        f'<script id="_dash-config" type="application/json">{settings}</script>'
    )
    own = prefix if routes_have_it else ""
    files = {f"{own}/_dash-component-suites/dash.js": SCRIPT}

    async def application(scope: Scope, receive: Receive, send: Send) -> None:
        inside = scope["path"].startswith(f"{own}/")
        answer = files.get(scope["path"], home if inside else NOT_FOUND)
        await answer(scope, receive, send)

    return application


def jupyter(base: str) -> ASGIApp:
    """`/` leads to `/lab`, and that to a login whose page has absolute addresses."""
    config = json.dumps({"baseUrl": f"{base}/"})
    login = page(
        f'<script id="jupyter-config-data" type="application/json">{config}</script>'
        f"<link rel=stylesheet href={base}/static/style.css>",
        "Jupyter Server",
    )
    error = HTMLResponse("<title>Jupyter Server</title><h1>404 : Not Found</h1>", 404)
    answers: dict[str, ASGIApp] = {
        f"{base}/": RedirectResponse(f"{base}/lab"),
        f"{base}/lab": RedirectResponse(f"{base}/login?next=%2Flab", 302),
        f"{base}/login": login,
        f"{base}/static/style.css": STYLE,
    }
    return site(answers, otherwise=error)


async def nicegui(scope: Scope, receive: Receive, send: Send) -> None:
    """Takes its prefix from X-Forwarded-Prefix."""
    prefix = Headers(scope=scope).get("x-forwarded-prefix", "")
    home = page(f"<script type=module src={prefix}/_nicegui/3.18/vue.js></script>")
    app = site({"/": home, "/_nicegui/3.18/vue.js": SCRIPT}, otherwise=HTMLResponse("404", 404))
    if scope["type"] == "websocket":
        await send({"type": "websocket.accept"})
        await send({"type": "websocket.close"})
        return
    await app(scope, receive, send)


def announcing(app: ASGIApp, prefix: str) -> ASGIApp:
    """Return `app` behind a proxy that sends X-Forwarded-Prefix."""

    async def announced(scope: Scope, receive: Receive, send: Send) -> None:
        header = (b"x-forwarded-prefix", prefix.encode())
        headers = [pair for pair in scope["headers"] if pair[0] != header[0]]
        await app({**scope, "headers": [*headers, header]}, receive, send)

    return announced


def mcp(path: str) -> ASGIApp:
    """A Streamable HTTP endpoint; below it and with a slash there is nothing."""
    error = {"jsonrpc": "2.0", "id": "server-error", "error": {"code": -32600}}
    refused = JSONResponse(error, 406)

    async def with_slash(scope: Scope, receive: Receive, send: Send) -> None:
        location = f"http://{Headers(scope=scope)['host']}{path}"
        await RedirectResponse(location)(scope, receive, send)

    return site({path: refused, f"{path}/": with_slash})


def express(prefix: str) -> ASGIApp:
    """swagger-ui-express: the document is in a script of its own, and `/docs` leads to `/docs/`."""
    document = {**DOCUMENT, "servers": [{"url": prefix or "/"}]}
    init = f"var options = {json.dumps({'swaggerDoc': document, 'customOptions': {}})};"
    docs = page('<div id="swagger-ui"></div><script src=./swagger-ui-init.js></script>')
    error = HTMLResponse("<pre>Cannot GET /</pre>", 404)
    answers: dict[str, ASGIApp] = {
        f"{prefix}/docs": RedirectResponse(f"{prefix}/docs/", 301),
        f"{prefix}/docs/": docs,
        f"{prefix}/docs/swagger-ui-init.js": Response(init, media_type="text/javascript"),
        f"{prefix}/pets": JSONResponse([]),
    }
    return site(answers, otherwise=error)


def swagger_ui(script: str, files: Mapping[str, ASGIApp] = {}) -> ASGIApp:  # read only
    """A docs page with this inline script, and further addresses beside it."""
    docs = page(f'<div id="swagger-ui"></div><script>{script}</script>')
    error = JSONResponse({"detail": "Not Found"}, 404)
    return site({"/docs": docs, "/pets": JSONResponse([]), **files}, otherwise=error)


def written_into_the_page(servers: str = ".") -> ASGIApp:
    """As Litestar does, a server's URL in it."""
    document = json.dumps({**DOCUMENT, "servers": [{"url": servers}]})
    return swagger_ui(f"const ui = SwaggerUIBundle({{ spec: {document}, dom_id: '#swagger-ui' }})")


def by_a_config_url() -> ASGIApp:
    """As springdoc does: the page's own `url` is only what it was shipped with."""
    config = JSONResponse({"configUrl": "config", "url": "api.json"})
    script = (
        'SwaggerUIBundle({url: "https://petstore.swagger.io/v2/swagger.json", configUrl: "config"})'
    )
    return swagger_ui(script, {"/config": config, "/api.json": JSONResponse(DOCUMENT)})


def in_swagger_2(base_path: str) -> ASGIApp:
    document = {"swagger": "2.0", "basePath": base_path, "paths": DOCUMENT["paths"]}
    return swagger_ui(
        'SwaggerUIBundle({url: "swagger.json"})', {"/swagger.json": JSONResponse(document)}
    )


def in_yaml(servers: str = ".") -> ASGIApp:
    """As drf-spectacular does where nobody asks for JSON."""

    async def schema(scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope)
        text = f"openapi: 3.0.3\nservers:\n- url: {servers}\npaths:\n  /pets:\n    get: {{}}\n"
        document = {**DOCUMENT, "servers": [{"url": servers}]}
        answer: Response = Response(text, media_type="application/vnd.oai.openapi")
        if "json" in request.headers.get("accept", "") and request.headers["accept"] != "*/*":
            answer = JSONResponse(document)
        await answer(scope, receive, send)

    return swagger_ui('SwaggerUIBundle({url: "schema"})', {"/schema": schema})


def only_in_yaml(servers: str = ".") -> ASGIApp:
    text = f"openapi: 3.0.3\nservers:\n- url: {servers}\npaths:\n  /pets:\n    get: {{}}\n"
    return swagger_ui('SwaggerUIBundle({url: "api.yaml"})', {"/api.yaml": PlainTextResponse(text)})
