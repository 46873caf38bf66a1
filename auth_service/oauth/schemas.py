"""What the OAuth endpoints answer with."""

from typing import Literal

from pydantic import BaseModel, Field

from auth_service.oauth.id_tokens import ACR
from auth_service.oauth.pkce import METHOD
from auth_service.oauth.requests import PROMPTS
from gatehouse_chassis.auth.access_tokens import ALGORITHMS

_BY_SECRET = ["client_secret_basic", "client_secret_post"]
_CONFIDENTIAL = [*_BY_SECRET, "private_key_jwt"]


class TokenResponse(BaseModel):
    """RFC 6749 section 5.1."""

    access_token: str
    token_type: Literal["Bearer"] = "Bearer"  # the name of a scheme
    expires_in: int = Field(description="seconds")
    refresh_token: str | None = None
    scope: str
    id_token: str | None = Field(
        default=None, description="of OpenID Connect, for the scope `openid`"
    )


class UserInfo(BaseModel):
    """OpenID Connect Core section 5.1: what the scopes of the access token let the client know."""

    sub: str
    name: str | None = None
    preferred_username: str | None = None
    email: str | None = None
    email_verified: bool | None = Field(
        default=None, description="whether somebody used a link that was sent to the address"
    )


class TokenError(BaseModel):
    """RFC 6749 section 5.2."""

    error: str
    error_description: str


class ClientInformation(BaseModel):
    """RFC 7591 section 3.2.1: what was registered, whatever was asked for."""

    client_id: str
    client_id_issued_at: int
    client_name: str
    redirect_uris: list[str]
    grant_types: list[str]
    response_types: list[str] = ["code"]
    token_endpoint_auth_method: str = "none"
    scope: str


class Introspection(BaseModel):
    """RFC 7662 section 2.2; of a token that is not active nothing else is returned."""

    active: bool
    token_type: Literal["Bearer"] | None = None
    iss: str | None = None
    sub: str | None = None
    aud: list[str] | None = None
    exp: int | None = None
    jti: str | None = None
    client_id: str | None = None
    scope: str | None = None


class ServerMetadata(BaseModel):
    """RFC 8414 section 2. The addresses are those of the public URL, as the issuer in every token is."""

    issuer: str
    authorization_endpoint: str
    token_endpoint: str
    revocation_endpoint: str
    introspection_endpoint: str
    registration_endpoint: str | None = None
    # draft-ietf-oauth-client-id-metadata-document section 5
    client_id_metadata_document_supported: bool
    jwks_uri: str
    # draft-ietf-oauth-status-list-21 section 9.1
    status_list_aggregation_endpoint: str
    scopes_supported: list[str]
    response_types_supported: list[str] = ["code"]
    response_modes_supported: list[str] = ["query"]
    grant_types_supported: list[str]
    code_challenge_methods_supported: list[str] = [METHOD]
    token_endpoint_auth_methods_supported: list[str] = ["none", *_CONFIDENTIAL]
    revocation_endpoint_auth_methods_supported: list[str] = ["none", *_CONFIDENTIAL]
    introspection_endpoint_auth_methods_supported: list[str] = _CONFIDENTIAL
    token_endpoint_auth_signing_alg_values_supported: list[str] = list(ALGORITHMS)
    revocation_endpoint_auth_signing_alg_values_supported: list[str] = list(ALGORITHMS)
    introspection_endpoint_auth_signing_alg_values_supported: list[str] = list(ALGORITHMS)
    authorization_response_iss_parameter_supported: bool = True
    protected_resources: list[str]
    # Not of the RFC: where people sign up, if they may.
    sign_up_page: str | None = None
    service_documentation: str


class OpenIDConfiguration(ServerMetadata):
    """OpenID Connect Discovery section 3. Whatever is not listed is refused, or ignored where a client may not mind."""

    userinfo_endpoint: str
    end_session_endpoint: str
    subject_types_supported: list[str] = ["public"]
    id_token_signing_alg_values_supported: list[str]
    acr_values_supported: list[str] = [ACR]
    prompt_values_supported: list[str] = list(PROMPTS)
    claim_types_supported: list[str] = ["normal"]
    claims_supported: list[str] = [
        *("iss", "sub", "aud", "exp", "iat", "auth_time", "nonce", "acr", "amr", "at_hash"),
        *("sid", "name", "preferred_username", "email", "email_verified"),
    ]
    claims_parameter_supported: bool = False
    request_parameter_supported: bool = False
    request_uri_parameter_supported: bool = False
