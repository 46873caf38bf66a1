"""`/items/`: what a user owns. Someone else's item is not found, as if it were not there."""

from typing import Annotated, NoReturn
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response

from gatehouse_chassis.auth.bearer import protected
from gatehouse_chassis.http.entity_tags import (
    CONDITIONAL,
    IfMatch,
    entity_tag,
    expected_version,
    still_has,
)
from gatehouse_chassis.http.paging import Page, Paging, page_of
from gatehouse_chassis.http.problems import NotFound, PreconditionFailed
from gatehouse_chassis.http.text import StorableText
from gatehouse_chassis.serving.lean_route import LeanRoute
from items_service.dependencies import Reader, Writer
from items_service.schemas import ItemChange, ItemPublic, ItemWrite
from items_service.store import Item, ItemStore


def item_routes(store: ItemStore) -> APIRouter:
    """The routes, on the items of `store`."""
    router = APIRouter(tags=["items"], responses=protected(), route_class=LeanRoute)

    @router.get("/", response_model=Page[ItemPublic])
    async def list_items(
        reader: Reader,
        page: Paging,
        q: Annotated[StorableText, Query(max_length=200, description="Part of the title")] = "",
    ) -> dict[str, object]:
        """Your items, newest first."""
        found = await store.list(
            reader.subject, most=page.limit + 1, before=page.before, title_contains=q
        )
        return page_of(found, page)

    @router.post("/", response_model=ItemPublic, status_code=201)
    async def create_item(writer: Writer, item: ItemWrite, response: Response) -> Item:
        """Adds an item."""
        created = await store.create(writer.subject, item.title, item.description)
        response.headers["Location"] = str(created.id)
        return _tagged(created, response)

    @router.get(
        "/{item_id:uuid}",
        response_model=ItemPublic,
        responses={**protected(NotFound), 304: {"description": "Your copy is the current one"}},
        openapi_extra=CONDITIONAL,
    )
    async def read_item(
        reader: Reader, item_id: UUID, request: Request, response: Response
    ) -> Item | Response:
        """One item. Its `ETag` is what `If-Match` takes when you change it."""
        item = await store.find(reader.subject, item_id)
        if item is None:
            raise _no_such_item()
        if still_has(request.headers.get("if-none-match"), entity_tag(item.version)):
            return Response(status_code=304, headers={"ETag": entity_tag(item.version)})
        return _tagged(item, response)

    @router.put(
        "/{item_id:uuid}",
        response_model=ItemPublic,
        responses=protected(NotFound, PreconditionFailed),
    )
    async def replace_item(
        writer: Writer,
        item_id: UUID,
        item: ItemWrite,
        response: Response,
        if_match: IfMatch = None,
    ) -> Item:
        """Replaces an item; there is no creating by PUT."""
        return await _change(store, writer.subject, item_id, item.model_dump(), if_match, response)

    @router.patch(
        "/{item_id:uuid}",
        response_model=ItemPublic,
        responses=protected(NotFound, PreconditionFailed),
    )
    async def change_item(
        writer: Writer,
        item_id: UUID,
        change: ItemChange,
        response: Response,
        if_match: IfMatch = None,
    ) -> Item:
        """Changes what the body names and leaves the rest."""
        changes = change.model_dump(exclude_unset=True)
        return await _change(store, writer.subject, item_id, changes, if_match, response)

    @router.delete(
        "/{item_id:uuid}", status_code=204, responses=protected(NotFound, PreconditionFailed)
    )
    async def delete_item(writer: Writer, item_id: UUID, if_match: IfMatch = None) -> None:
        """Deletes an item."""
        if not await store.delete(writer.subject, item_id, expected_version(if_match)):
            await _refuse_lost_update(store, writer.subject, item_id)

    return router


async def _change(
    store: ItemStore,
    owner: str,
    item_id: UUID,
    changes: dict[str, str],
    if_match: str | None,
    response: Response,
) -> Item:
    changed = await store.change(owner, item_id, changes, expected_version(if_match))
    if changed is None:
        await _refuse_lost_update(store, owner, item_id)
    return _tagged(changed, response)


async def _refuse_lost_update(store: ItemStore, owner: str, item_id: UUID) -> NoReturn:
    if await store.find(owner, item_id) is None:
        raise _no_such_item()
    raise PreconditionFailed(
        "The item was changed since you read it; read it again and decide anew."
    )


def _no_such_item() -> NotFound:
    return NotFound("You have no such item.")


def _tagged(item: Item, response: Response) -> Item:
    response.headers["ETag"] = entity_tag(item.version)
    return item
