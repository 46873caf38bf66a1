"""`/auth/token` and the public keys."""

from typing import Annotated, Any

import structlog
from fastapi import APIRouter, Depends, Request, Response

from auth_service.clients import Clients, require_grant
from auth_service.oauth_errors import (
    NO_STORE,
    InvalidRequest,
    TemporarilyUnavailable,
    UnsupportedGrantType,
)
from auth_service.oauth_form import read_form
from auth_service.schemas import JWKSet, TokenError, TokenResponse
from auth_service.signing_keys import SigningKeys
from auth_service.token_issuer import TokenIssuer
from chassis.database import DatabaseUnavailable
from chassis.problems import ServiceUnavailable

log = structlog.get_logger(__name__)

router = APIRouter(tags=["tokens"])

GRANTS = ("password", "refresh_token", "client_credentials")

# FastAPI's own form parsing would answer 422; the RFC wants its own errors, so the form is only described here.
_FORM: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {
            "application/x-www-form-urlencoded": {
                "schema": {
                    "type": "object",
                    "required": ["grant_type"],
                    "properties": {
                        "grant_type": {"type": "string", "enum": list(GRANTS)},
                        "username": {"type": "string"},
                        "password": {"type": "string", "format": "password"},
                        "refresh_token": {"type": "string"},
                        "scope": {"type": "string", "description": "separated by spaces"},
                        "client_id": {"type": "string"},
                        "client_secret": {"type": "string", "format": "password"},
                    },
                }
            }
        },
    }
}


async def _token_issuer(request: Request) -> TokenIssuer:
    issuer: TokenIssuer = request.app.state.token_issuer
    return issuer


async def _signing_keys(request: Request) -> SigningKeys:
    keys: SigningKeys = request.app.state.signing_keys
    return keys


async def _clients(request: Request) -> Clients:
    clients: Clients = request.app.state.clients
    return clients


@router.post(
    "/token",
    response_model_exclude_none=True,
    openapi_extra=_FORM,
    responses={status: {"model": TokenError} for status in (400, 401, 503)},
)
async def token(
    request: Request,
    response: Response,
    issuer: Annotated[TokenIssuer, Depends(_token_issuer)],
    clients: Annotated[Clients, Depends(_clients)],
) -> TokenResponse:
    """Gives tokens for a password, a refresh token or a client's own credentials (RFC 6749 section 3.2).

    The password grant is here because the *Authorize* form uses it; RFC 9700 section 2.4 forbids it to new clients.
    """
    form = await read_form(request)
    response.headers.update(NO_STORE)
    try:
        client = await clients.authenticate(form, request.headers.get("authorization"))
        grant_type, scope = _required(form, "grant_type"), form.get("scope")
        if grant_type not in GRANTS:
            raise UnsupportedGrantType(f"the grant type must be one of {', '.join(GRANTS)}")
        require_grant(client, grant_type)
        if grant_type == "password":
            username, password = _required(form, "username"), _required(form, "password")
            return await issuer.password_grant(username, password, scope, client)
        if grant_type == "refresh_token":
            refresh_token = _required(form, "refresh_token")
            return await issuer.refresh_grant(refresh_token, scope, client.client_id)
        return await issuer.client_credentials_grant(scope, client)
    except ServiceUnavailable as error:
        raise TemporarilyUnavailable(error.detail, error.headers) from None
    except DatabaseUnavailable as error:
        log.error("database_unavailable", exc_info=error)
        raise TemporarilyUnavailable(
            "the database does not answer now", {"Retry-After": "2"}
        ) from None


def _required(form: dict[str, str], name: str) -> str:
    if name not in form:
        raise InvalidRequest(f"the parameter {name} is missing")
    return form[name]


@router.get("/.well-known/jwks.json")
async def public_keys(
    response: Response, keys: Annotated[SigningKeys, Depends(_signing_keys)]
) -> JWKSet:
    """The public keys of access tokens (RFC 7517)."""
    response.headers["Cache-Control"] = "public, max-age=60"
    return JWKSet(keys=await keys.public_keys())
