"""Bodies that no honest client sends: refused with a 4xx in the documented shape, on both databases."""

import json
from urllib.parse import urlencode

import httpx2
import pytest

from tests.auth_service.databases import on_both_databases
from tests.auth_service.people import ADMIN, DEMO, bearer, refused

JSON_ROUTES = [
    ("POST", "/users"),
    ("PATCH", "/users/me"),
    ("POST", "/users/me/password"),
    ("PATCH", "/users/01890000-0000-7000-8000-000000000001"),
]
MEBIBYTE = 1024 * 1024
JSON = {"Content-Type": "application/json"}


@pytest.fixture
async def admin(client: httpx2.AsyncClient) -> dict[str, str]:
    return await bearer(client, ADMIN, scope="auth:admin auth:account")


@pytest.mark.parametrize(("method", "path"), JSON_ROUTES)
@on_both_databases
async def test_a_body_that_is_no_document_is_refused(
    client: httpx2.AsyncClient, admin: dict[str, str], method: str, path: str
) -> None:
    for body in (
        b"",
        b"{",
        b"null",
        b"[]",
        b"7",
        b'"text"',
        b"\x00",
        b"\xff\xfe",
        b'{"display_name": "\xff"}',
        b'{"display_name": "\\ud800", "disabled": "\\ud800", "username": "\\ud800"}',
        b'{"password": "\\ud800\\ud800\\ud800\\ud800\\ud800\\ud800\\ud800\\ud800\\ud800\\ud800\\ud800\\ud800"}',
        b'{"disabled": NaN, "display_name": Infinity}',
        b"[" * 100_000,
        b'{"a":' * 20_000,
        b"1" * 100_000,
        json.dumps({f"field{number}": number for number in range(5_000)}).encode(),
    ):
        answer = await client.request(method, path, content=body, headers={**admin, **JSON})
        assert answer.status_code in (400, 422), (body[:80], answer.text)
        assert answer.headers["Content-Type"] == "application/problem+json"
        assert answer.json()["status"] == answer.status_code
        assert len(answer.content) < MEBIBYTE


@pytest.mark.parametrize(("method", "path"), [*JSON_ROUTES, ("POST", "/token")])
async def test_a_body_that_is_too_large_is_refused(
    client: httpx2.AsyncClient, admin: dict[str, str], method: str, path: str
) -> None:
    answer = await client.request(
        method, path, content=b"x" * 2 * MEBIBYTE, headers={**admin, **JSON}
    )
    assert (answer.status_code, answer.json()["code"]) == (413, "content_too_large")


@pytest.mark.parametrize(("method", "path"), JSON_ROUTES)
@pytest.mark.parametrize("content_type", ["", "text/plain", "application/x-www-form-urlencoded"])
async def test_a_body_of_another_kind_is_refused(
    client: httpx2.AsyncClient, admin: dict[str, str], method: str, path: str, content_type: str
) -> None:
    answer = await client.request(
        method,
        path,
        content=urlencode(DEMO.password_grant),
        headers={**admin, "Content-Type": content_type},
    )
    assert answer.status_code == 422
    assert answer.json()["code"] == "invalid_input"


async def test_no_bytes_of_a_form_make_the_token_endpoint_fail(client: httpx2.AsyncClient) -> None:
    for noise in (
        b"\x00",
        b"\xff",
        b"%",
        b"%%",
        b"%0",
        b"%zz",
        b"=",
        b"&",
        b"&&=",
        b";",
        b"+",
        b"\r\n",
    ):
        for body in (noise, b"grant_type=password&username=" + noise + b"&password=" + noise):
            answer = await client.post(
                "/token",
                content=body,
                headers={"Content-Type": "application/x-www-form-urlencoded"},
            )
            assert refused(answer)[0] == 400, body
