"""`/auth/users` and `/auth/users/{user_id}`: what administrators do, and nobody else."""

from uuid import UUID, uuid4

import httpx2
import pytest
from sqlalchemy import insert, update

from auth_service.audit.context import AuditContext
from auth_service.tables import users
from auth_service.users.schemas import Role
from auth_service.users.store import UserStore
from gatehouse_chassis.database import Database
from gatehouse_chassis.database.columns import new_id, now
from tests.auth_service.databases import on_both_databases
from tests.auth_service.people import ADMIN, DEMO, Person, bearer, refused, sign_in


@pytest.fixture
async def admin(client: httpx2.AsyncClient) -> dict[str, str]:
    return await bearer(client, ADMIN, scope="auth:admin auth:profile")


async def id_of(client: httpx2.AsyncClient, headers: dict[str, str]) -> str:
    return str((await client.get("/users/me", headers=headers)).json()["id"])


@on_both_databases
async def test_administrators_see_all_users_page_by_page_newest_first(
    client: httpx2.AsyncClient, admin: dict[str, str], database: Database
) -> None:
    for number in range(5):
        await UserStore(database).create(f"user-{number}", "no hash", context=AuditContext())
    seen, cursor = [], None
    for expected in (3, 3, 1):
        parameters = {"limit": "3"} | ({"cursor": cursor} if cursor else {})
        page = (await client.get("/users", headers=admin, params=parameters)).json()
        assert len(page["items"]) == expected
        seen += [user["username"] for user in page["items"]]
        cursor = page["next_cursor"]
    assert cursor is None
    assert seen == ["user-4", "user-3", "user-2", "user-1", "user-0", "demo", "admin"]


async def test_a_page_is_bounded(
    client: httpx2.AsyncClient, admin: dict[str, str], database: Database
) -> None:
    async with database.transaction() as statements:
        for number in range(120):
            await statements.execute(
                insert(users),
                id=new_id(),
                username=f"user-{number}",
                username_key=f"user-{number}",
                display_name="",
                password_hash="",
                role="user",
                created_at=now(),
                updated_at=now(),
            )
    default = (await client.get("/users", headers=admin)).json()
    largest = (await client.get("/users", headers=admin, params={"limit": "100"})).json()
    assert (len(default["items"]), len(largest["items"])) == (20, 100)


@pytest.mark.parametrize(
    ("parameter", "value"),
    [
        ("limit", "0"),
        ("limit", "101"),
        ("limit", "-1"),
        ("limit", "9" * 30),
        ("limit", "ten"),
        ("limit", "1.5"),
        ("cursor", ""),
        ("cursor", "x"),
        ("cursor", "A" * 22 + "=="),
        ("cursor", "\x00"),
        ("cursor", "\N{PILE OF POO}"),
        ("cursor", "A" * 5000),
    ],
)
async def test_a_page_that_there_cannot_be_is_refused(
    client: httpx2.AsyncClient, admin: dict[str, str], parameter: str, value: str
) -> None:
    answer = await client.get("/users", headers=admin, params={parameter: value})
    assert answer.status_code == 422
    (error,) = answer.json()["errors"]
    assert (error["in"], error["pointer"]) == ("query", f"#/{parameter}")


@pytest.mark.parametrize("method", ["GET", "PATCH"])
@pytest.mark.parametrize(
    ("person", "scope"), [(DEMO, "auth:profile"), (ADMIN, "auth:profile"), (ADMIN, "auth:account")]
)
async def test_a_token_without_the_scope_administers_nothing(
    shared_client: httpx2.AsyncClient, method: str, person: Person, scope: str
) -> None:
    headers = await bearer(shared_client, person, scope=scope)
    path = "/users" if method == "GET" else f"/users/{uuid4()}"
    answer = await shared_client.request(method, path, headers=headers, json={"disabled": True})
    assert answer.status_code == 403
    challenge = 'Bearer error="insufficient_scope", scope="auth:admin"'
    assert answer.headers["WWW-Authenticate"].startswith(challenge)
    assert answer.json()["code"] == "insufficient_scope"


@on_both_databases
async def test_a_disabled_user_is_out_at_once_and_an_enabled_one_back(
    client: httpx2.AsyncClient, admin: dict[str, str]
) -> None:
    live = await bearer(client)
    path = f"/users/{await id_of(client, live)}"
    disabled = await client.patch(path, headers=admin, json={"disabled": True})
    assert (disabled.status_code, disabled.json()["disabled"]) == (200, True)
    refusal = await client.get("/users/me", headers=live)
    assert refusal.status_code == 401
    assert 'error="invalid_token"' in refusal.headers["WWW-Authenticate"]
    assert refused(await client.post("/token", data=DEMO.password_grant)) == (400, "invalid_grant")
    enabled = await client.patch(path, headers=admin, json={"disabled": False})
    assert enabled.json()["disabled"] is False
    assert await sign_in(client)


async def test_a_demoted_administrator_is_one_no_more(
    client: httpx2.AsyncClient, admin: dict[str, str], database: Database
) -> None:
    await database.execute(
        update(users).where(users.c.username == ADMIN.username).values(role=Role.USER.value)
    )
    assert (await client.get("/users", headers=admin)).status_code == 403
    asks_again = {**ADMIN.password_grant, "scope": "auth:admin"}
    assert refused(await client.post("/token", data=asks_again)) == (400, "invalid_scope")


async def test_administrators_cannot_disable_themselves(
    client: httpx2.AsyncClient, admin: dict[str, str]
) -> None:
    path = f"/users/{await id_of(client, admin)}"
    answer = await client.patch(path, headers=admin, json={"disabled": True})
    assert (answer.status_code, answer.json()["code"]) == (409, "conflict")
    harmless = await client.patch(path, headers=admin, json={"disabled": False})
    assert harmless.status_code == 200


@pytest.mark.parametrize("user_id", [str(UUID(int=7)), "nobody", "1", "%00"])
async def test_a_user_that_there_is_not_is_not_found(
    client: httpx2.AsyncClient, admin: dict[str, str], user_id: str
) -> None:
    answer = await client.patch(f"/users/{user_id}", headers=admin, json={"disabled": True})
    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")


@pytest.mark.parametrize(
    "change",
    [
        {},
        {"disabled": None},
        {"disabled": "maybe"},
        {"role": "king"},
        {"role": None},
        {"username": "x"},
    ],
)
async def test_administrators_change_nothing_else(
    client: httpx2.AsyncClient, admin: dict[str, str], change: dict[str, object]
) -> None:
    demo = await id_of(client, await bearer(client))
    answer = await client.patch(f"/users/{demo}", headers=admin, json=change)
    assert answer.status_code == 422


@on_both_databases
async def test_administrators_find_users_by_a_part_of_their_name(
    client: httpx2.AsyncClient, admin: dict[str, str], database: Database
) -> None:
    for name in ("grace_h", "Gracious", "ada"):
        await UserStore(database).create(name, "no hash", context=AuditContext())

    async def found(part: str) -> list[str]:
        page = (await client.get("/users", headers=admin, params={"q": part})).json()
        return [user["username"] for user in page["items"]]

    assert await found("GRAC") == ["Gracious", "grace_h"]
    assert await found("_") == ["grace_h"]
    assert await found("%") == []


async def test_administrators_cannot_demote_themselves(
    client: httpx2.AsyncClient, admin: dict[str, str]
) -> None:
    path = f"/users/{await id_of(client, admin)}"
    answer = await client.patch(path, headers=admin, json={"role": "user"})
    assert (answer.status_code, answer.json()["code"]) == (409, "conflict")
