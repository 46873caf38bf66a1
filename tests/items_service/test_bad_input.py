"""Bad input to every route is a 4xx in the documented shape; never 500."""

from typing import Any
from uuid import UUID

import httpx2
import pytest

JSON = {"Content-Type": "application/json"}
# The same in every process, or parallel runs would collect different tests.
NOBODYS = UUID(int=7)
WRITES = [("POST", "/"), ("PUT", f"/{NOBODYS}"), ("PATCH", f"/{NOBODYS}")]

# What no statement ever sees is the same on every database.
on_sqlite = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


def assert_refused(answer: httpx2.Response, *statuses: int) -> dict[str, Any]:
    assert answer.status_code in statuses, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    body: dict[str, Any] = answer.json()
    assert body["status"] == answer.status_code
    assert body["request_id"] == answer.headers["x-request-id"]
    assert body["detail"].endswith(".")
    return body


BODIES = {
    "nothing": b"",
    "no JSON": b"{",
    "a list": b"[]",
    "null": b"null",
    "a number": b"1",
    "title is a number": b'{"title": 1}',
    "title is null": b'{"title": null}',
    "title is a list": b'{"title": ["x"]}',
    "title is true": b'{"title": true}',
    "title is empty": b'{"title": ""}',
    "title is white": b'{"title": " \\t\\n "}',
    "title is long": b'{"title": "' + b"x" * 201 + b'"}',
    "description is long": b'{"title": "x", "description": "' + b"x" * 10_001 + b'"}',
    "description is null": b'{"title": "x", "description": null}',
    "NUL": b'{"title": "a\\u0000b"}',
    "NUL in the description": b'{"title": "x", "description": "\\u0000"}',
    "raw NUL": b'{"title": "a\0b"}',
    "lone surrogate": b'{"title": "\\ud800"}',
    "lone surrogate in the description": b'{"title": "x", "description": "\\udfff"}',
    "no UTF-8": b'{"title": "\xff\xfe"}',
    "a huge integer": b'{"title": ' + b"9" * 5000 + b"}",
    "NaN": b'{"title": NaN}',
    "a member too many": b'{"title": "x", "owner_id": "you"}',
    "a version": b'{"title": "x", "version": 7}',
    "deep": b"[" * 100_000,
    "deep title": b'{"title": ' + b"[" * 50_000 + b"]" * 50_000 + b"}",
    "deep, but not too deep": b'{"title": ' + b"[" * 500 + b"]" * 500 + b"}",
    "2 MB": b'{"title": "' + b"x" * 2_000_000 + b'"}',
    "many members": b"{" + b",".join(b'"%d":0' % number for number in range(10_000)) + b"}",
}


@pytest.mark.parametrize("body", BODIES.values(), ids=BODIES)
async def test_a_body_that_is_no_item_is_refused(client: httpx2.AsyncClient, body: bytes) -> None:
    for method, path in WRITES:
        answer = await client.request(method, path, content=body, headers=JSON)
        assert_refused(answer, 400, 413, 422)


@on_sqlite
async def test_a_megabyte_of_mistakes_is_not_read(client: httpx2.AsyncClient) -> None:
    """Listing them all would keep a worker from everybody else for half a second."""
    body = b"{" + b",".join(b'"%d":0' % number for number in range(100_000)) + b"}"
    for method, path in WRITES:
        answer = await client.request(method, path, content=body, headers=JSON)
        assert assert_refused(answer, 413)["code"] == "content_too_large"


@on_sqlite
@pytest.mark.parametrize(
    "content_type",
    ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "", "/"],
)
async def test_a_body_of_another_type_is_refused(
    client: httpx2.AsyncClient, content_type: str
) -> None:
    for method, path in WRITES:
        headers = {"Content-Type": content_type}
        answer = await client.request(method, path, content=b'{"title": "x"}', headers=headers)
        assert_refused(answer, 422)


@on_sqlite
@pytest.mark.parametrize(
    "query",
    [
        "limit=0",
        "limit=-1",
        "limit=101",
        "limit=1.5",
        "limit=",
        "limit=many",
        "limit=%00",
        "limit=" + "9" * 5000,
        "limit=1&limit=x",
        "cursor=",
        "cursor=x",
        "cursor=%00",
        "cursor=%ff",
        "cursor=" + "A" * 22 + "%3D",
        "cursor=" + "A" * 65,
        "cursor=" + "A" * 10_000,
        "cursor=' OR 1=1",
        "q=%00",
        "q=" + "x" * 201,
        "q=a&q=%00",
    ],
)
async def test_a_query_that_cannot_be_meant_is_refused(
    client: httpx2.AsyncClient, query: str
) -> None:
    body = assert_refused(await client.get(f"/?{query}"), 422)
    (error,) = body["errors"]
    assert error["in"] == "query"
    assert error["pointer"] == f"#/{query.partition('=')[0]}"


@on_sqlite
@pytest.mark.parametrize("query", ["q=%ff", "q=%ed%a0%80", "limit=1&limit=2", "unknown=1", "&&=&"])
async def test_an_odd_query_has_an_answer(client: httpx2.AsyncClient, query: str) -> None:
    assert (await client.get(f"/?{query}")).status_code == 200


@on_sqlite
@pytest.mark.parametrize(
    "path",
    ["/1", "/x", "/%00", "/%ff", "/%2e%2e", "/" + "a" * 5000, f"/{NOBODYS}x", f"/{NOBODYS}/x"],
)
async def test_an_address_that_is_no_item_is_not_found(
    client: httpx2.AsyncClient, path: str
) -> None:
    for method in ("GET", "PUT", "PATCH", "DELETE"):
        assert_refused(await client.request(method, path, json={"title": "x"}), 404)


async def test_a_cursor_of_a_row_that_never_was_gives_an_empty_page(
    client: httpx2.AsyncClient,
) -> None:
    answer = await client.get("/", params={"cursor": "A" * 22})
    assert answer.json() == {"items": [], "next_cursor": None}
