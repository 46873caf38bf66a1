"""`/auth/revoke`: a client ends a token (RFC 7009)."""

from fastapi import APIRouter, Response

from auth_service.audit.events import Event, audited
from auth_service.clients.client import Client
from auth_service.dependencies import Context, IssuedTokens, Revocations, Sessions
from auth_service.oauth.client import AuthenticatedClient
from auth_service.oauth.errors import NO_STORE, as_oauth_errors
from auth_service.oauth.forms import OAuthForm, described_form
from auth_service.oauth.introspect import verified
from auth_service.oauth.opaque_tokens import digest_of
from auth_service.oauth.requests import TokenOfAnotherClient, required
from auth_service.oauth.schemas import TokenError
from auth_service.sessions.store import EndOfSession

router = APIRouter(tags=["tokens"])


@router.post(
    "/revoke",
    openapi_extra=described_form(
        "token", {"token": {"type": "string"}, "token_type_hint": {"type": "string"}}
    )
    | audited(
        Event.SESSION_ENDED,
        Event.TOKEN_REVOKED,
        Event.CLIENT_NOT_AUTHENTICATED,
        Event.SIGN_IN_THROTTLED,
    ),
    responses={status: {"model": TokenError} for status in (400, 401, 403, 429, 503)},
)
async def revoke(
    form: OAuthForm,
    client: AuthenticatedClient,
    sessions: Sessions,
    revocation: Revocations,
    issued_tokens: IssuedTokens,
    context: Context,
) -> Response:
    """Ends a token of the asking client; with a refresh token its whole session ends (RFC 7009).

    A token that is unknown or over already is no error. The hint is not needed: the two kinds look different.
    """
    token = required(form, "token")
    with as_oauth_errors():
        refresh_token = await sessions.find_refresh_token(digest_of(token))
        if refresh_token is not None:
            session = refresh_token.session
            _require_owner(client, session.client_id)
            await revocation.revoke_session(session.id, EndOfSession.REVOKED, context)
        elif principal := await verified(issued_tokens, token):
            _require_owner(client, principal.client_id)
            await revocation.revoke_token(principal.token_id, context)
    return Response(headers=NO_STORE)


def _require_owner(client: Client, client_id: str) -> None:
    if client.client_id != client_id:
        raise TokenOfAnotherClient("this token belongs to another client")
