"""`/auth/register`: clients that register themselves (RFC 7591), where `AUTH_CLIENT_REGISTRATION` lets them."""

from fastapi import APIRouter, Request, Response

from auth_service.audit.events import Event, audited
from auth_service.clients.metadata import MAX_BYTES, ClientMetadata, parse_metadata
from auth_service.clients.registration import register_itself
from auth_service.dependencies import Context, RegisteredClients, Repeated, Settings
from auth_service.oauth.errors import NO_STORE, as_oauth_errors
from auth_service.oauth.requests import CrossSitePost, InvalidRequest, RegistrationOff
from auth_service.oauth.schemas import ClientInformation, TokenError
from gatehouse_chassis.http.cross_site import is_cross_site

router = APIRouter(tags=["clients"])

_BODY = ClientMetadata.model_json_schema()


@router.post(
    "/register",
    status_code=201,
    response_model_exclude_none=True,
    openapi_extra={
        "requestBody": {"required": True, "content": {"application/json": {"schema": _BODY}}},
        **audited(Event.CLIENT_CREATED),
    },
    responses={status: {"model": TokenError} for status in (400, 403, 429, 503)},
)
async def register(
    request: Request,
    settings: Settings,
    registered: RegisteredClients,
    repeated: Repeated,
    context: Context,
    response: Response,
) -> ClientInformation:
    """Registers the client that asks (RFC 7591 section 3): a public one with PKCE, whatever it asks for.

    It is forgotten after some days unless somebody has allowed it something.
    """
    if is_cross_site(request):
        raise CrossSitePost("a page of another site sent this, and its origin is not allowed")
    if not settings.client_registration:
        raise RegistrationOff("clients are registered by administrators here")
    media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if media_type != "application/json":
        raise InvalidRequest("the body must be application/json")
    body = await request.body()
    _, metadata = parse_metadata(body[: MAX_BYTES + 1])
    with as_oauth_errors():
        client = await register_itself(registered, metadata)
        await repeated.note(Event.CLIENT_CREATED, None, context, by="itself")
    response.headers.update(NO_STORE)
    return ClientInformation(
        client_id=client.client_id,
        client_id_issued_at=int(client.created_at.timestamp()),
        client_name=client.name,
        redirect_uris=list(client.redirect_uris),
        grant_types=sorted(client.grants),
        scope=" ".join(sorted(client.scopes)),
    )
