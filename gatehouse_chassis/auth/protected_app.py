"""Any ASGI application as a protected resource: an MCP server, a mounted application that knows no FastAPI."""

from collections.abc import Sequence
from urllib.parse import urlsplit

from fastapi.security import SecurityScopes
from starlette.requests import HTTPConnection
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from gatehouse_chassis.auth.bearer import PROTECTED_RESOURCE, Bearer, Challenge
from gatehouse_chassis.auth.resource_metadata import PUBLIC, ResourceMetadata
from gatehouse_chassis.http.problems import Problem, problem_response


class ProtectedApp:
    """Lets a request pass to `app` only with a token; answers for its metadata (RFC 9728) itself.

    The application finds who is asking in `request.state.principal`.

    Args:
        app: what is protected, all of it.
        bearer: the security scheme, which checks the tokens.
        metadata: of the resource; its URL says at which addresses the document is.
        scopes: what a token must allow.
    """

    def __init__(
        self, app: ASGIApp, *, bearer: Bearer, metadata: ResourceMetadata, scopes: Sequence[str]
    ) -> None:
        self._app = app
        self._bearer = bearer
        self._needed = SecurityScopes([*scopes])
        self._path = urlsplit(metadata.resource).path.rstrip("/")
        self._document = JSONResponse(
            metadata.model_dump(mode="json", exclude_none=True), headers=PUBLIC
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        if self._is_metadata(scope):
            await self._document(scope, receive, send)
            return
        connection = HTTPConnection(scope)
        try:
            principal = await self._bearer(connection, self._needed)
        except Problem as refusal:
            if isinstance(refusal, Challenge) and self._needed.scopes:
                # The client learns what to ask for (RFC 6750 section 3).
                refusal = refusal.asking_for(self._needed.scope_str)
            if scope["type"] == "websocket":
                await send({"type": "websocket.close", "code": 1008})
            else:
                await problem_response(connection, refusal)(scope, receive, send)
            return
        state = {**scope.get("state", {}), "principal": principal}
        await self._app({**scope, "state": state}, receive, send)

    def _is_metadata(self, scope: Scope) -> bool:
        """Whether it is the document that is asked for: before the resource's path, or below it (section 3.1).

        A proxy may have taken away the beginning of that path.
        """
        path = scope["path"].removeprefix(scope.get("root_path", ""))
        if scope["type"] != "http" or scope["method"] not in ("GET", "HEAD"):
            return False
        if path.startswith(PROTECTED_RESOURCE):
            named = path.removeprefix(PROTECTED_RESOURCE)
        elif path.endswith(PROTECTED_RESOURCE):
            named = path.removesuffix(PROTECTED_RESOURCE)
        else:
            return False
        return named in ("", "/") or (
            named.startswith("/") and self._path.endswith(named.rstrip("/"))
        )
