"""A test replaces what a route depends on, as FastAPI documents it."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from uuid import UUID

import httpx2
import pytest
from fastapi import FastAPI

from gatehouse_chassis.auth.access_tokens import Principal
from items_service.dependencies import bearer, get_store
from items_service.store import Item, ItemNotFound
from testing.apps import client_of

LAMP = Item(
    id=UUID(int=1),
    owner_id="me",
    title="Lamp",
    description="",
    version=3,
    created_at=datetime(2026, 1, 1, tzinfo=UTC),
    updated_at=datetime(2026, 1, 1, tzinfo=UTC),
)


class OneItem:
    """Stands in for `ItemStore`: it holds the lamp and nothing else."""

    async def get(self, owner: str, item_id: UUID) -> Item:
        if item_id != LAMP.id:
            raise ItemNotFound
        return LAMP

    async def list(self, owner: str, *, limit: int, **_: object) -> list[Item]:
        return [LAMP]


async def signed_in() -> Principal:
    return Principal(
        subject="me",
        client_id="test",
        scopes=frozenset({"items:read"}),
        token_id="1",
        expires_at=0,
        key_id="1",
    )


@pytest.fixture
async def client(app: FastAPI) -> AsyncIterator[httpx2.AsyncClient]:
    """Nobody signs in and no database is opened."""
    app.dependency_overrides[get_store] = OneItem
    app.dependency_overrides[bearer] = signed_in
    async with client_of(app, "http://localhost:8080/items") as client:
        yield client


pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


async def test_a_replaced_store_is_what_routes_read(client: httpx2.AsyncClient) -> None:
    answer = await client.get(f"/{LAMP.id}")
    assert (answer.status_code, answer.json()["title"]) == (200, "Lamp")
    assert answer.headers["etag"] == '"3"'


async def test_a_replaced_store_is_what_lists_read(client: httpx2.AsyncClient) -> None:
    answer = await client.get("/")
    assert [item["title"] for item in answer.json()["items"]] == ["Lamp"]


async def test_the_errors_of_a_replaced_store_are_answered_as_the_real_ones(
    client: httpx2.AsyncClient,
) -> None:
    answer = await client.get(f"/{UUID(int=2)}")
    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")
    assert answer.json()["detail"] == "You have no such item."


async def test_without_an_override_the_token_is_checked(
    app: FastAPI, client: httpx2.AsyncClient
) -> None:
    del app.dependency_overrides[bearer]
    assert (await client.get("/")).status_code == 401
