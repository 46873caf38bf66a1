"""Every error is one RFC 9457 document, and its cause is told in the log alone."""

from http import HTTPStatus
from typing import Any

import httpx2
import pytest
from structlog.contextvars import merge_contextvars
from structlog.testing import capture_logs

from gatehouse_chassis.http.body_limit import MAX_BODY_BYTES

JSON = {"Content-Type": "application/json"}


def assert_problem(answer: httpx2.Response, status: int, code: str) -> dict[str, Any]:
    """The body, when it is the documented shape with this status and code."""
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    body: dict[str, Any] = answer.json()
    assert body.keys() - {"errors"} == {"type", "title", "status", "detail", "code", "request_id"}
    assert (body["type"], body["status"], body["code"]) == ("about:blank", status, code)
    assert body["request_id"] == answer.headers["x-request-id"]
    assert body["detail"].endswith(".")
    return body


async def test_an_unknown_address_is_not_found(client: httpx2.AsyncClient) -> None:
    for path in ("/nowhere", "/things/not-a-number", "/docs/assets/../../x", "/%00", "/%ff"):
        body = assert_problem(await client.get(path), 404, "not_found")
        assert body["title"] == "Not Found"
        assert body["detail"] == "Nothing is found at this address."


@pytest.mark.parametrize("method", ["GET", "DELETE", "PATCH", "HEAD", "TRACE", "MADE-UP"])
async def test_a_method_that_is_not_allowed_is_told_those_that_are(
    client: httpx2.AsyncClient, method: str
) -> None:
    answer = await client.request(method, "/things/1")
    assert answer.status_code == 405
    assert answer.headers["allow"] == "OPTIONS, POST"
    if method == "HEAD":
        assert answer.content == b""
    else:
        body = assert_problem(answer, 405, "method_not_allowed")
        assert body["detail"] == f"{method} is not allowed here."


async def test_invalid_input_is_pointed_at_wherever_it_is(client: httpx2.AsyncClient) -> None:
    answer = await client.post(
        "/things/1?limit=many",
        json={"name": "far too long a name", "sizes": [1, "x", {}]},
        headers={"X-Depth": "deep"},
    )
    body = assert_problem(answer, 422, "invalid_input")
    assert body["title"] == "Unprocessable Content"
    assert [(error["in"], error["pointer"]) for error in body["errors"]] == [
        ("query", "#/limit"),
        ("header", "#/x-depth"),
        ("body", "#/name"),
        ("body", "#/sizes/1"),
        ("body", "#/sizes/2"),
    ]
    assert all(error["detail"] for error in body["errors"])
    assert body["detail"].startswith("The query is not valid: ")


@pytest.mark.parametrize(
    ("content", "status"),
    [
        (b"", 422),
        (b"{", 422),
        (b"nul", 422),
        (b'{"name": "x"}}', 422),
        (b"[]", 422),
        (b"null", 422),
        (b'"text"', 422),
        (b'{"name": NaN}', 422),
        (b'{"name": "\\ud800"}', 422),
        (b'{"name": 1' + b"0" * 5000 + b"}", 400),
        (b'{"name": "\xff"}', 400),
        (b"[" * 100_000, 400),
        (b'{"a":' * 20_000, 400),
        ('{"name": "x"}'.encode("utf-16"), 200),  # RFC 4627 allowed it, and Python still reads it
    ],
    ids=range(14),
)
async def test_a_body_that_is_no_thing_is_refused(
    client: httpx2.AsyncClient, content: bytes, status: int
) -> None:
    answer = await client.post("/things/1", content=content, headers=JSON)
    if status == 200:
        assert answer.status_code == 200
    else:
        body = assert_problem(answer, status, {400: "bad_request", 422: "invalid_input"}[status])
        assert all(error["in"] == "body" for error in body.get("errors", []))


@pytest.mark.parametrize("content_type", ["text/plain", "application/xml", "x", "", None])
async def test_a_body_of_another_type_is_refused(
    client: httpx2.AsyncClient, content_type: str | None
) -> None:
    headers = {} if content_type is None else {"Content-Type": content_type}
    answer = await client.post("/things/1", content=b'{"name": "x"}', headers=headers)
    assert_problem(answer, 422, "invalid_input")


@pytest.mark.parametrize(
    ("name", "pointer"),
    [("a/b~c", "#/a~1b~0c"), ("\\n", "#/\n"), ("", "#/"), ("\\ud800", "#")],
)
async def test_a_pointer_escapes_what_the_client_wrote(
    client: httpx2.AsyncClient, name: str, pointer: str
) -> None:
    content = f'{{"{name}": 1}}'.encode()
    answer = await client.post("/closed", content=content, headers=JSON)
    body = assert_problem(answer, 422, "invalid_input")
    assert [error["pointer"] for error in body["errors"]] == [pointer]


async def test_of_very_many_mistakes_only_the_first_are_told(client: httpx2.AsyncClient) -> None:
    content = b'{"name": "x", "sizes": [' + b'"",' * 20_000 + b"1]}"
    answer = await client.post("/things/1", content=content, headers=JSON)
    body = assert_problem(answer, 422, "invalid_input")
    assert len(body["errors"]) == 20
    assert body["detail"].endswith(" Only the first 20 of 20000 mistakes are listed.")
    assert len(answer.content) < 10_000


async def test_a_body_that_is_too_large_is_refused_when_it_is_announced(
    client: httpx2.AsyncClient,
) -> None:
    answer = await client.post("/things/1", content=b"x" * (MAX_BODY_BYTES + 1), headers=JSON)
    body = assert_problem(answer, 413, "content_too_large")
    assert body["title"] == "Content Too Large"
    assert body["detail"] == f"A body may have {MAX_BODY_BYTES} bytes at most."


async def test_a_body_that_is_too_large_is_refused_when_it_comes_in_pieces(
    client: httpx2.AsyncClient,
) -> None:
    async def pieces() -> Any:
        for _ in range(17):
            yield b" " * (MAX_BODY_BYTES // 16)

    answer = await client.post("/things/1", content=pieces(), headers=JSON)
    assert_problem(answer, 413, "content_too_large")


@pytest.mark.parametrize("length", ["9" * 30, "9" * 5000])
async def test_an_announcement_of_any_length_is_refused(
    client: httpx2.AsyncClient, length: str
) -> None:
    headers = {**JSON, "Content-Length": length}
    answer = await client.post("/things/1", content=b"{}", headers=headers)
    assert_problem(answer, 413, "content_too_large")


async def test_a_body_of_the_largest_size_is_read(client: httpx2.AsyncClient) -> None:
    content = b'{"name": "x"}'.ljust(MAX_BODY_BYTES)
    answer = await client.post("/things/1", content=content, headers=JSON)
    assert answer.status_code == 200


async def test_a_bug_is_told_in_the_log_alone(client: httpx2.AsyncClient) -> None:
    with capture_logs(processors=[merge_contextvars]) as lines:
        answer = await client.get("/bug")
    body = assert_problem(answer, 500, "internal_error")
    assert "hunter2" not in answer.text
    assert "ZeroDivisionError" not in answer.text
    (failure,) = [line for line in lines if line["event"] == "request_failed"]
    assert failure["request_id"] == body["request_id"]
    assert failure["exc_info"]


async def test_a_database_that_does_not_answer_is_a_503_to_be_tried_again(
    client: httpx2.AsyncClient,
) -> None:
    with capture_logs() as lines:
        answer = await client.get("/database-down")
    assert_problem(answer, 503, "service_unavailable")
    assert int(answer.headers["retry-after"]) > 0
    assert "db.internal" not in answer.text
    (failure,) = [line for line in lines if line["event"] == "database_unavailable"]
    assert "db.internal" in str(failure["exc_info"])


async def test_a_database_that_refuses_writes_is_an_outage_with_a_sentence_of_its_own(
    client: httpx2.AsyncClient,
) -> None:
    answer = await client.get("/database-read-only")
    body = assert_problem(answer, 503, "service_unavailable")
    assert body["detail"] == "The database takes no writes now; try again."
    assert int(answer.headers["retry-after"]) > 0


async def test_a_value_that_cannot_be_stored_is_the_clients_mistake(
    client: httpx2.AsyncClient,
) -> None:
    body = assert_problem(await client.get("/invalid-value"), 422, "invalid_input")
    assert body["detail"] == "The input holds a value that cannot be stored."


async def test_an_error_of_the_service_keeps_its_sentence_and_code(
    client: httpx2.AsyncClient,
) -> None:
    body = assert_problem(await client.get("/conflict"), 409, "conflict")
    assert body["detail"] == "It exists already."


async def test_a_status_without_a_code_of_its_own_is_an_error(client: httpx2.AsyncClient) -> None:
    answer = await client.get("/teapot")
    assert answer.json()["title"] == HTTPStatus(418).phrase
    assert answer.json()["code"] == "error"


async def test_an_answer_without_a_body_stays_one(client: httpx2.AsyncClient) -> None:
    answer = await client.get("/nothing")
    assert (answer.status_code, answer.content) == (204, b"")
