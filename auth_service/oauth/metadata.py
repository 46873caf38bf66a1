"""What a client must know of this authorization server, in one document (RFC 8414, OpenID Connect Discovery)."""

from typing import Any

from fastapi import APIRouter, Depends, Response

from auth_service.dependencies import Keys, KnownResources, Settings, SupportedGrants
from auth_service.oauth.grants import Grants
from auth_service.oauth.resources import Resources
from auth_service.oauth.schemas import OpenIDConfiguration, ServerMetadata
from auth_service.oauth.scopes import scope_list
from auth_service.settings import AuthSettings
from gatehouse_chassis.http.cors import READABLE_BY_ALL
from gatehouse_chassis.http.problems import NotFound

router = APIRouter(tags=["metadata"])


async def require_own_path(path: str, settings: Settings) -> None:
    """Refuses the path of an issuer that is not this one."""
    if f"/{path}" != settings.root_path:
        raise NotFound("There is no such authorization server.")


# RFC 8414 section 3.1 puts the issuer's path after the well-known part; many clients look below the issuer instead.
@router.get(
    "/.well-known/oauth-authorization-server/{path:path}",
    dependencies=[Depends(require_own_path)],
    include_in_schema=False,
    response_model_exclude_none=True,
)
@router.get("/.well-known/oauth-authorization-server", response_model_exclude_none=True)
async def server_metadata(
    settings: Settings, resources: KnownResources, grants: SupportedGrants, response: Response
) -> ServerMetadata:
    """The metadata of this authorization server (RFC 8414)."""
    _let_everyone_keep(response)
    return ServerMetadata(**_metadata(settings, resources, grants))


# OpenID Connect Discovery puts the well-known part below the issuer; clients of RFC 8414 section 5 look here too.
@router.get(
    "/.well-known/openid-configuration/{path:path}",
    dependencies=[Depends(require_own_path)],
    include_in_schema=False,
    response_model_exclude_none=True,
)
@router.get("/.well-known/openid-configuration", response_model_exclude_none=True)
async def openid_configuration(
    settings: Settings,
    resources: KnownResources,
    grants: SupportedGrants,
    keys: Keys,
    response: Response,
) -> OpenIDConfiguration:
    """The same as an OpenID provider (OpenID Connect Discovery section 4)."""
    _let_everyone_keep(response)
    return OpenIDConfiguration(
        **_metadata(settings, resources, grants),
        userinfo_endpoint=f"{settings.issuer}/userinfo",
        end_session_endpoint=f"{settings.issuer}/logout",
        id_token_signing_alg_values_supported=await keys.algorithms(),
    )


def _let_everyone_keep(response: Response) -> None:
    response.headers.update({"Cache-Control": "public, max-age=300", **READABLE_BY_ALL})


def _metadata(settings: AuthSettings, resources: Resources, grants: Grants) -> dict[str, Any]:
    issuer = settings.issuer
    return {
        "issuer": issuer,
        "authorization_endpoint": f"{issuer}/authorize",
        "token_endpoint": f"{issuer}/token",
        "revocation_endpoint": f"{issuer}/revoke",
        "introspection_endpoint": f"{issuer}/introspect",
        "registration_endpoint": f"{issuer}/register" if settings.client_registration else None,
        "client_id_metadata_document_supported": settings.client_metadata_documents,
        "jwks_uri": f"{issuer}/.well-known/jwks.json",
        "status_list_aggregation_endpoint": f"{issuer}/status-lists",
        "scopes_supported": list(scope_list().descriptions),
        "grant_types_supported": [
            g for g in grants.by_type if settings.password_grant or g != "password"
        ],
        "protected_resources": resources.urls,
        "sign_up_page": f"{issuer}/sign-up" if settings.sign_up else None,
        "service_documentation": f"{issuer}/docs",
    }
