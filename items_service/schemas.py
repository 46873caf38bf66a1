"""The JSON that the items service accepts and returns."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from gatehouse_chassis.http.text import OMITTED, STORABLE

Title = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=200),
    STORABLE,
    Field(examples=["My first item"]),
]
Description = Annotated[
    str,
    StringConstraints(max_length=10_000),
    STORABLE,
    Field(examples=["What is to be said of it"]),
]


class ItemWrite(BaseModel):
    """A whole item, to create or to replace one."""

    model_config = ConfigDict(extra="forbid")

    title: Title
    description: Description = ""


class ItemChange(BaseModel):
    """A change of an item; what is left out stays as it is."""

    model_config = ConfigDict(extra="forbid")

    title: Title = OMITTED
    description: Description = OMITTED


class ItemCount(BaseModel):
    """How many there are."""

    count: int


class ItemPublic(BaseModel):
    """An item as its owner sees it."""

    id: UUID
    title: str
    description: str
    owner_id: str
    created_at: datetime
    updated_at: datetime
