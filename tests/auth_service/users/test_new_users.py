"""`POST /auth/users`: what users may be called, and which passwords they may have."""

import asyncio
from typing import Any

import httpx2
import pytest

from tests.auth_service.databases import on_both_databases
from tests.auth_service.people import ADMIN, Person, bearer

NEW = {"username": "grace", "password": "compile-the-7-cobol-cards", "email": "grace@example.com"}


@pytest.fixture
async def admin(client: httpx2.AsyncClient) -> dict[str, str]:
    """The header with which a user is made at once."""
    return await bearer(client, ADMIN, scope="auth:admin")


def pointers_of(answer: httpx2.Response) -> list[str]:
    """What the problem document of a 422 points to."""
    assert answer.status_code == 422, answer.text
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert answer.json()["code"] == "invalid_input"
    return [error["pointer"] for error in answer.json()["errors"]]


@on_both_databases
async def test_a_user_whom_an_administrator_makes_can_sign_in_at_once(
    client: httpx2.AsyncClient, admin: dict[str, str]
) -> None:
    new = {"username": "grace", "password": NEW["password"], "display_name": "  Grace \N{RABBIT} "}
    answer = await client.post("/users", headers=admin, json=new)
    assert answer.status_code == 201
    assert answer.headers["Location"] == f"users/{answer.json()['id']}"
    user = answer.json()
    assert user == {
        "id": user["id"],
        "username": "grace",
        "display_name": "Grace \N{RABBIT}",
        "email": None,
        "role": "user",
        "disabled": False,
        "created_at": user["created_at"],
        "updated_at": user["created_at"],
    }
    assert user["created_at"].endswith("Z")
    headers = await bearer(client, Person(NEW["username"], NEW["password"]))
    assert (await client.get("/users/me", headers=headers)).json() == user


@on_both_databases
@pytest.mark.parametrize("username", ["grace", "GRACE", "Grace"])
async def test_a_name_is_taken_in_every_case(
    client: httpx2.AsyncClient, admin: dict[str, str], username: str
) -> None:
    assert (await client.post("/users", headers=admin, json=NEW)).status_code == 201
    answer = await client.post("/users", headers=admin, json={**NEW, "username": username})
    assert answer.status_code == 409
    assert answer.json()["code"] == "conflict"


@on_both_databases
async def test_a_name_that_is_given_twice_at_once_is_given_once(
    client: httpx2.AsyncClient, admin: dict[str, str]
) -> None:
    asked = (client.post("/users", headers=admin, json=NEW) for _ in range(3))
    answers = await asyncio.gather(*asked)
    assert sorted(answer.status_code for answer in answers) == [201, 409, 409]


@pytest.mark.parametrize(
    "username", ["abc", "a" * 64, "ada@example.com", "a+b", "a.b_c-d", "007", "A--Z"]
)
async def test_a_name_may_be(
    client: httpx2.AsyncClient, admin: dict[str, str], username: str
) -> None:
    answer = await client.post("/users", headers=admin, json={**NEW, "username": username})
    assert answer.json()["username"] == username


@pytest.mark.parametrize(
    "username",
    [
        "",
        "ab",
        "a" * 65,
        ".ada",
        "ada.",
        "-ada",
        "a da",
        " ada",
        "ada\n",
        "ada\x00",
        "a/b",
        "a\\b",
        "<ada>",
        "\N{CYRILLIC SMALL LETTER A}da",
        "\N{COMBINING ACUTE ACCENT}ada",
        "\N{PILE OF POO}\N{PILE OF POO}\N{PILE OF POO}",
        None,
        7,
        ["ada"],
    ],
)
async def test_a_name_may_not_be(shared_client: httpx2.AsyncClient, username: object) -> None:
    answer = await shared_client.post("/users", json={**NEW, "username": username})
    assert pointers_of(answer) == ["#/username"]


@pytest.mark.parametrize("password", ["", "11character", "x" * 257, None, 123456789012])
async def test_a_password_may_not_be(shared_client: httpx2.AsyncClient, password: object) -> None:
    answer = await shared_client.post("/users", json={**NEW, "password": password})
    assert pointers_of(answer) == ["#/password"]
    assert not isinstance(password, str) or not password or password not in answer.text


@pytest.mark.parametrize(
    "password",
    ["lJ3kfn29xkQp", "four unrelated words here", "\N{PILE OF POO}viermal-Brot-und-\x00Wasser"],
)
async def test_a_password_may_be(
    client: httpx2.AsyncClient, admin: dict[str, str], password: str
) -> None:
    answer = await client.post("/users", headers=admin, json={**NEW, "password": password})
    assert answer.status_code == 201
    assert password not in answer.text


@pytest.mark.parametrize(
    ("changes", "pointer"),
    [
        ({"role": "admin"}, "#/role"),
        ({"disabled": False}, "#/disabled"),
        ({"id": "0"}, "#/id"),
        ({"display_name": "x" * 101}, "#/display_name"),
        ({"display_name": "a\x00b"}, "#/display_name"),
        ({"display_name": None}, "#/display_name"),
        ({"email": "grace"}, "#/email"),
        ({"email": "grace,ada@example.com"}, "#/email"),
        ({"email": "Grace <grace@example.com>"}, "#/email"),
        ({"email": "grace@example.com\nBcc: ada@example.com"}, "#/email"),
        ({"a/b~c": 1}, "#/a~1b~0c"),
    ],
)
async def test_a_sign_up_says_nothing_else(
    shared_client: httpx2.AsyncClient, changes: dict[str, Any], pointer: str
) -> None:
    assert pointers_of(await shared_client.post("/users", json={**NEW, **changes})) == [pointer]


async def test_every_mistake_is_named(shared_client: httpx2.AsyncClient) -> None:
    answer = await shared_client.post("/users", json={"username": "x", "colour": "red"})
    assert sorted(pointers_of(answer)) == ["#/colour", "#/username"]


async def test_an_administrator_gives_the_first_password(
    client: httpx2.AsyncClient, admin: dict[str, str]
) -> None:
    new = {name: value for name, value in NEW.items() if name != "password"}
    answer = await client.post("/users", headers=admin, json=new)
    assert pointers_of(answer) == ["#/password"]


@pytest.mark.parametrize(
    "password",
    [
        "password1234",
        "qwertyuiop123",
        "x" * 256,
        "\N{PILE OF POO}" * 12,
        "gatehouse1234",
        "grace-grace-1",
        "correcthorsebatterystaple"[:12],
    ],
)
async def test_a_password_that_is_easily_guessed_is_refused(
    shared_client: httpx2.AsyncClient, password: str
) -> None:
    admin = await bearer(shared_client, ADMIN, scope="auth:admin")
    answer = await shared_client.post("/users", headers=admin, json={**NEW, "password": password})
    assert pointers_of(answer) == ["#/password"]
    assert "too easy to guess" in answer.json()["detail"]
