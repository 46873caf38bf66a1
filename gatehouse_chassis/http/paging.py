"""Cursor paging: every list is bounded, and a page costs the same however far in it is."""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error as Base64Error
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Generic, Protocol, TypeVar
from uuid import UUID

from fastapi import Depends, Query
from pydantic import BaseModel, Field

from gatehouse_chassis.http.problems import InvalidInput

MAX_PAGE_SIZE = 100
DEFAULT_PAGE_SIZE = 20

Row = TypeVar("Row")


class Stored(Protocol):
    """A row that a cursor can point to."""

    @property
    def id(self) -> UUID:
        """UUIDv7, by which the list is ordered."""


class Page(BaseModel, Generic[Row]):
    """A part of a list, newest first."""

    items: list[Row]
    next_cursor: str | None = Field(
        description="pass it as `cursor` for the next page; null on the last"
    )


@dataclass(frozen=True, slots=True)
class PageRequest:
    """Which part of a list is asked for: at most `limit` rows, those with an id below `before`."""

    limit: int
    before: UUID | None


# Asynchronous although it awaits nothing: FastAPI hands every other dependency to a thread.
async def _page_request(
    limit: Annotated[int, Query(ge=1, le=MAX_PAGE_SIZE)] = DEFAULT_PAGE_SIZE,
    cursor: Annotated[
        str | None, Query(max_length=64, description="`next_cursor` of the page before")
    ] = None,
) -> PageRequest:
    return PageRequest(limit, None if cursor is None else decode_cursor(cursor))


Paging = Annotated[PageRequest, Depends(_page_request)]


def page_of(found: Sequence[Stored], page: PageRequest) -> dict[str, object]:
    """The answer to `page`, for which one row more than its `limit` was asked: that row tells whether there is more."""
    items = found[: page.limit]
    more = len(found) > page.limit
    return {"items": items, "next_cursor": encode_cursor(items[-1].id) if more else None}


def encode_cursor(row_id: UUID) -> str:
    """The opaque cursor after the row with this id."""
    return urlsafe_b64encode(row_id.bytes).rstrip(b"=").decode()


def decode_cursor(cursor: str) -> UUID:
    """The id that the cursor stands for.

    Raises:
        InvalidInput: this service never gave such a cursor.
    """
    try:
        row_id = UUID(bytes=urlsafe_b64decode(cursor.encode("ascii") + b"=="))
        if encode_cursor(row_id) == cursor:
            return row_id
    except (ValueError, Base64Error):
        pass
    reason = "not a cursor of this list; pass next_cursor as it was given, or leave it out"
    raise InvalidInput(
        f"The query is not valid: {reason} (#/cursor).",
        errors=[{"in": "query", "pointer": "#/cursor", "detail": reason}],
    )
