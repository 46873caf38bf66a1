"""FastAPI's `OAuth2PasswordBearer`, which here also checks the token and refuses it as RFC 6750 says."""

from collections.abc import Mapping
from typing import Any, Protocol, Self

from fastapi.openapi.models import (
    OAuth2,
    OAuthFlowAuthorizationCode,
    OAuthFlowPassword,
    OAuthFlows,
)
from fastapi.security import OAuth2PasswordBearer, SecurityScopes
from starlette.requests import HTTPConnection

from gatehouse_chassis.auth.access_tokens import (
    InvalidToken,
    KeysUnavailable,
    Principal,
    WrongAudience,
)
from gatehouse_chassis.http.caching import keep_out_of_caches
from gatehouse_chassis.http.problems import Problem, ServiceUnavailable, responses

PROTECTED_RESOURCE = "/.well-known/oauth-protected-resource"
"""Where a protected resource has its metadata (RFC 9728 section 3)."""


class Challenge(Problem):
    """A refusal with a `WWW-Authenticate` header that says which token is needed (RFC 6750 section 3)."""

    def __init__(self, detail: str, **parameters: str) -> None:
        super().__init__(detail)
        self._parameters = parameters
        self.headers = {"WWW-Authenticate": _challenge(parameters)}

    def naming(self, resource_metadata: str) -> Self:
        """This refusal, with the address of the resource metadata in its challenge (RFC 9728 section 5.1)."""
        return self._saying(resource_metadata=resource_metadata)

    def asking_for(self, scope: str) -> Self:
        """This refusal, with the scope that a token needs (RFC 6750 section 3)."""
        return self._saying(scope=scope)

    def _saying(self, **parameters: str) -> Self:
        self._parameters = {**self._parameters, **parameters}
        self.headers = {"WWW-Authenticate": _challenge(self._parameters)}
        return self


class MissingToken(Challenge):
    """The request carries no bearer token."""

    status, code = 401, "missing_token"

    def __init__(self) -> None:
        # RFC 6750 section 3.1: no error code when the request carries no credentials at all.
        super().__init__("An access token is needed: Authorization: Bearer <token>.")


class UnusableToken(Challenge):
    """The token is invalid (RFC 6750 section 3.1)."""

    status, code = 401, "invalid_token"

    def __init__(self, reason: str) -> None:
        super().__init__(
            f"The access token is not accepted: {reason}.",
            error="invalid_token",
            error_description=reason,
        )
        self.reason = reason


class InsufficientScope(Challenge):
    """The token is valid but lacks a scope (RFC 6750 section 3.1)."""

    status, code = 403, "insufficient_scope"

    def __init__(self, needed: str) -> None:
        super().__init__(
            f"The access token lacks a scope. Needed: {needed}.",
            error="insufficient_scope",
            scope=needed,
        )


def _challenge(parameters: Mapping[str, str]) -> str:
    pairs = ", ".join(f'{name}="{value}"' for name, value in parameters.items())
    return f"Bearer {pairs}".strip()


class TokenVerifier(Protocol):
    """What checks a token: `AccessTokenVerifier` or `ResourceServer`."""

    async def verify(self, token: str) -> Principal:
        """The user and the client that `token` was issued for; raises `InvalidToken` or `KeysUnavailable`."""


class Bearer(OAuth2PasswordBearer):
    """The security scheme of a service, used as `Security(bearer, scopes=["items:read"])`.

    A browser's script, which can send no header with a WebSocket, names the token as a sub-protocol after `bearer`:
    `new WebSocket(url, ["bearer", token])`; the route accepts with `subprotocol="bearer"`.

    Args:
        auth_url: the auth service, relative to the service's docs page ("", `../auth/`), so that it is right under
            every public prefix.
        scopes: what each scope of this service allows, shown in the *Authorize* dialog.
        token_url: the token endpoint, unless it is `token` below `auth_url`.
        authorization_url: the authorization endpoint, unless it is `authorize` below `auth_url`.
        verifier: what checks the tokens; without it, `app.state.token_verifier` of the application.
        resource: the URL of this service, when it has metadata (RFC 9728), which challenges then name.
    """

    def __init__(
        self,
        auth_url: str,
        scopes: Mapping[str, str],
        *,
        token_url: str | None = None,
        authorization_url: str | None = None,
        verifier: TokenVerifier | None = None,
        resource: str | None = None,
    ) -> None:
        token_url = token_url or f"{auth_url}token"
        # The same name in every service: Swagger UI keeps tokens by scheme name, so one sign-in is enough for all.
        super().__init__(
            token_url,
            scheme_name="OAuth2PasswordBearer",
            scopes=dict(scopes),
            auto_error=False,
        )
        self.scopes = frozenset(scopes)
        flows = OAuthFlows(
            password=OAuthFlowPassword(tokenUrl=token_url, scopes=dict(scopes)),
            authorizationCode=OAuthFlowAuthorizationCode(
                authorizationUrl=authorization_url or f"{auth_url}authorize",
                tokenUrl=token_url,
                scopes=dict(scopes),
            ),
        )
        self.model = OAuth2(flows=flows)
        self._verifier = verifier
        self._metadata_url = resource and metadata_url(resource)

    async def __call__(  # type: ignore[override]  # FastAPI fills the second parameter by its type
        self, request: HTTPConnection, needed: SecurityScopes
    ) -> Principal:
        """The user and the client that the request's token was issued for.

        Raises:
            MissingToken: 401, the request has no bearer token.
            UnusableToken: 401, the token is invalid.
            InsufficientScope: 403, the token lacks one of the scopes `needed`.
            ServiceUnavailable: 503, the token cannot be checked now.
        """
        keep_out_of_caches(request.scope)
        try:
            return await self._principal(request, needed)
        except Challenge as challenge:
            raise (
                challenge.naming(self._metadata_url) if self._metadata_url else challenge
            ) from None

    async def _principal(self, request: HTTPConnection, needed: SecurityScopes) -> Principal:
        token = await super().__call__(request) or _token_of_websocket(request)
        if not token:
            raise MissingToken
        verifier: TokenVerifier = self._verifier or request.app.state.token_verifier
        try:
            principal = await verifier.verify(token)
        except WrongAudience as error:
            # Whoever asks for the scope gets a token with this audience (RFC 9068 section 3).
            advice = f"; ask for the scope {needed.scope_str}" if needed.scopes else ""
            raise UnusableToken(f"{error}{advice}") from None
        except InvalidToken as error:
            raise UnusableToken(str(error)) from None
        except KeysUnavailable:
            # On a 401 clients would discard a valid token.
            raise ServiceUnavailable(
                "Access tokens cannot be checked now; try again.", retry_after=10
            ) from None
        if not principal.scopes.issuperset(needed.scopes):
            raise InsufficientScope(needed.scope_str)
        return principal


def metadata_url(resource: str) -> str:
    """Where a protected resource has its metadata below its own URL (RFC 9728 section 3, which lets it be anywhere)."""
    return f"{resource.rstrip('/')}{PROTECTED_RESOURCE}"


def _token_of_websocket(request: HTTPConnection) -> str | None:
    if request.scope["type"] != "websocket":
        return None
    offered: list[str] = request.scope.get("subprotocols") or []
    return offered[1] if len(offered) == 2 and offered[0] == "bearer" else None


def protected(*others: type[Problem]) -> dict[int | str, dict[str, Any]]:
    """OpenAPI `responses` of a protected route: 401, 403 and those of `others`."""
    return responses(MissingToken, InsufficientScope, *others)
