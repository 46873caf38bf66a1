"""`/auth/introspect`: a client asks whether a token is active (RFC 7662)."""

from uuid import UUID

from fastapi import APIRouter, Response

from auth_service.audit.events import Event, audited
from auth_service.clients.authentication import Clients as ClientDirectory
from auth_service.clients.client import Client
from auth_service.dependencies import (
    Clients,
    IssuedTokens,
    Revocations,
    Sessions,
    Settings,
    Users,
)
from auth_service.oauth import scopes
from auth_service.oauth.client import ConfidentialClient
from auth_service.oauth.errors import NO_STORE, as_oauth_errors
from auth_service.oauth.forms import OAuthForm, described_form
from auth_service.oauth.opaque_tokens import digest_of
from auth_service.oauth.requests import required
from auth_service.oauth.schemas import Introspection, TokenError
from auth_service.sessions.store import RefreshToken
from auth_service.users.store import User, UserStore
from gatehouse_chassis.auth.access_tokens import AccessTokenVerifier, InvalidToken, Principal

router = APIRouter(tags=["tokens"])


@router.post(
    "/introspect",
    response_model_exclude_none=True,
    openapi_extra=described_form(
        "token", {"token": {"type": "string"}, "token_type_hint": {"type": "string"}}
    )
    | audited(Event.CLIENT_NOT_AUTHENTICATED, Event.SIGN_IN_THROTTLED),
    responses={status: {"model": TokenError} for status in (400, 401, 403, 429, 503)},
)
async def introspect(
    form: OAuthForm,
    client: ConfidentialClient,
    sessions: Sessions,
    users: Users,
    clients: Clients,
    revocation: Revocations,
    issued_tokens: IssuedTokens,
    settings: Settings,
    response: Response,
) -> Introspection:
    """Whether a token is active, and for what (RFC 7662).

    Confidential clients only. Anyone who holds an access token can read it, so all of them may ask about it; about a
    refresh token only the client that it belongs to. The scopes are those that user and client may have now.
    """
    response.headers.update(NO_STORE)
    token = required(form, "token")
    with as_oauth_errors():
        refresh_token = await sessions.find_refresh_token(digest_of(token))
        if refresh_token is not None:
            session = refresh_token.session
            if not refresh_token.active or session.client_id != client.client_id:
                return Introspection(active=False)
            user = await users.find(session.user_id)
            scope = _of_now(session.scope, user, client)
            return _of_refresh_token(refresh_token, scope) if scope else Introspection(active=False)
        principal = await verified(issued_tokens, token)
        # The database knows of a revocation at once, the status list a second later.
        if principal is None or await revocation.is_revoked(principal.token_id):
            return Introspection(active=False)
        scope = await _scope_of(principal, users, clients)
    if not scope:
        return Introspection(active=False)
    return _of_access_token(settings.issuer, principal, scope)


async def _scope_of(principal: Principal, users: UserStore, clients: ClientDirectory) -> str:
    """The scopes that an access token has by the rules of now; none when its user or its client is gone."""
    client = await clients.find(principal.client_id)
    granted = " ".join(sorted(principal.scopes))
    if client is None:
        return ""
    if principal.subject == client.client_id:
        return scopes.keep_of_client(granted, client)
    return _of_now(granted, await users.find(UUID(principal.subject)), client)


def _of_now(granted: str, user: User | None, client: Client) -> str:
    if user is None or user.disabled:
        return ""
    return scopes.keep(granted, user.role, client)


async def verified(verifier: AccessTokenVerifier, token: str) -> Principal | None:
    """What an access token says; None when it is invalid."""
    try:
        return await verifier.verify(token)
    except InvalidToken:
        return None


def _of_refresh_token(token: RefreshToken, scope: str) -> Introspection:
    session = token.session
    return Introspection(
        active=True,
        sub=str(session.user_id),
        exp=int(token.expires_at.timestamp()),
        client_id=session.client_id,
        scope=scope,
    )


def _of_access_token(issuer: str, principal: Principal, scope: str) -> Introspection:
    return Introspection(
        active=True,
        token_type="Bearer",
        iss=issuer,
        sub=principal.subject,
        aud=list(principal.audience),
        exp=int(principal.expires_at),
        jti=principal.token_id,
        client_id=principal.client_id,
        scope=scope,
    )
