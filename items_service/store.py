"""All SQL of the items service. Every statement names the owner, so no user reaches another's."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import cache
from typing import Any, NamedTuple, NoReturn
from uuid import UUID

from sqlalchemy import ColumnElement, Select, bindparam, delete, func, insert, select, update

from gatehouse_chassis.database import Database
from gatehouse_chassis.database.columns import new_id, now
from items_service.tables import items


class Item(NamedTuple):
    """A row of `items`. A tuple, because a dataclass takes three times as long to make."""

    id: UUID
    owner_id: str
    title: str
    description: str
    version: int
    created_at: datetime
    updated_at: datetime


class ItemNotFound(Exception):
    """The owner has no such item."""

    def __init__(self) -> None:
        super().__init__("You have no such item.")


class ItemChanged(Exception):
    """The item has another version than the one that was to be changed."""

    def __init__(self) -> None:
        super().__init__("The item was changed since you read it; read it again and decide anew.")


class ItemQuotaReached(Exception):
    """The owner has as many items as one may have."""

    def __init__(self, per_owner: int) -> None:
        super().__init__(f"You have {per_owner} items, as many as one may have: delete some first.")


# Statements that run often are built once, because building one takes longer than running it.
_GET = select(items).where(
    items.c.owner_id == bindparam("owner"), items.c.id == bindparam("item_id")
)
_OWNED = select(items.c.id).where(items.c.owner_id == bindparam("owner_id"))
_COUNT = select(func.count()).select_from(_OWNED.limit(bindparam("per_owner")).subquery())
# One statement, so that the count is still true when the row is added.
_INSERT = insert(items).from_select(
    items.c.keys(),
    select(*(bindparam(column.name, type_=column.type) for column in items.c)).where(
        _COUNT.scalar_subquery() < bindparam("per_owner")
    ),
)


@cache
def _select_page(*, is_continued: bool, is_search: bool) -> Select[Any]:
    page = select(items).where(items.c.owner_id == bindparam("owner"))
    if is_continued:
        page = page.where(items.c.id < bindparam("before"))
    if is_search:
        page = page.where(items.c.title.ilike(bindparam("pattern"), escape="\\"))
    return page.order_by(items.c.id.desc()).limit(bindparam("limit"))


@cache
def _select_count(*, is_search: bool) -> Select[Any]:
    counted = select(items.c.id).where(items.c.owner_id == bindparam("owner"))
    if is_search:
        counted = counted.where(items.c.title.ilike(bindparam("pattern"), escape="\\"))
    counted = counted.limit(bindparam("limit"))
    return select(func.count().label("count")).select_from(counted.subquery())


class ItemStore:
    """Items by owner. `owner` is the `sub` of the caller's access token.

    Args:
        per_owner: how many items one owner may have.
    """

    def __init__(self, database: Database, *, per_owner: int) -> None:
        self._database = database
        self._per_owner = per_owner

    async def create(self, owner: str, title: str, description: str) -> Item:
        """Stores a new item.

        On PostgreSQL, requests that run at the same moment may each take the last place.

        Raises:
            ItemQuotaReached: the owner has as many as one may have.
        """
        created = now()
        item = Item(new_id(), owner, title, description, 1, created, created)
        values = item._asdict()
        if not await self._database.execute(_INSERT, **values, per_owner=self._per_owner):
            raise ItemQuotaReached(self._per_owner)
        return item

    async def get(self, owner: str, item_id: UUID) -> Item:
        """One item.

        Raises:
            ItemNotFound: the owner has no such item.
        """
        row = await self._database.fetch_one(_GET, owner=owner, item_id=item_id)
        if row is None:
            raise ItemNotFound
        return Item(**row)

    async def list(
        self, owner: str, *, limit: int, before: UUID | None = None, title_contains: str = ""
    ) -> Sequence[Item]:
        """Up to `limit` items, newest first; `before` is the last id of the page before.

        Raises:
            SearchUnderWay: the owner searches already.
        """
        parameters: dict[str, Any] = {"owner": owner, "limit": limit}
        if before is not None:
            parameters["before"] = before
        statement = _select_page(is_continued=before is not None, is_search=bool(title_contains))
        if title_contains:
            pattern = _contains(title_contains)
            rows = await self._database.search(
                statement, searcher=owner, **parameters, pattern=pattern
            )
        else:
            rows = await self._database.fetch_all(statement, **parameters)
        return [Item(**row) for row in rows]

    async def count(self, owner: str, *, title_contains: str = "") -> int:
        """How many items `list` gives in all its pages.

        Raises:
            SearchUnderWay: the owner searches already.
        """
        parameters: dict[str, Any] = {"owner": owner, "limit": self._per_owner}
        statement = _select_count(is_search=bool(title_contains))
        if title_contains:
            pattern = _contains(title_contains)
            [row] = await self._database.search(
                statement, searcher=owner, **parameters, pattern=pattern
            )
        else:
            [row] = await self._database.fetch_all(statement, **parameters)
        return int(row["count"])

    async def update(
        self, owner: str, item_id: UUID, changes: Mapping[str, str], expected_version: int | None
    ) -> Item:
        """Changes the columns that `changes` names and returns the item.

        The statement that writes compares the version, so of two concurrent changes to one version one is refused.

        Raises:
            ItemNotFound: the owner has no such item.
            ItemChanged: its version is not `expected_version`.
        """
        statement = (
            update(items)
            .where(*_matches(owner, item_id, expected_version))
            .values(**changes, version=items.c.version + 1, updated_at=now())
            .returning(*items.c)
        )
        row = await self._database.fetch_one(statement)
        if row is None:
            await self._refuse(owner, item_id)
        return Item(**row)

    async def delete(self, owner: str, item_id: UUID, expected_version: int | None) -> None:
        """Deletes an item. Raises as `update` does."""
        statement = delete(items).where(*_matches(owner, item_id, expected_version))
        if not await self._database.execute(statement):
            await self._refuse(owner, item_id)

    async def _refuse(self, owner: str, item_id: UUID) -> NoReturn:
        await self.get(owner, item_id)
        raise ItemChanged


def _matches(owner: str, item_id: UUID, version: int | None) -> list[ColumnElement[bool]]:
    conditions = [items.c.owner_id == owner, items.c.id == item_id]
    if version is not None:
        conditions.append(items.c.version == version)
    return conditions


def _contains(text: str) -> str:
    """A LIKE pattern that finds `text` anywhere and takes `%` and `_` as themselves."""
    for special in ("\\", "%", "_"):
        text = text.replace(special, f"\\{special}")
    return f"%{text}%"
