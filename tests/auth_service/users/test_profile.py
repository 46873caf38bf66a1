"""`/auth/users/me`: what users see and change of themselves."""

import httpx2
import pytest

from tests.auth_service.databases import on_both_databases
from tests.auth_service.people import ADMIN, DEMO, Person, bearer, refused, sign_in

NEW_PASSWORD = "another-heron-counts-5-boats"


async def test_users_see_themselves(client: httpx2.AsyncClient) -> None:
    answer = await client.get("/users/me", headers=await bearer(client))
    assert set(answer.json()) == {
        "id",
        "username",
        "display_name",
        "email",
        "role",
        "disabled",
        "created_at",
        "updated_at",
    }
    assert answer.json()["username"] == DEMO.username
    assert (answer.json()["role"], answer.json()["disabled"]) == ("user", False)


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/users/me"),
        ("PATCH", "/users/me"),
        ("POST", "/users/me/password"),
        ("GET", "/users"),
        ("PATCH", "/users/01890000-0000-7000-8000-000000000001"),
    ],
)
@pytest.mark.parametrize(
    ("headers", "challenge"),
    [
        ({}, "Bearer"),
        ({"Authorization": "Basic Og=="}, "Bearer"),
        ({"Authorization": "Bearer x"}, 'Bearer error="invalid_token", error_description="'),
    ],
)
async def test_a_stranger_is_challenged_before_the_body_is_judged(
    shared_client: httpx2.AsyncClient,
    method: str,
    path: str,
    headers: dict[str, str],
    challenge: str,
) -> None:
    answer = await shared_client.request(method, path, headers=headers, json={"anything": 1})
    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"].startswith(challenge)
    assert answer.headers["Content-Type"] == "application/problem+json"


@on_both_databases
async def test_users_change_what_they_name_and_nothing_else(client: httpx2.AsyncClient) -> None:
    headers = await bearer(client)
    before = (await client.get("/users/me", headers=headers)).json()
    changed = await client.patch("/users/me", headers=headers, json={"display_name": " Demi "})
    untouched = await client.patch("/users/me", headers=headers, json={})
    assert changed.json() == {
        **before,
        "display_name": "Demi",
        "updated_at": changed.json()["updated_at"],
    }
    assert changed.json()["updated_at"] > before["updated_at"]
    assert untouched.json() == changed.json()
    emptied = await client.patch("/users/me", headers=headers, json={"display_name": ""})
    assert emptied.json()["display_name"] == ""


@pytest.mark.parametrize(
    "change",
    [
        {"display_name": None},
        {"display_name": "x" * 101},
        {"display_name": "a\x00b"},
        {"display_name": "a\x1b[31mb"},
        {"display_name": "a\u202eb"},
        {"username": "other"},
        {"role": "admin"},
        {"disabled": False},
    ],
)
async def test_a_change_that_is_not_theirs_to_make_is_refused(
    shared_client: httpx2.AsyncClient, change: dict[str, object]
) -> None:
    answer = await shared_client.patch(
        "/users/me", headers=await bearer(shared_client), json=change
    )
    assert answer.status_code == 422
    assert [error["pointer"] for error in answer.json()["errors"]] == [f"#/{next(iter(change))}"]


@on_both_databases
async def test_a_new_password_replaces_the_old_one(client: httpx2.AsyncClient) -> None:
    answer = await client.post(
        "/users/me/password",
        headers=await bearer(client),
        json={"current_password": DEMO.password, "new_password": NEW_PASSWORD},
    )
    assert (answer.status_code, answer.content) == (204, b"")
    old = await client.post("/token", data=DEMO.password_grant)
    assert refused(old) == (400, "invalid_grant")
    assert await sign_in(client, Person(DEMO.username, NEW_PASSWORD))
    assert await sign_in(client, ADMIN)


@pytest.mark.parametrize(
    ("change", "pointer"),
    [
        ({"current_password": "wrong"}, "#/current_password"),
        ({"current_password": ""}, "#/current_password"),
        ({"current_password": ADMIN.password}, "#/current_password"),
        ({"current_password": "x" * 257}, "#/current_password"),
        ({"new_password": "11character"}, "#/new_password"),
        ({"new_password": "x" * 257}, "#/new_password"),
        ({"username": "admin"}, "#/username"),
    ],
)
async def test_a_password_change_that_proves_nothing_changes_nothing(
    shared_client: httpx2.AsyncClient, change: dict[str, str], pointer: str
) -> None:
    body = {"current_password": DEMO.password, "new_password": NEW_PASSWORD, **change}
    answer = await shared_client.post(
        "/users/me/password", headers=await bearer(shared_client), json=body
    )
    assert answer.status_code == 422
    assert [error["pointer"] for error in answer.json()["errors"]] == [pointer]
    assert DEMO.password not in answer.text
    assert NEW_PASSWORD not in answer.text
    assert await sign_in(shared_client)
