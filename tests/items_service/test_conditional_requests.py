"""ETag, If-Match and If-None-Match (RFC 9110 section 13): nobody overwrites what it has not read."""

import asyncio
from typing import Any

import httpx2
import pytest


async def _create(client: httpx2.AsyncClient) -> str:
    return f"/{(await client.post('/', json={'title': 'Lamp'})).json()['id']}"


@pytest.mark.parametrize("tag", [None, "*", '"1"'])
@pytest.mark.parametrize(
    ("method", "body"), [("PUT", {"title": "x"}), ("PATCH", {"title": "x"}), ("DELETE", None)]
)
async def test_a_change_of_what_was_read_is_made(
    client: httpx2.AsyncClient, method: str, body: object, tag: str | None
) -> None:
    path = await _create(client)
    headers = {} if tag is None else {"If-Match": tag}
    answer = await client.request(method, path, json=body, headers=headers)
    assert answer.status_code == (204 if method == "DELETE" else 200)


@pytest.mark.parametrize(
    "tag",
    ['"2"', '"0"', '"x"', 'W/"2"', '"1", "2"', '"999999999999999999"', '"2147483648"', '"a,b"'],
)
@pytest.mark.parametrize(
    ("method", "body"), [("PUT", {"title": "x"}), ("PATCH", {"title": "x"}), ("DELETE", None)]
)
async def test_a_change_of_what_was_not_read_is_refused(
    client: httpx2.AsyncClient, method: str, body: object, tag: str
) -> None:
    path = await _create(client)
    answer = await client.request(method, path, json=body, headers={"If-Match": tag})
    assert (answer.status_code, answer.json()["code"]) == (412, "precondition_failed")
    assert (await client.get(path)).headers["etag"] == '"1"'


@pytest.mark.parametrize("tag", ["", "1", "'1'", '"1', "W/1", "\x00", '"1" 2'])
async def test_what_is_no_entity_tag_is_a_bad_request(client: httpx2.AsyncClient, tag: str) -> None:
    path = await _create(client)
    for method, name in (("GET", "If-None-Match"), ("DELETE", "If-Match")):
        answer = await client.request(method, path, headers={name: tag})
        assert (answer.status_code, answer.json()["code"]) == (400, "bad_request")


@pytest.mark.parametrize("tag", ["*", '"1"', 'W/"1"', '"7", "1"'])
async def test_a_current_copy_is_not_sent_again(client: httpx2.AsyncClient, tag: str) -> None:
    path = await _create(client)
    answer = await client.get(path, headers={"If-None-Match": tag})
    assert (answer.status_code, answer.content) == (304, b"")
    assert answer.headers["etag"] == '"1"'
    assert answer.headers["x-request-id"]


async def test_an_old_copy_is_replaced(client: httpx2.AsyncClient) -> None:
    path = await _create(client)
    await client.patch(path, json={"title": "Desk"})
    answer = await client.get(path, headers={"If-None-Match": '"1"'})
    assert (answer.status_code, answer.headers["etag"]) == (200, '"2"')


async def test_of_many_changes_to_the_same_version_exactly_one_wins(
    client: httpx2.AsyncClient,
) -> None:
    path = await _create(client)

    async def change(number: int) -> Any:
        body = {"title": f"by {number}"}
        return await client.patch(path, json=body, headers={"If-Match": '"1"'})

    answers = await asyncio.gather(*(change(number) for number in range(10)))
    assert sorted(answer.status_code for answer in answers) == [200] + [412] * 9
    (winner,) = [answer for answer in answers if answer.status_code == 200]
    assert (await client.get(path)).json() == winner.json()
