"""How many items one user may have, also when many are added at once."""

import asyncio
from collections.abc import AsyncIterator, Callable

import httpx2
import pytest
from fastapi import FastAPI

from gatehouse_chassis.database import Database
from items_service.dependencies import get_store
from items_service.store import ItemStore
from testing.apps import running
from testing.tokens import TestIssuer


@pytest.fixture
async def client(app: FastAPI, issuer: TestIssuer, me: str) -> AsyncIterator[httpx2.AsyncClient]:
    """A user who may have three items."""
    database: Database = app.state.database
    app.dependency_overrides[get_store] = lambda: ItemStore(database, per_owner=3)
    async with running(app, base_url="http://localhost:8080/items") as client:
        client.headers["Authorization"] = f"Bearer {issuer.token(sub=me)}"
        yield client


async def _add(client: httpx2.AsyncClient, **headers: str) -> httpx2.Response:
    return await client.post("/", json={"title": "Lamp"}, headers=headers)


async def test_one_more_than_a_user_may_have_is_refused(client: httpx2.AsyncClient) -> None:
    added = [(await _add(client)).status_code for _ in range(3)]
    refused = await _add(client)
    assert added == [201, 201, 201]
    assert (refused.status_code, refused.json()["code"]) == (409, "quota_exceeded")
    assert refused.json()["detail"].startswith("You have 3 items")

    assert len((await client.get("/")).json()["items"]) == 3


async def test_a_deleted_item_makes_room(client: httpx2.AsyncClient) -> None:
    last = [(await _add(client)).json()["id"] for _ in range(3)][-1]
    await client.delete(f"/{last}")
    assert (await _add(client)).status_code == 201


async def test_the_items_of_others_do_not_count(
    client: httpx2.AsyncClient, token: Callable[..., dict[str, str]]
) -> None:
    for _ in range(3):
        await _add(client)
    assert (await _add(client, **token(sub="somebody-else"))).status_code == 201


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_of_many_at_once_no_more_are_added_than_there_is_room_for(
    client: httpx2.AsyncClient,
) -> None:
    answers = await asyncio.gather(*(_add(client) for _ in range(10)))
    assert sorted(answer.status_code for answer in answers) == [201] * 3 + [409] * 7
