"""What a client must know of this authorization server, in one document (RFC 8414)."""

from fastapi import APIRouter, Response
from pydantic import BaseModel

from auth_service.oauth.pkce import METHOD
from auth_service.oauth.resources import Resources
from auth_service.oauth.scopes import SCOPES
from auth_service.oauth.token import GRANTS
from auth_service.settings import AuthSettings

_BY_SECRET = ["client_secret_basic", "client_secret_post"]


class ServerMetadata(BaseModel):
    """RFC 8414 section 2. The addresses are those of the public URL, as the issuer in every token is."""

    issuer: str
    authorization_endpoint: str
    token_endpoint: str
    revocation_endpoint: str
    introspection_endpoint: str
    jwks_uri: str
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
    service_documentation: str


def metadata_routes(settings: AuthSettings, resources: Resources) -> APIRouter:
    """The route that tells what `settings` and `resources` make of this server."""
    router = APIRouter(tags=["metadata"])

    # Section 3.1 puts the issuer's path after the well-known part; many clients look below the issuer instead.
    @router.get("/.well-known/oauth-authorization-server/auth", include_in_schema=False)
    @router.get("/.well-known/oauth-authorization-server")
    async def server_metadata(response: Response) -> ServerMetadata:
        """The metadata of this authorization server (RFC 8414)."""
        issuer = settings.issuer
        response.headers["Cache-Control"] = "public, max-age=300"
        return ServerMetadata(
            issuer=issuer,
            authorization_endpoint=f"{issuer}/authorize",
            token_endpoint=f"{issuer}/token",
            revocation_endpoint=f"{issuer}/revoke",
            introspection_endpoint=f"{issuer}/introspect",
            jwks_uri=f"{issuer}/.well-known/jwks.json",
            scopes_supported=list(SCOPES),
            grant_types_supported=[g for g in GRANTS if settings.password_grant or g != "password"],
            protected_resources=resources.urls,
            service_documentation=f"{issuer}/docs",
        )

    return router
