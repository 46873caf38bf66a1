"""What a user does with its items, and what nobody does with another's."""

import json
from collections.abc import Callable
from uuid import UUID, uuid4

import httpx2
import pytest

JSON = {"Content-Type": "application/json"}
Headers = Callable[..., dict[str, str]]

METHODS = [
    ("GET", None),
    ("PUT", {"title": "mine"}),
    ("PATCH", {"title": "mine"}),
    ("DELETE", None),
]


async def _create(client: httpx2.AsyncClient, title: str = "Lamp") -> str:
    answer = await client.post("/", json={"title": title})
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])


async def test_the_longest_item_is_taken_however_its_json_is_written(
    client: httpx2.AsyncClient,
) -> None:
    longest = {"title": "\N{GRINNING FACE}" * 200, "description": "\N{GRINNING FACE}" * 10_000}
    escaped = json.dumps(longest, ensure_ascii=True)  # 12 bytes for each character
    created = await client.post("/", content=escaped, headers=JSON)
    assert created.status_code == 201, created.text
    assert created.json().items() >= longest.items()


async def test_an_item_is_created_read_replaced_changed_and_deleted(
    client: httpx2.AsyncClient, me: str
) -> None:
    created = await client.post("/", json={"title": "  Lamp ", "description": "brass\n"})
    assert created.status_code == 201
    item = created.json()
    assert item.keys() == {
        "id",
        "title",
        "description",
        "owner_id",
        "created_at",
        "updated_at",
    }
    assert (item["title"], item["description"], item["owner_id"]) == ("Lamp", "brass\n", me)
    assert UUID(item["id"]).version == 7
    assert item["created_at"] == item["updated_at"]
    assert item["created_at"].endswith(("Z", "+00:00"))
    assert created.headers["etag"] == '"1"'

    path = f"/{created.headers['location']}"
    read = await client.get(path)
    assert (read.json(), read.headers["etag"]) == (item, '"1"')

    replaced = await client.put(path, json={"title": "Desk"})
    assert replaced.json()["description"] == ""
    assert replaced.headers["etag"] == '"2"'

    changed = await client.patch(path, json={"description": "oak"})
    assert (changed.json()["title"], changed.json()["description"]) == ("Desk", "oak")
    assert changed.json()["updated_at"] > changed.json()["created_at"]
    assert (await client.get(path)).json() == changed.json()

    deleted = await client.delete(path)
    assert (deleted.status_code, deleted.content) == (204, b"")
    for method, body in METHODS:
        assert (await client.request(method, path, json=body)).status_code == 404


async def test_the_location_of_a_new_item_is_right_under_every_prefix(
    client: httpx2.AsyncClient,
) -> None:
    created = await client.post("/", json={"title": "Lamp"})
    assert created.headers["location"] == created.json()["id"]
    assert (await client.get(f"/{created.headers['location']}")).status_code == 200


@pytest.mark.parametrize(("method", "body"), METHODS)
async def test_another_users_item_is_not_found(
    client: httpx2.AsyncClient, token: Headers, method: str, body: object
) -> None:
    theirs = await _create(client)
    there = await client.request(method, f"/{theirs}", json=body, headers=token(sub="you"))
    nowhere = await client.request(method, f"/{uuid4()}", json=body, headers=token(sub="you"))
    assert there.status_code == nowhere.status_code == 404
    assert there.json()["detail"] == nowhere.json()["detail"]
    assert (await client.get(f"/{theirs}")).headers["etag"] == '"1"'


async def test_another_users_item_is_not_found_by_its_tag(
    client: httpx2.AsyncClient, token: Headers
) -> None:
    theirs = await _create(client)
    for method, body in METHODS[1:]:
        for tag in ('"1"', '"9"', "*"):
            headers = {**token(sub="you"), "If-Match": tag}
            answer = await client.request(method, f"/{theirs}", json=body, headers=headers)
            assert answer.status_code == 404


async def test_another_users_items_are_in_no_list(
    client: httpx2.AsyncClient, token: Headers
) -> None:
    await _create(client)
    answer = await client.get("/", headers=token(sub="you"))
    assert answer.json() == {"items": [], "next_cursor": None}


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [("GET", "/", None), ("POST", "/", {"title": "x"}), *((m, "/{id}", b) for m, b in METHODS)],
)
async def test_a_right_is_needed_for_everything(
    client: httpx2.AsyncClient, me: str, token: Headers, method: str, path: str, body: object
) -> None:
    path = path.replace("{id}", await _create(client))
    needed = "items:read" if method == "GET" else "items:write"
    other = "items:write" if method == "GET" else "items:read"

    async def status(headers: dict[str, str]) -> int:
        return (await client.request(method, path, json=body, headers=headers)).status_code

    assert await status({"Authorization": ""}) == 401
    assert await status(token(sub=me, aud=["auth"])) == 401
    assert await status(token(sub=me, scope=other)) == 403
    assert await status(token(sub=me, scope=needed)) in {200, 201, 204}


async def test_a_title_may_be_in_any_writing(client: httpx2.AsyncClient) -> None:
    for title in ("Δοκιμή", "试", "\U0001f5dd", "' OR 1=1 --", "<script>", "x" * 200):
        item = await _create(client, title)
        assert (await client.get(f"/{item}")).json()["title"] == title


async def test_a_service_is_ready_with_its_database_and_its_keys(
    client: httpx2.AsyncClient,
) -> None:
    await client.get("/")
    answer = await client.get("/health/ready")
    assert answer.json() == {
        "status": "ready",
        "checks": {"database": "ok", "issuer_keys": "ok", "status_list": "ok", "writes": "ok"},
    }
