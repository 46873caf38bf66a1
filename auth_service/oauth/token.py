"""`/auth/token` and the public keys."""

from fastapi import APIRouter, Request, Response

from auth_service.audit.context import remember_origin
from auth_service.clients.authentication import Clients, require_grant
from auth_service.clients.store import Client
from auth_service.keys.signing_keys import SigningKeys
from auth_service.oauth.errors import NO_STORE, UnsupportedGrantType, outages_as_oauth_errors
from auth_service.oauth.forms import described_form, read_form, required
from auth_service.oauth.grants import TokenIssuer, TokenRequest
from auth_service.schemas import JWKSet, TokenError, TokenResponse

GRANTS = ("authorization_code", "refresh_token", "client_credentials", "password")

_FORM = described_form(
    "grant_type",
    {
        "grant_type": {"type": "string", "enum": list(GRANTS)},
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


def token_routes(clients: Clients, issuer: TokenIssuer, keys: SigningKeys) -> APIRouter:
    """The routes: `issuer` gives tokens to `clients`, and `keys` are what they are checked with."""
    router = APIRouter(tags=["tokens"])

    @router.post(
        "/token",
        response_model=TokenResponse,
        openapi_extra=_FORM,
        responses={status: {"model": TokenError} for status in (400, 401, 429, 503)},
    )
    async def token(request: Request) -> Response:
        """Gives tokens for a code, a refresh token, a client's own credentials or a password (RFC 6749 section 3.2).

        The password grant is here because the *Authorize* form uses it; RFC 9700 section 2.4 forbids it to new clients.
        """
        # Dependencies and an answer that FastAPI validates took a tenth of the time that a token takes.
        await remember_origin(request)
        form = await read_form(request)
        with outages_as_oauth_errors():
            client = await clients.authenticate(form, request.headers.get("authorization"))
            tokens = await _exchange(form, client, issuer)
        body = tokens.model_dump_json(exclude_none=True)
        return Response(body, headers=NO_STORE, media_type="application/json")

    @router.get("/.well-known/jwks.json")
    async def public_keys(response: Response) -> JWKSet:
        """The public keys of access tokens (RFC 7517)."""
        response.headers["Cache-Control"] = "public, max-age=60"
        return JWKSet(keys=await keys.public_keys())

    return router


async def _exchange(form: dict[str, str], client: Client, issuer: TokenIssuer) -> TokenResponse:
    grant_type = required(form, "grant_type")
    if grant_type not in GRANTS:
        raise UnsupportedGrantType(f"the grant type must be one of {', '.join(GRANTS)}")
    require_grant(client, grant_type)
    issuer.status_list.require_room()
    asked = TokenRequest(client, form.get("scope"), form.get("resource"))
    match grant_type:
        case "authorization_code":
            code, verifier = required(form, "code"), required(form, "code_verifier")
            return await issuer.code_grant(code, required(form, "redirect_uri"), verifier, asked)
        case "refresh_token":
            return await issuer.refresh_grant(required(form, "refresh_token"), asked)
        case "client_credentials":
            return await issuer.client_credentials_grant(asked)
        case _:
            username, password = required(form, "username"), required(form, "password")
            return await issuer.password_grant(username, password, asked)
