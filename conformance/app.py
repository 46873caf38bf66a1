"""What stands behind the proxies: a service with one of everything that a prefix can break, and its sibling.

Both are put together by `gatehouse_chassis.application.create_service`, as the services of Gatehouse are, with the same
settings behind every proxy and on every server.
"""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import parse_qsl

from fastapi import APIRouter, FastAPI, HTTPException, Request, Response, Security, WebSocket
from starlette.datastructures import MutableHeaders
from starlette.middleware.cors import CORSMiddleware
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from gatehouse_chassis.application import create_service
from gatehouse_chassis.auth.access_tokens import AccessTokenVerifier, InvalidToken, Principal
from gatehouse_chassis.auth.bearer import Bearer
from gatehouse_chassis.docs import add_docs
from gatehouse_chassis.proxy.forwarded import TrustedProxies
from gatehouse_chassis.proxy.route_check import refuse_ambiguous_routes
from gatehouse_chassis.settings import ServiceSettings

TOKEN = "a-token-of-the-suite"
"""The one token that the sibling gives and the service takes; what a token is, is not the subject here."""

FOREIGN_ORIGIN = "https://elsewhere.example"
"""Where a page may be that calls the service from a browser."""

_STATIC = Path(__file__).parent / "static"


class _Signature:
    """Middleware that signs every answer, so that a case can tell the service's 404 from the proxy's."""

    def __init__(self, app: ASGIApp, service: str) -> None:
        self._app = app
        self._service = service

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def send_signed(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message)["Served-By"] = self._service
            await send(message)

        await self._app(scope, receive, send_signed)


class _OneToken(AccessTokenVerifier):
    def __init__(self) -> None:
        """There are no keys to be told of."""

    async def verify(self, token: str) -> Principal:
        if token != TOKEN:
            raise InvalidToken("it is not the one of the suite")
        return Principal("somebody", "suite", frozenset({"items:read"}), "1", 2**40, "key")


def items() -> FastAPI:
    """The service, under `/items`."""
    routes = _session_routes("items")
    bearer = Bearer("../auth/", {"items:read": "Read things."})

    @routes.get("/")
    async def home() -> str:
        return "home of items"

    @routes.get("/who")
    async def who(request: Request) -> dict[str, Any]:
        return {
            "url": str(request.url),
            "self": str(request.url_for("who")),
            "static": str(request.url_for("static", path="a.txt")),
            "scheme": request.url.scheme,
            "client": request.client.host if request.client else None,
            "process": os.getpid(),
            "forwarded": [name for name in request.headers if "forwarded" in name],
        }

    @routes.get("/callback")
    async def callback() -> str:
        return "signed in"

    @routes.get("/sign-in")
    async def sign_in(request: Request) -> dict[str, str]:
        """What a service would tell an OAuth provider."""
        return {"redirect_uri": str(request.url_for("callback"))}

    @routes.get("/things/")
    async def things(request: Request) -> dict[str, Any]:
        return {"authorization": request.headers.get("authorization"), "query": request.url.query}

    @routes.get("/protected")
    async def protected(
        principal: Annotated[Principal, Security(bearer, scopes=["items:read"])],
    ) -> str:
        return principal.subject

    @routes.get("/g/{name}")
    async def one_segment(name: str) -> str:
        return name

    @routes.get("/files/{path:path}")
    async def many_segments(path: str, request: Request) -> dict[str, str]:
        raw = request.scope["raw_path"].decode()
        return {"path": path, "raw": raw[raw.index("/files/") :]}

    @routes.websocket("/ws")
    async def websocket(websocket: WebSocket) -> None:
        await websocket.accept()
        await websocket.send_json({"url": str(websocket.url), "scheme": websocket.url.scheme})
        await websocket.close()

    app = _service("items", [routes])
    app.mount("/static", StaticFiles(directory=_STATIC, html=True), name="static")
    app.mount("/sub", _application_below())
    # A browser's preflight is answered before any route is looked for.
    app.add_middleware(
        CORSMiddleware, allow_origins=[FOREIGN_ORIGIN], allow_headers=["Authorization"]
    )
    refuse_ambiguous_routes(app, "/items")
    return app


def auth() -> FastAPI:
    """Its sibling, under `/auth`, which gives tokens."""
    routes = _session_routes("auth")

    @routes.post("/token")
    async def token(request: Request) -> dict[str, str]:
        form = dict(parse_qsl((await request.body()).decode()))
        if form.get("grant_type") != "password":
            raise HTTPException(400, "The grant is not known.")
        return {"access_token": TOKEN, "token_type": "Bearer"}

    # RFC 8414 section 3.1: at the root of the host with the issuer's path behind, and, as many do, below the issuer.
    @routes.get("/.well-known/oauth-authorization-server")
    @routes.get("/.well-known/oauth-authorization-server/auth")
    async def metadata(request: Request) -> dict[str, str]:
        return {"issuer": str(request.base_url).removesuffix("/")}

    return _service("auth", [routes])


def _session_routes(name: str) -> APIRouter:
    routes = APIRouter()

    @routes.post("/session")
    async def start_session(request: Request, response: Response) -> None:
        # Without a Path, a browser takes the folder of the request (RFC 6265 section 5.1.4): the public prefix, be
        # it announced or not. Secure follows the public scheme, so the same artefact serves http on a laptop.
        response.set_cookie(
            "session",
            f"of-{name}",
            path=None,
            httponly=True,
            samesite="lax",
            secure=request.url.scheme == "https",
        )

    return routes


def _application_below() -> FastAPI:
    below = FastAPI(
        title="Below",
        docs_url=None,
        redoc_url=None,
        servers=[{"url": "."}],
        root_path_in_servers=False,
    )

    @below.get("/hello/")
    async def hello(request: Request) -> str:
        return str(request.url)

    add_docs(below, title="Below")
    return below


def _service(name: str, routers: Sequence[APIRouter]) -> FastAPI:
    settings = ServiceSettings(
        root_path=f"/{name}",
        bind="127.0.0.1:8000",  # the server's command decides
        database_url="sqlite:///unused.db",
        state_dir=_STATIC,
        # The suite's clients come from other addresses of the loopback network.
        trusted_proxies=TrustedProxies.parse("127.0.0.1, ::1, unix:"),
    )
    app = create_service(
        settings,
        name=name,
        title=name.title(),
        description="A service of the conformance suite.",
        routers=routers,
        token_verifier=_OneToken(),
        ready_when={},
    )
    app.add_middleware(_Signature, service=name)
    return app
