"""What the OAuth endpoints answer with."""

from typing import Literal

from pydantic import BaseModel, Field

from auth_service.oauth.pkce import METHOD

_BY_SECRET = ["client_secret_basic", "client_secret_post"]


class TokenResponse(BaseModel):
    """RFC 6749 section 5.1."""

    access_token: str
    token_type: Literal["Bearer"] = "Bearer"  # the name of a scheme
    expires_in: int = Field(description="seconds")
    refresh_token: str | None = None
    scope: str


class TokenError(BaseModel):
    """RFC 6749 section 5.2."""

    error: str
    error_description: str


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
    jwks_uri: str
    # draft-ietf-oauth-status-list-21 section 9.1
    status_list_aggregation_endpoint: str
    scopes_supported: list[str]
    response_types_supported: list[str] = ["code"]
    response_modes_supported: list[str] = ["query"]
    grant_types_supported: list[str]
    code_challenge_methods_supported: list[str] = [METHOD]
    token_endpoint_auth_methods_supported: list[str] = ["none", *_BY_SECRET]
    revocation_endpoint_auth_methods_supported: list[str] = ["none", *_BY_SECRET]
    introspection_endpoint_auth_methods_supported: list[str] = _BY_SECRET
    authorization_response_iss_parameter_supported: bool = True
    protected_resources: list[str]
    # Not of the RFC: where people sign up, if they may.
    sign_up_page: str | None = None
    service_documentation: str
