"""Paging without gaps or repeats, and search that takes every character as itself."""

from collections.abc import Callable
from typing import Any

import httpx2
import pytest
from fastapi import FastAPI

from gatehouse_chassis.database.searches import SearchTurns


async def _fill(client: httpx2.AsyncClient, *titles: str) -> list[str]:
    return [(await client.post("/", json={"title": title})).json()["id"] for title in titles]


async def _page(client: httpx2.AsyncClient, **query: Any) -> dict[str, Any]:
    answer = await client.get("/", params=query)
    assert answer.status_code == 200, answer.text
    page: dict[str, Any] = answer.json()
    return page


async def test_a_list_is_newest_first_and_of_twenty(client: httpx2.AsyncClient) -> None:
    ids = await _fill(client, *(f"item {number}" for number in range(21)))
    page = await _page(client)
    assert [item["id"] for item in page["items"]] == ids[:0:-1]
    last = await _page(client, cursor=page["next_cursor"])
    assert [item["id"] for item in last["items"]] == ids[:1]
    assert last["next_cursor"] is None


@pytest.mark.parametrize("limit", [1, 2, 3, 6, 7, 8, 100])
async def test_every_item_is_on_one_page(client: httpx2.AsyncClient, limit: int) -> None:
    ids = await _fill(client, *"abcdefg")
    seen: list[str] = []
    query: dict[str, Any] = {"limit": limit}
    while True:
        page = await _page(client, **query)
        assert 0 < len(page["items"]) <= limit
        seen += [item["id"] for item in page["items"]]
        if page["next_cursor"] is None:
            break
        query["cursor"] = page["next_cursor"]
    assert seen == ids[::-1]


async def test_paging_goes_to_the_end_while_items_come_and_go(client: httpx2.AsyncClient) -> None:
    ids = await _fill(client, *"abcdef")
    seen: list[str] = []
    cursor = None
    while True:
        page = await _page(client, limit=2, **({"cursor": cursor} if cursor else {}))
        seen += [item["id"] for item in page["items"]]
        await _fill(client, "new")
        await client.delete(f"/{seen[-1]}")  # the very row that the cursor names
        if (cursor := page["next_cursor"]) is None:
            break
    assert seen == ids[::-1]


async def test_a_search_pages_too(client: httpx2.AsyncClient) -> None:
    ids = await _fill(client, "red lamp", "desk", "blue LAMP", "lamp")
    first = await _page(client, q="lamp", limit=2)
    second = await _page(client, q="lamp", limit=2, cursor=first["next_cursor"])
    found = [item["id"] for item in first["items"] + second["items"]]
    assert found == [ids[3], ids[2], ids[0]]
    assert second["next_cursor"] is None


@pytest.mark.parametrize(
    ("q", "found"),
    [
        ("%", ["100%"]),
        ("_", ["a_b"]),
        ("\\", ["back\\slash"]),
        ("\\%", []),
        ("%%", []),
        ("'", ["it's"]),
        ("A_B", ["a_b"]),
        ("é", ["café"]),
        ("CAFÉ", ["café"]),
        ("\U0001f5dd", ["key \U0001f5dd"]),
        ("", ["key \U0001f5dd", "café", "it's", "back\\slash", "acb", "a_b", "100%"]),
        ("x" * 200, []),
    ],
)
async def test_a_search_finds_what_contains_the_text(
    client: httpx2.AsyncClient, q: str, found: list[str]
) -> None:
    await _fill(client, "100%", "a_b", "acb", "back\\slash", "it's", "café", "key \U0001f5dd")
    assert [item["title"] for item in (await _page(client, q=q))["items"]] == found


async def test_all_rows_are_counted_by_owner_and_by_search(
    client: httpx2.AsyncClient, token: Callable[..., dict[str, str]]
) -> None:
    await _fill(client, "red lamp", "desk", "blue LAMP")

    async def count(headers: dict[str, str] | None = None, **query: str) -> int:
        answer = await client.get("/count", params=query, headers=headers)
        assert answer.status_code == 200, answer.text
        counted: int = answer.json()["count"]
        return counted

    assert (await count(), await count(q="lamp"), await count(q="%")) == (3, 2, 0)
    assert await count(token(sub="somebody-else-who-has-none")) == 0


async def test_a_user_searches_one_at_a_time_and_hinders_nobody(
    app: FastAPI, client: httpx2.AsyncClient, token: Callable[..., dict[str, str]], me: str
) -> None:
    # What a search of this user holds while it reads, on PostgreSQL one of several.
    turns = SearchTurns(2)
    app.state.database._searches = turns
    async with turns.turn(me):
        refused = await client.get("/", params={"q": "lamp"})
        plain = await client.get("/")
        other = await client.get("/", params={"q": "lamp"}, headers=token(sub="somebody-else"))
    assert (refused.status_code, refused.json()["code"]) == (429, "too_many_requests")
    assert refused.headers["Retry-After"] == "1"
    assert (plain.status_code, other.status_code) == (200, 200)
    assert (await client.get("/", params={"q": "lamp"})).status_code == 200
