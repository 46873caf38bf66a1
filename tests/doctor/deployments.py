"""Deployments with one wrong setting each, beside the same deployment with that setting fixed."""

from collections.abc import Callable
from dataclasses import dataclass

from fastapi import FastAPI
from starlette.datastructures import Headers, MutableHeaders
from starlette.middleware.httpsredirect import HTTPSRedirectMiddleware
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, PlainTextResponse, RedirectResponse
from starlette.routing import request_response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from tests.doctor.proxies import Proxy, inner_host, without_port
from tests.doctor.services import answering, on_gunicorn, on_uvicorn, service, wrapped


@dataclass(frozen=True)
class Deployment:
    """One wrong setting.

    Attributes:
        finding: the id that must come first.
        names: what the fix must name.
        broken, repaired: the deployment with the wrong setting and with the right one.
        prefix: the public prefix that is examined.
        tls: whether it is public over https.
        options: more arguments of the command.
    """

    finding: str
    names: str
    broken: Callable[[], ASGIApp]
    repaired: Callable[[], ASGIApp]
    prefix: str = "/items"
    tls: bool = False
    options: tuple[str, ...] = ()
    case: str = ""

    @property
    def name(self) -> str:
        return f"{self.finding} {self.case}".strip()


def right() -> ASGIApp:
    return Proxy(on_uvicorn(service()))


# --- row 1, 11: nobody told the service its prefix ---


def another_service_at_the_root() -> ASGIApp:
    other = service(title="Another", token_url="/items/token")
    other.add_api_route("/other", lambda: None)
    return Proxy(on_uvicorn(service(), root_path=""), at_the_root=other)


# --- row 2, 22, 29: the scheme ---


def two_proxies(*, inner_overwrites: bool) -> ASGIApp:
    inner = Proxy(
        on_uvicorn(service()),
        scheme="http" if inner_overwrites else None,
        lets_through=() if inner_overwrites else ("x-forwarded-proto",),
    )
    return Proxy(inner, strips=False)


def redirecting_to_https(*, trusts: str) -> ASGIApp:
    return Proxy(on_uvicorn(HTTPSRedirectMiddleware(service()), trusts=trusts))


# --- row 3, 4, 25, 26: the prefix and the server's root path ---


def routes_with_prefix(*, strips: bool) -> ASGIApp:
    own = service(routes_prefix="/items", servers=["/"], token_url="/items/token")
    return Proxy(on_uvicorn(own, root_path=""), strips=strips)


def prefix_in_routes_and_root_path(*, docs_too: bool) -> ASGIApp:
    own = service(
        routes_prefix="/items",
        docs_prefix="/items" if docs_too else "",
        servers=["/items"],
        token_url="items/token",
    )
    return Proxy(on_gunicorn(own), strips=False)


# --- row 16: an outer prefix ---


def behind_an_outer_prefix(inner: ASGIApp) -> ASGIApp:
    return Proxy(Proxy(inner), prefix="/outer")


def siblings_behind_an_outer_prefix(token_url: str) -> ASGIApp:
    items = on_uvicorn(service(token_url=token_url), root_path="/outer/items")
    auth = on_uvicorn(service(title="Auth"), root_path="/outer/auth")
    inner = Proxy(items, at_the_root=Proxy(auth, prefix="/auth"))
    return Proxy(inner, prefix="/outer")


# --- row 24: contradicting schemes ---


async def _as_gunicorn(scope: Scope, receive: Receive, send: Send, app: ASGIApp) -> None:
    if len(set(Headers(scope=scope).getlist("x-forwarded-proto"))) > 1:
        await PlainTextResponse("Contradictory scheme headers", 400)(scope, receive, send)
    else:
        await app(scope, receive, send)


def on_gunicorn_with_two_schemes(second: str | None) -> ASGIApp:
    return Proxy(wrapped(on_uvicorn(service()), _as_gunicorn), scheme="http", second_scheme=second)


# --- rows 36, 42, 13: headers of clients ---


def believing(header: str) -> ASGIApp:
    """A service that believes `header` of anybody, as home-made middleware does."""

    async def believe(scope: Scope, receive: Receive, send: Send, app: ASGIApp) -> None:
        if scope["type"] == "http" and (value := Headers(scope=scope).get(header)):
            scope = {**scope, "headers": list(scope["headers"])}
            if header == "x-forwarded-host":
                MutableHeaders(scope=scope)["host"] = value
            else:
                scope |= {"root_path": value + "/items", "path": value + scope["path"]}
        await app(scope, receive, send)

    return on_uvicorn(wrapped(service(), believe))


# --- row 40: OAuth metadata ---


def with_metadata(*, root: bool, issuer: str = "") -> ASGIApp:
    async def metadata(request: Request) -> JSONResponse:
        host = request.headers["host"]
        named = issuer or f"{request.url.scheme}://{host}/items"
        return JSONResponse({"issuer": named.replace("HOST", host)})

    own = service()
    own.add_route("/.well-known/oauth-authorization-server", metadata)
    at_the_root = "/.well-known/oauth-authorization-server/items"
    others = {at_the_root: request_response(metadata)} if root else {}
    return Proxy(on_uvicorn(own), others=others)


def with_real_fastapi_docs() -> ASGIApp:
    """FastAPI's own docs page, whose files are on another host."""
    return Proxy(on_uvicorn(FastAPI(servers=[{"url": "."}], root_path_in_servers=False)))


def spec_taken_by_a_web_application(*, taken: bool) -> ASGIApp:
    page = HTMLResponse("<title>our product</title>")
    return Proxy(on_uvicorn(service()), others={"/items/openapi.json": page} if taken else {})


def websocket_with_slash(declared: str) -> ASGIApp:
    own = service(websocket=declared)
    redirect = RedirectResponse("/items/ws")
    return Proxy(_http_for(on_uvicorn(own), "/ws/", redirect))


def _http_for(app: ASGIApp, path: str, answer: ASGIApp) -> ASGIApp:
    async def choose(scope: Scope, receive: Receive, send: Send, app: ASGIApp) -> None:
        async def as_handshake(message: Message) -> None:
            kind = message["type"].replace("http", "websocket.http", 1)
            await send({**message, "type": kind})

        if scope["path"] == path and scope["type"] == "websocket":
            await answer({**scope, "type": "http", "method": "GET"}, receive, as_handshake)
        else:
            await app(scope, receive, send)

    return wrapped(app, choose)


def with_a_sign_in_page(returns_to: str) -> ASGIApp:
    own = service(authorization_url="authorize", oauth2_redirect=lambda _root_path: returns_to)
    return Proxy(on_uvicorn(own))


def answering_at(path: str, answer: ASGIApp) -> ASGIApp:
    async def choose(scope: Scope, receive: Receive, send: Send, app: ASGIApp) -> None:
        await (answer if scope["path"] == path else app)(scope, receive, send)

    return Proxy(wrapped(on_uvicorn(service()), choose))


def static_site(*, redirects: bool) -> ASGIApp:
    """A page whose script is beside it, at the prefix with and without a slash."""

    async def site(scope: Scope, receive: Receive, send: Send) -> None:
        answers = {
            "/": HTMLResponse("<title>site</title><script src=app.js></script>"),
            "/app.js": PlainTextResponse("run()", media_type="text/javascript"),
        }
        await answers.get(scope["path"], PlainTextResponse("none", 404))(scope, receive, send)

    return Proxy(site, bare_redirect=(lambda _host: "/items/") if redirects else None)


BROKEN = (
    Deployment(
        "prefix-unknown",
        "uvicorn --root-path /items",
        lambda: Proxy(on_uvicorn(service(), root_path="")),
        right,
    ),
    Deployment(
        "prefix-unknown",
        "uvicorn --root-path /items",
        another_service_at_the_root,
        lambda: Proxy(on_uvicorn(service()), at_the_root=service(title="Another")),
        case="and another service at the root",
    ),
    Deployment(
        "scheme-lost",
        "--forwarded-allow-ips",
        lambda: Proxy(on_uvicorn(service(), trusts="127.0.0.1")),
        right,
        tls=True,
    ),
    Deployment(
        "scheme-lost",
        "proxy_set_header X-Forwarded-Proto",
        lambda: two_proxies(inner_overwrites=True),
        lambda: two_proxies(inner_overwrites=False),
        tls=True,
        case="by the inner of two proxies",
    ),
    Deployment(
        "redirect-loop",
        "--forwarded-allow-ips",
        lambda: redirecting_to_https(trusts="127.0.0.1"),
        lambda: redirecting_to_https(trusts="10.0.0.0/8"),
        tls=True,
    ),
    Deployment(
        "nothing-below-the-prefix",
        "no --root-path, and the prefix /items in every route",
        lambda: Proxy(on_uvicorn(service()), strips=False),
        right,
    ),
    Deployment(
        "stripped-but-expected-kept",
        "proxy_pass http://YOUR-SERVICE:8000;",
        lambda: routes_with_prefix(strips=True),
        lambda: routes_with_prefix(strips=False),
    ),
    Deployment(
        "prefix-for-a-keeping-proxy",
        "uvicorn --root-path /items",
        lambda: Proxy(on_gunicorn(service(servers=["/items"], token_url="/items/token"))),
        lambda: Proxy(on_uvicorn(service(servers=["/items"], token_url="/items/token"))),
    ),
    Deployment(
        "root-path-ends-in-slash",
        "--root-path /items",
        lambda: Proxy(on_uvicorn(service(), root_path="/items/")),
        right,
    ),
    Deployment(
        "root-path-lacks-slash",
        "--root-path /items",
        lambda: Proxy(on_gunicorn(service(), root_path="items")),
        right,
    ),
    Deployment(
        "prefix-set-twice",
        "out of --root-path",
        lambda: prefix_in_routes_and_root_path(docs_too=False),
        lambda: Proxy(on_gunicorn(service()), strips=False),
    ),
    Deployment(
        "prefix-set-twice",
        "out of --root-path",
        lambda: prefix_in_routes_and_root_path(docs_too=True),
        lambda: Proxy(on_gunicorn(service()), strips=False),
        case="in the docs' address too",
    ),
    Deployment(
        "outer-prefix-unknown",
        "uvicorn --root-path /outer/items",
        lambda: behind_an_outer_prefix(on_uvicorn(service(), root_path="/items")),
        lambda: behind_an_outer_prefix(on_uvicorn(service(), root_path="/outer/items")),
        prefix="/outer/items",
    ),
    Deployment(
        "host-lost",
        "proxy_set_header Host $http_host",
        lambda: Proxy(on_uvicorn(service()), host=inner_host),
        right,
    ),
    Deployment(
        "port-lost",
        "proxy_set_header Host $http_host",
        lambda: Proxy(on_uvicorn(service()), host=without_port),
        right,
    ),
    Deployment(
        "own-redirect",
        "absolute_redirect off",
        lambda: Proxy(
            on_uvicorn(service()),
            bare_redirect=lambda host: f"http://{without_port(host)}:8080/items/",
        ),
        lambda: Proxy(on_uvicorn(service()), bare_redirect=lambda _host: "/items/"),
    ),
    Deployment(
        "servers-miss-prefix",
        'servers=[{"url": "."}]',
        lambda: Proxy(on_uvicorn(service(servers=["/"]))),
        right,
    ),
    Deployment(
        "token-url-not-found",
        'write tokenUrl="token"',
        lambda: Proxy(on_uvicorn(service(token_url="/token"))),
        right,
    ),
    Deployment(
        "token-url-not-found",
        'write tokenUrl="../auth/token"',
        lambda: siblings_behind_an_outer_prefix("/auth/token"),
        lambda: siblings_behind_an_outer_prefix("../auth/token"),
        prefix="/outer/items",
        case="at a sibling behind an outer prefix",
    ),
    Deployment(
        "token-url-redirected",
        "exactly as the route is declared",
        lambda: Proxy(on_uvicorn(service(token_url="token", token_path="/token/"))),
        lambda: Proxy(on_uvicorn(service(token_url="token/", token_path="/token/"))),
    ),
    Deployment(
        "token-url-by-the-text",
        'servers=[{"url": "."}]',
        lambda: Proxy(on_uvicorn(service(servers=["/items"]))),
        right,
    ),
    Deployment(
        "spec-not-found",
        "openapi_url",
        lambda: Proxy(on_uvicorn(service(spec_url=lambda _root_path: "api/openapi.json"))),
        right,
    ),
    Deployment(
        "spec-not-openapi",
        "send that address to the service",
        lambda: spec_taken_by_a_web_application(taken=True),
        lambda: spec_taken_by_a_web_application(taken=False),
    ),
    Deployment(
        "csp-blocks-page",
        "no inline script",
        lambda: Proxy(on_uvicorn(service(policy="default-src 'self'; img-src 'self' data:"))),
        lambda: Proxy(
            on_uvicorn(service(policy="default-src 'self'; script-src 'self' 'unsafe-inline'"))
        ),
    ),
    Deployment(
        "mixed-content",
        "X-Forwarded-Proto",
        lambda: Proxy(on_uvicorn(service(servers=["http://127.0.0.1/items/"]))),
        right,
        tls=True,
    ),
    Deployment(
        "asset-not-found",
        "relative to the page",
        lambda: Proxy(on_uvicorn(service(script_url="/static/swagger-ui-bundle.js"))),
        right,
    ),
    Deployment(
        "asset-wrong-type",
        "content type",
        lambda: Proxy(on_uvicorn(service(script_type="text/html"))),
        right,
    ),
    Deployment(
        "oauth2-redirect-not-found",
        "--root-path /items",
        lambda: with_a_sign_in_page("/docs/oauth2-redirect"),
        lambda: with_a_sign_in_page("/items/docs/oauth2-redirect"),
    ),
    Deployment(
        "third-party-assets",
        "swagger_js_url",
        with_real_fastapi_docs,
        right,
    ),
    Deployment(
        "contradictory-scheme",
        "X-Forwarded-Ssl",
        lambda: on_gunicorn_with_two_schemes("https"),
        lambda: on_gunicorn_with_two_schemes(None),
    ),
    Deployment(
        "default-page",
        "server name",
        lambda: answering(200, "<title>Welcome to nginx!</title>", "text/html"),
        right,
    ),
    Deployment(
        "backend-unreachable",
        "address it listens on",
        lambda: Proxy(answering(502, "<h1>502 Bad Gateway</h1>", "text/html")),
        right,
    ),
    Deployment(
        "service-unavailable",
        "service's own log",
        lambda: Proxy(answering(503, '{"status": "starting"}', "application/json")),
        right,
    ),
    Deployment(
        "proxy-refuses",
        "Look for that rule",
        lambda: Proxy(answering(403, "<hr><center>nginx</center>", "text/html")),
        right,
    ),
    Deployment(
        "spec-fails",
        "service's log",
        lambda: answering_at("/openapi.json", answering(500, "Internal Server Error")),
        right,
    ),
    Deployment(
        "page-without-slash",
        "location = /items { return 308 /items/; }",
        lambda: static_site(redirects=False),
        lambda: static_site(redirects=True),
    ),
    Deployment(
        "websocket-upgrade-lost",
        "proxy_set_header Upgrade $http_upgrade",
        lambda: Proxy(on_uvicorn(service(websocket="/ws")), passes_upgrades=False),
        lambda: Proxy(on_uvicorn(service(websocket="/ws"))),
    ),
    Deployment(
        "websocket-refused",
        "declared path and the prefix",
        lambda: Proxy(on_uvicorn(service(websocket="/socket"))),
        lambda: Proxy(on_uvicorn(service(websocket="/ws"))),
    ),
    Deployment(
        "websocket-redirected",
        "exactly as it is declared",
        lambda: websocket_with_slash("/ws/"),
        lambda: websocket_with_slash("/ws"),
    ),
    Deployment(
        "encoded-slash-refused",
        "AllowEncodedSlashes NoDecode",
        lambda: Proxy(on_uvicorn(service()), refuses_encoded_slashes=True),
        right,
        options=("--proxy", "apache"),
    ),
    Deployment(
        "segment-boundary",
        "location = /items ",
        lambda: Proxy(on_uvicorn(service()), matches_text=True),
        right,
    ),
    Deployment(
        "well-known-not-found",
        "location = /.well-known/oauth-authorization-server/items",
        lambda: with_metadata(root=False),
        lambda: with_metadata(root=True),
    ),
    Deployment(
        "issuer-mismatch",
        "public URL",
        lambda: with_metadata(root=True, issuer="http://HOST/"),
        lambda: with_metadata(root=True),
    ),
    Deployment(
        "prefix-injection",
        'proxy_set_header X-Forwarded-Prefix "";',
        lambda: Proxy(believing("x-forwarded-prefix"), lets_through=("x-forwarded-prefix",)),
        lambda: Proxy(believing("x-forwarded-prefix")),
    ),
    Deployment(
        "host-trusted",
        "TrustedHostMiddleware",
        lambda: Proxy(on_uvicorn(service()), checks_host=False),
        right,
    ),
    Deployment(
        "forwarded-host-trusted",
        'proxy_set_header X-Forwarded-Host "";',
        lambda: Proxy(believing("x-forwarded-host"), lets_through=("x-forwarded-host",)),
        lambda: Proxy(believing("x-forwarded-host")),
    ),
    Deployment(
        "forwarded-proto-trusted",
        "proxy_set_header X-Forwarded-Proto $scheme",
        lambda: Proxy(on_uvicorn(service()), lets_through=("x-forwarded-proto",)),
        right,
    ),
    Deployment(
        "forwarded-for-trusted",
        "proxy_set_header X-Forwarded-For $remote_addr",
        lambda: Proxy(on_uvicorn(service(), trusts="*"), appends=True),
        right,
    ),
    Deployment(
        "cookie-path-shared",
        'SessionMiddleware(path="/items")',
        lambda: Proxy(on_uvicorn(service(cookie="session=1; Path=/; HttpOnly"))),
        lambda: Proxy(on_uvicorn(service(cookie="session=1; Path=/items; HttpOnly"))),
    ),
    Deployment(
        "cookie-not-secure",
        "https_only=True",
        lambda: Proxy(on_uvicorn(service(cookie="session=1; Path=/items"))),
        lambda: Proxy(on_uvicorn(service(cookie="session=1; Path=/items; Secure"))),
        tls=True,
    ),
)
