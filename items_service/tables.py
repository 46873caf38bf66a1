"""The tables of the items service."""

from sqlalchemy import Column, Index, Integer, MetaData, String, Table, Text, Uuid

from gatehouse_chassis.database.columns import UtcDateTime

metadata = MetaData()

items = Table(
    "items",
    metadata,
    Column("id", Uuid, primary_key=True),
    # The `sub` of the owner's access tokens; users themselves are in auth's database.
    Column("owner_id", String(64), nullable=False),
    Column("title", String(200), nullable=False),
    Column("description", Text, nullable=False),
    Column("version", Integer, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("updated_at", UtcDateTime, nullable=False),
    # An owner's list, newest first, is one range of this index.
    Index("ix_items_owner_id_id", "owner_id", "id"),
)
