"""All SQL of the items service. Every statement names the owner, so that nobody reaches another's items."""

from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import and_, bindparam, delete, func, insert, select, update

from gatehouse_chassis.database import Database, Row
from gatehouse_chassis.database.columns import new_id, now
from items_service.tables import items


class Item(NamedTuple):
    """A row of `items`: a tuple, because a page makes twenty of them and a frozen dataclass takes thrice the time."""

    id: UUID
    owner_id: str
    title: str
    description: str
    version: int
    created_at: datetime
    updated_at: datetime


_OWN = items.c.owner_id == bindparam("owner")
_THIS = and_(_OWN, items.c.id == bindparam("item"))
_AS_READ = and_(_THIS, items.c.version == bindparam("expected"))

_FIND = select(items).where(_THIS)
_LIST = select(items).where(_OWN).order_by(items.c.id.desc()).limit(bindparam("most"))
_MATCHING = items.c.title.ilike(bindparam("pattern"), escape="\\")
_BEFORE = items.c.id < bindparam("before")
# By what is asked for: the title, and where the page begins.
_LISTS = {
    (False, False): _LIST,
    (False, True): _LIST.where(_BEFORE),
    (True, False): _LIST.where(_MATCHING),
    (True, True): _LIST.where(_MATCHING, _BEFORE),
}
_INSERT = insert(items)
_CHANGE = (
    update(items)
    .values(
        title=func.coalesce(bindparam("new_title", type_=items.c.title.type), items.c.title),
        description=func.coalesce(
            bindparam("new_description", type_=items.c.description.type), items.c.description
        ),
        version=items.c.version + 1,
        updated_at=bindparam("changed_at"),
    )
    .returning(*items.c)
)
# By whether the change is of the version that was read.
_CHANGES = {False: _CHANGE.where(_THIS), True: _CHANGE.where(_AS_READ)}
_DELETIONS = {False: delete(items).where(_THIS), True: delete(items).where(_AS_READ)}


class ItemStore:
    """Items by owner. `owner` is the `sub` of the caller's access token."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def create(self, owner: str, title: str, description: str) -> Item:
        """A new item."""
        created = now()
        item = Item(new_id(), owner, title, description, 1, created, created)
        await self._database.execute(
            _INSERT,
            id=item.id,
            owner_id=owner,
            title=title,
            description=description,
            version=item.version,
            created_at=created,
            updated_at=created,
        )
        return item

    async def find(self, owner: str, item_id: UUID) -> Item | None:
        """The item, or None when the owner has no such item."""
        row = await self._database.fetch_one(_FIND, owner=owner, item=item_id)
        return _item(row) if row else None

    async def list(
        self, owner: str, *, most: int, before: UUID | None = None, title_contains: str = ""
    ) -> list[Item]:
        """Up to `most` items, newest first: those created before the one with the id `before`."""
        parameters: dict[str, Any] = {"owner": owner, "most": most}
        if title_contains:
            parameters["pattern"] = _pattern(title_contains)
        if before is not None:
            parameters["before"] = before
        statement = _LISTS[bool(title_contains), before is not None]
        return [_item(row) for row in await self._database.fetch_all(statement, **parameters)]

    async def change(
        self, owner: str, item_id: UUID, changes: dict[str, str], expected_version: int | None
    ) -> Item | None:
        """The changed item; None when it is gone or, with `expected_version`, when another change came first.

        The version is compared by the statement that writes, so that of two concurrent changes one loses.
        """
        row = await self._database.fetch_one(
            _CHANGES[expected_version is not None],
            **_which(owner, item_id, expected_version),
            new_title=changes.get("title"),
            new_description=changes.get("description"),
            changed_at=now(),
        )
        return _item(row) if row else None

    async def delete(self, owner: str, item_id: UUID, expected_version: int | None) -> bool:
        """Whether the item was there, in the expected version if one is given, and is gone now."""
        deletion = _DELETIONS[expected_version is not None]
        which = _which(owner, item_id, expected_version)
        return await self._database.execute(deletion, **which) == 1


def _which(owner: str, item_id: UUID, expected_version: int | None) -> dict[str, Any]:
    which: dict[str, Any] = {"owner": owner, "item": item_id}
    return which if expected_version is None else {**which, "expected": expected_version}


def _pattern(text: str) -> str:
    """A LIKE pattern that finds `text` anywhere and takes `%` and `_` as themselves."""
    for special in ("\\", "%", "_"):
        text = text.replace(special, f"\\{special}")
    return f"%{text}%"


def _item(row: Row) -> Item:
    return Item(**row)
