"""`/auth/revoke` and `/auth/introspect`: ending a token, and asking whether it is good (RFC 7009, RFC 7662)."""

from typing import Any, Literal

from fastapi import APIRouter, Depends, Request, Response
from pydantic import BaseModel

from auth_service.clients.authentication import Clients
from auth_service.clients.store import Client
from auth_service.dependencies import get_audit_context
from auth_service.oauth import scopes
from auth_service.oauth.errors import (
    NO_STORE,
    InvalidClient,
    UnauthorizedClient,
    outages_as_oauth_errors,
)
from auth_service.oauth.forms import described_form, read_form, required
from auth_service.oauth.opaque_tokens import digest_of
from auth_service.revocation.revoke import Revocation
from auth_service.schemas import TokenError
from auth_service.sessions.ends import EndOfSession
from auth_service.sessions.store import RefreshToken, SessionStore
from gatehouse_chassis.auth.access_tokens import AccessTokenVerifier, InvalidToken, Principal

_FORM = described_form(
    "token", {"token": {"type": "string"}, "token_type_hint": {"type": "string"}}
)
_ERRORS: dict[int | str, dict[str, Any]] = {
    status: {"model": TokenError} for status in (400, 401, 503)
}


class Introspection(BaseModel):
    """RFC 7662 section 2.2; of a token that is not good nothing else is told."""

    active: bool
    token_type: Literal["Bearer"] | None = None
    iss: str | None = None
    sub: str | None = None
    aud: list[str] | None = None
    exp: int | None = None
    jti: str | None = None
    client_id: str | None = None
    scope: str | None = None


def token_state_routes(
    clients: Clients,
    sessions: SessionStore,
    revocation: Revocation,
    verifier: AccessTokenVerifier,
    issuer: str,
) -> APIRouter:
    """The routes, for `clients`: refresh tokens are those of `sessions`, access tokens what `verifier` accepts."""
    router = APIRouter(tags=["tokens"], dependencies=[Depends(get_audit_context)])

    @router.post("/revoke", openapi_extra=_FORM, responses=_ERRORS)
    async def revoke(request: Request) -> Response:
        """Ends a token of the asking client; with a refresh token its whole session ends (RFC 7009).

        A token that is unknown or over already is no error. The hint is not needed: the two kinds look different.
        """
        form = await read_form(request)
        with outages_as_oauth_errors():
            client = await clients.authenticate(form, request.headers.get("authorization"))
            token = required(form, "token")
            refresh_token = await sessions.find_refresh_token(digest_of(token))
            if refresh_token is not None:
                _is_own(client, refresh_token.session.client_id)
                await revocation.revoke_session(refresh_token.session.id, EndOfSession.REVOKED)
            elif principal := await _access_token(verifier, token):
                _is_own(client, principal.client_id)
                await revocation.revoke_token(principal.token_id)
        return Response(headers=NO_STORE)

    @router.post(
        "/introspect", openapi_extra=_FORM, responses=_ERRORS, response_model_exclude_none=True
    )
    async def introspect(request: Request, response: Response) -> Introspection:
        """Whether a token is good, and for what (RFC 7662).

        Asked by confidential clients only. Whoever holds an access token can read it, so all of them are told about it;
        about a refresh token only the client that it belongs to.
        """
        form = await read_form(request)
        response.headers.update(NO_STORE)
        with outages_as_oauth_errors():
            client = await clients.authenticate(form, request.headers.get("authorization"))
            if not client.confidential:
                raise InvalidClient("a client must prove who it is to ask about tokens")
            token = required(form, "token")
            refresh_token = await sessions.find_refresh_token(digest_of(token))
            if refresh_token is not None:
                return _of_refresh_token(refresh_token, client)
            principal = await _access_token(verifier, token)
            # The database knows of a revocation at once, the list a second later.
            if principal is None or await revocation.is_revoked(principal.token_id):
                return Introspection(active=False)
        return _of_access_token(issuer, principal)

    return router


async def _access_token(verifier: AccessTokenVerifier, token: str) -> Principal | None:
    try:
        return await verifier.verify(token)
    except InvalidToken:
        return None


def _is_own(client: Client, client_id: str) -> None:
    if client.client_id != client_id:
        raise UnauthorizedClient("this token belongs to another client")


def _of_refresh_token(token: RefreshToken, client: Client) -> Introspection:
    session = token.session
    if not token.good or session.client_id != client.client_id:
        return Introspection(active=False)
    return Introspection(
        active=True,
        sub=str(session.user_id),
        exp=int(token.expires_at.timestamp()),
        client_id=session.client_id,
        scope=session.scope,
    )


def _of_access_token(issuer: str, principal: Principal) -> Introspection:
    scope = " ".join(sorted(principal.scopes))
    return Introspection(
        active=True,
        token_type="Bearer",
        iss=issuer,
        sub=principal.subject,
        aud=scopes.audience(scope),
        exp=int(principal.expires_at),
        jti=principal.token_id,
        client_id=principal.client_id,
        scope=scope,
    )
