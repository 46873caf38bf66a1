"""`/auth/clients`: the applications that may ask for tokens (administrators)."""

from typing import Annotated

from fastapi import APIRouter, Depends, Path, Response

from auth_service.clients.registration import (
    ClientPublic,
    ClientRegistration,
    ClientSecret,
    RegisteredClient,
    public_view,
    register_client,
    renew_client_secret,
)
from auth_service.clients.store import ClientStore
from auth_service.dependencies import Administrator, get_audit_context
from auth_service.oauth.errors import NO_STORE
from gatehouse_chassis.auth.bearer import protected
from gatehouse_chassis.http.paging import Page, Paging, encode_cursor
from gatehouse_chassis.http.problems import NotFound

ClientId = Annotated[str, Path(pattern=r"^client-[0-9a-f]{16}$")]
_NONE = "There is no such client."


def client_routes(registered: ClientStore) -> APIRouter:
    """The routes, on the clients that are `registered`."""
    router = APIRouter(
        prefix="/clients", tags=["clients"], dependencies=[Depends(get_audit_context)]
    )

    @router.post("", status_code=201, response_model_exclude_none=True, responses=protected())
    async def register(
        _admin: Administrator, new: ClientRegistration, response: Response
    ) -> RegisteredClient:
        """Registers a client. Its secret, if it gets one, is told here and nowhere else."""
        client, secret = await register_client(registered, new)
        response.headers.update(NO_STORE)
        response.headers["Location"] = f"clients/{client.client_id}"
        return RegisteredClient(**public_view(client).model_dump(), client_secret=secret)

    @router.get("", responses=protected())
    async def list_clients(_admin: Administrator, page: Paging) -> Page[ClientPublic]:
        """All registered clients, newest first."""
        # One more than asked for tells whether there is a next page.
        found = await registered.list(most=page.limit + 1, before=page.before)
        listed = found[: page.limit]
        more = len(found) > page.limit
        return Page(
            items=[public_view(client) for client in listed],
            next_cursor=encode_cursor(listed[-1].id) if more else None,
        )

    @router.get("/{client_id}", responses=protected(NotFound))
    async def read_client(_admin: Administrator, client_id: ClientId) -> ClientPublic:
        """A registered client."""
        client = await registered.find(client_id)
        if client is None:
            raise NotFound(_NONE)
        return public_view(client)

    @router.post("/{client_id}/secret", responses=protected(NotFound))
    async def renew_secret(
        _admin: Administrator, client_id: ClientId, response: Response
    ) -> ClientSecret:
        """Gives a confidential client a new secret; the old one is refused from now on."""
        secret = await renew_client_secret(registered, client_id)
        if secret is None:
            raise NotFound("There is no such confidential client.")
        response.headers.update(NO_STORE)
        return ClientSecret(client_secret=secret)

    @router.delete("/{client_id}", status_code=204, responses=protected(NotFound))
    async def remove_client(_admin: Administrator, client_id: ClientId) -> None:
        """Removes a client and ends every session that was opened through it."""
        if not await registered.remove(client_id):
            raise NotFound(_NONE)

    return router
