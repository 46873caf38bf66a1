"""`/auth/clients`: the applications that may ask for tokens (administrators)."""

from typing import Annotated

from fastapi import APIRouter, Path, Response

from auth_service.audit.events import Event, audited
from auth_service.clients.registration import public_view, register_client, renew_client_secret
from auth_service.clients.schemas import (
    ClientPublic,
    ClientRegistration,
    ClientSecret,
    RegisteredClient,
)
from auth_service.dependencies import Administrator, Context, RegisteredClients
from auth_service.oauth.errors import NO_STORE
from gatehouse_chassis.auth.bearer import protected
from gatehouse_chassis.http.paging import Page, Paging, encode_cursor
from gatehouse_chassis.http.problems import NotFound

router = APIRouter(prefix="/clients", tags=["clients"])

ClientId = Annotated[str, Path(pattern=r"^client-[0-9a-f]{16}$")]
_NONE = "There is no such client."


@router.post(
    "",
    status_code=201,
    response_model_exclude_none=True,
    responses=protected(),
    openapi_extra=audited(Event.CLIENT_CREATED),
)
async def register(
    _admin: Administrator,
    new: ClientRegistration,
    registered: RegisteredClients,
    context: Context,
    response: Response,
) -> RegisteredClient:
    """Registers a client. Its secret, if it gets one, is shown here and nowhere else."""
    client, secret = await register_client(registered, new, context)
    response.headers.update(NO_STORE)
    response.headers["Location"] = f"clients/{client.client_id}"
    return RegisteredClient(**public_view(client).model_dump(), client_secret=secret)


@router.get("", responses=protected())
async def list_clients(
    _admin: Administrator, registered: RegisteredClients, page: Paging
) -> Page[ClientPublic]:
    """All registered clients, newest first."""
    # One more than asked for tells whether there is a next page.
    found = await registered.list(limit=page.limit + 1, before=page.before)
    listed = found[: page.limit]
    more = len(found) > page.limit
    return Page(
        items=[public_view(client) for client in listed],
        next_cursor=encode_cursor(listed[-1].id) if more else None,
    )


@router.get("/{client_id}", responses=protected(NotFound))
async def read_client(
    _admin: Administrator, client_id: ClientId, registered: RegisteredClients
) -> ClientPublic:
    """A registered client."""
    client = await registered.find(client_id)
    if client is None:
        raise NotFound(_NONE)
    return public_view(client)


@router.post(
    "/{client_id}/secret",
    responses=protected(NotFound),
    openapi_extra=audited(Event.CLIENT_SECRET_RENEWED, Event.SESSIONS_ENDED),
)
async def renew_secret(
    _admin: Administrator,
    client_id: ClientId,
    registered: RegisteredClients,
    context: Context,
    response: Response,
) -> ClientSecret:
    """Gives a confidential client a new secret. The old one is refused, and all that it got is revoked."""
    secret = await renew_client_secret(registered, client_id, context)
    if secret is None:
        raise NotFound("There is no such client with a secret.")
    response.headers.update(NO_STORE)
    return ClientSecret(client_secret=secret)


@router.delete(
    "/{client_id}",
    status_code=204,
    responses=protected(NotFound),
    openapi_extra=audited(Event.CLIENT_REMOVED, Event.SESSIONS_ENDED),
)
async def remove_client(
    _admin: Administrator, client_id: ClientId, registered: RegisteredClients, context: Context
) -> None:
    """Removes a client and ends every session that was opened through it."""
    if not await registered.remove(client_id, context):
        raise NotFound(_NONE)
