"""`/items/`: what a user owns. What someone else owns is answered with 404."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Response

from gatehouse_chassis.auth.bearer import protected
from gatehouse_chassis.http.entity_tags import (
    IfMatch,
    IfNoneMatch,
    entity_tag,
    expected_version,
    still_has,
)
from gatehouse_chassis.http.paging import Page, Paging, page_of
from gatehouse_chassis.http.problems import (
    NotFound,
    PreconditionFailed,
    QuotaExceeded,
    ServiceUnavailable,
    TooManyRequests,
)
from gatehouse_chassis.http.text import StorableText
from items_service.dependencies import Reader, Store, Writer
from items_service.schemas import ItemChange, ItemCount, ItemPublic, ItemWrite
from items_service.store import Item

router = APIRouter(tags=["items"], responses=protected())

TitlePart = Annotated[StorableText, Query(max_length=200, description="Part of the title")]


@router.get(
    "/",
    response_model=Page[ItemPublic],
    responses=protected(TooManyRequests, ServiceUnavailable),
)
async def list_items(
    reader: Reader,
    store: Store,
    page: Paging,
    q: TitlePart = "",
) -> dict[str, object]:
    """Your items, newest first."""
    found = await store.list(
        reader.subject, limit=page.limit + 1, before=page.before, title_contains=q
    )
    return page_of(found, page)


@router.get(
    "/count",
    response_model=ItemCount,
    responses=protected(TooManyRequests, ServiceUnavailable),
)
async def count_items(reader: Reader, store: Store, q: TitlePart = "") -> dict[str, int]:
    """How many items you have, or how many a search finds. The list itself does not count them."""
    return {"count": await store.count(reader.subject, title_contains=q)}


@router.post("/", response_model=ItemPublic, status_code=201, responses=protected(QuotaExceeded))
async def create_item(writer: Writer, store: Store, item: ItemWrite, response: Response) -> Item:
    """Adds an item."""
    created = await store.create(writer.subject, item.title, item.description)
    response.headers["Location"] = str(created.id)
    response.headers["ETag"] = entity_tag(created.version)
    return created


@router.get(
    "/{item_id:uuid}",
    response_model=ItemPublic,
    responses={**protected(NotFound), 304: {"description": "Your copy is the current one"}},
)
async def read_item(
    reader: Reader,
    store: Store,
    item_id: UUID,
    response: Response,
    if_none_match: IfNoneMatch = None,
) -> Item | Response:
    """One item. Its `ETag` is what `If-Match` takes when you change it."""
    item = await store.get(reader.subject, item_id)
    tag = entity_tag(item.version)
    if still_has(if_none_match, tag):
        return Response(status_code=304, headers={"ETag": tag})
    response.headers["ETag"] = tag
    return item


@router.put(
    "/{item_id:uuid}", response_model=ItemPublic, responses=protected(NotFound, PreconditionFailed)
)
async def replace_item(
    writer: Writer,
    store: Store,
    item_id: UUID,
    item: ItemWrite,
    response: Response,
    if_match: IfMatch = None,
) -> Item:
    """Replaces an item; PUT creates none."""
    replaced = await store.update(
        writer.subject, item_id, item.model_dump(), expected_version(if_match)
    )
    response.headers["ETag"] = entity_tag(replaced.version)
    return replaced


@router.patch(
    "/{item_id:uuid}", response_model=ItemPublic, responses=protected(NotFound, PreconditionFailed)
)
async def change_item(
    writer: Writer,
    store: Store,
    item_id: UUID,
    change: ItemChange,
    response: Response,
    if_match: IfMatch = None,
) -> Item:
    """Changes what the body names and leaves the rest."""
    changes = change.model_dump(exclude_unset=True)
    changed = await store.update(writer.subject, item_id, changes, expected_version(if_match))
    response.headers["ETag"] = entity_tag(changed.version)
    return changed


@router.delete(
    "/{item_id:uuid}", status_code=204, responses=protected(NotFound, PreconditionFailed)
)
async def delete_item(
    writer: Writer, store: Store, item_id: UUID, if_match: IfMatch = None
) -> None:
    """Deletes an item."""
    await store.delete(writer.subject, item_id, expected_version(if_match))
