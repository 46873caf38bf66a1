"""`/auth/introspect`: a client asks whether a token is active (RFC 7662)."""

from fastapi import APIRouter, Response

from auth_service.clients.authentication import ClientNotAuthenticated
from auth_service.clients.store import Client
from auth_service.dependencies import Revocations, Sessions, Settings, Verifier
from auth_service.oauth import scopes
from auth_service.oauth.client import AuthenticatedClient
from auth_service.oauth.errors import NO_STORE, as_oauth_errors
from auth_service.oauth.forms import OAuthForm, described_form
from auth_service.oauth.opaque_tokens import digest_of
from auth_service.oauth.requests import required
from auth_service.oauth.schemas import Introspection, TokenError
from auth_service.sessions.store import RefreshToken
from gatehouse_chassis.auth.access_tokens import AccessTokenVerifier, InvalidToken, Principal

router = APIRouter(tags=["tokens"])


@router.post(
    "/introspect",
    response_model_exclude_none=True,
    openapi_extra=described_form(
        "token", {"token": {"type": "string"}, "token_type_hint": {"type": "string"}}
    ),
    responses={status: {"model": TokenError} for status in (400, 401, 403, 429, 503)},
)
async def introspect(
    form: OAuthForm,
    client: AuthenticatedClient,
    sessions: Sessions,
    revocation: Revocations,
    verifier: Verifier,
    settings: Settings,
    response: Response,
) -> Introspection:
    """Whether a token is active, and for what (RFC 7662).

    Confidential clients only. Anyone who holds an access token can read it, so all of them may ask about it; about a
    refresh token only the client that it belongs to.
    """
    response.headers.update(NO_STORE)
    if not client.confidential:
        raise ClientNotAuthenticated("a client must authenticate itself to ask about tokens")
    token = required(form, "token")
    with as_oauth_errors():
        refresh_token = await sessions.find_refresh_token(digest_of(token))
        if refresh_token is not None:
            return _of_refresh_token(refresh_token, client)
        principal = await verified(verifier, token)
        # The database knows of a revocation at once, the status list a second later.
        if principal is None or await revocation.is_revoked(principal.token_id):
            return Introspection(active=False)
    return _of_access_token(settings.issuer, principal)


async def verified(verifier: AccessTokenVerifier, token: str) -> Principal | None:
    """What an access token says; None when it is invalid."""
    try:
        return await verifier.verify(token)
    except InvalidToken:
        return None


def _of_refresh_token(token: RefreshToken, client: Client) -> Introspection:
    session = token.session
    if not token.active or session.client_id != client.client_id:
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
