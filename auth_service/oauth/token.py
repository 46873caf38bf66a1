"""`/auth/token`: access tokens and refresh tokens (RFC 6749 section 3.2)."""

from fastapi import APIRouter, Response

from auth_service.audit.events import Event, audited
from auth_service.dependencies import Context, SupportedGrants
from auth_service.oauth.client import AuthenticatedClient
from auth_service.oauth.errors import NO_STORE, as_oauth_errors
from auth_service.oauth.forms import OAuthForm, described_form
from auth_service.oauth.grants import GRANT_TYPES
from auth_service.oauth.schemas import TokenError, TokenResponse

router = APIRouter(tags=["tokens"])

_FORM = described_form(
    "grant_type",
    {
        "grant_type": {"type": "string", "enum": list(GRANT_TYPES)},
        "code": {"type": "string"},
        "redirect_uri": {"type": "string"},
        "code_verifier": {"type": "string"},
        "username": {"type": "string"},
        "password": {"type": "string", "format": "password"},
        "refresh_token": {"type": "string"},
        "scope": {"type": "string", "description": "separated by spaces"},
        "resource": {"type": "string", "description": "the URL of a service"},
    },
)


@router.post(
    "/token",
    response_model_exclude_none=True,
    openapi_extra={
        **_FORM,
        **audited(
            Event.SIGNED_IN,
            Event.CODE_EXCHANGED,
            Event.SESSION_REFRESHED,
            Event.CLIENT_TOKEN_ISSUED,
            Event.SIGN_IN_FAILED,
            Event.SIGN_IN_THROTTLED,
            Event.CLIENT_NOT_AUTHENTICATED,
            Event.SESSION_ENDED,
            Event.SESSIONS_ENDED,
        ),
    },
    responses={status: {"model": TokenError} for status in (400, 401, 403, 429, 503)},
)
async def token(
    form: OAuthForm,
    client: AuthenticatedClient,
    grants: SupportedGrants,
    context: Context,
    response: Response,
) -> TokenResponse:
    """Gives tokens for a code, a refresh token, a client's own credentials or a password (RFC 6749 section 3.2).

    The password grant is here because the *Authorize* form uses it; RFC 9700 section 2.4 forbids it to new clients.
    """
    with as_oauth_errors():
        tokens = await grants.exchange(form, client, context)
    response.headers.update(NO_STORE)
    return tokens
