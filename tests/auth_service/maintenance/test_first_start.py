"""What `python -m auth_service migrate` puts into an empty database, and what it leaves alone."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, TypeVar
from uuid import uuid4

import httpx2
import pytest
from sqlalchemy import insert, update

from auth_service.main import create_app
from auth_service.settings import AuthSettings
from auth_service.tables import access_tokens, users
from gatehouse_chassis.database import migrations, open_database
from gatehouse_chassis.database.columns import now
from gatehouse_chassis.settings import SettingsError
from testing.apps import running
from tests.auth_service.databases import FIRST_USERS, MIGRATIONS, fill, settings_for
from tests.auth_service.people import ADMIN, DEMO, URL, Person, bearer, refused, sign_in

Result = TypeVar("Result")

LONG = f"correct-horse-{'battery-staple' * 20}"


@pytest.fixture
def settings(tmp_path: Path) -> AuthSettings:
    """A database that does not exist yet, in a folder that does not either."""
    return settings_for(f"sqlite:///{tmp_path}/new/auth.db")


def ask(
    settings: AuthSettings, question: Callable[[httpx2.AsyncClient], Awaitable[Result]]
) -> Result:
    """Asks a service that runs for this one question: `migrate` runs an event loop itself, so its tests have none."""

    async def answer() -> Result:
        async with running(create_app(settings), base_url=URL) as client:
            return await question(client)

    return asyncio.run(answer())


async def users_and_keys(client: httpx2.AsyncClient) -> dict[str, Any]:
    headers = await bearer(client, ADMIN, scope="auth:admin")
    users = (await client.get("/users", headers=headers)).json()["items"]
    keys = (await client.get("/.well-known/jwks.json")).json()["keys"]
    return {"users": users, "keys": keys}


def test_the_migrations_make_the_tables_that_the_code_expects(settings: AuthSettings) -> None:
    migrations.migrate(MIGRATIONS, settings.database_url)
    migrations.check(MIGRATIONS, settings.database_url)


def test_an_empty_database_gets_a_key_an_administrator_and_a_demo_user(
    settings: AuthSettings,
) -> None:
    fill(settings)
    state = ask(settings, users_and_keys)
    assert len(state["keys"]) == 1
    assert [(user["username"], user["role"], user["disabled"]) for user in state["users"]] == [
        (DEMO.username, "user", False),
        (ADMIN.username, "admin", False),
    ]
    assert ask(settings, sign_in)


def without(*roles: str, value: str | None = None) -> dict[str, str]:
    """The first users without these; `value` is what Compose tells a container of what is not set."""
    left_out = {name for name in FIRST_USERS if name.startswith(roles)}
    empty = {} if value is None else dict.fromkeys(left_out, value)
    return {name: given for name, given in FIRST_USERS.items() if name not in left_out} | empty


@pytest.mark.parametrize("value", [None, ""])
def test_without_a_demo_user_there_is_none(settings: AuthSettings, value: str | None) -> None:
    fill(settings, without("DEMO", value=value))
    users = ask(settings, users_and_keys)["users"]
    assert [user["username"] for user in users] == [ADMIN.username]


@pytest.mark.parametrize("value", [None, ""])
def test_an_empty_database_needs_an_administrator(
    settings: AuthSettings, value: str | None
) -> None:
    with pytest.raises(SettingsError) as refusal:
        fill(settings, without("ADMIN", "DEMO", value=value))
    (sentence,) = str(refusal.value).splitlines()
    assert sentence.startswith("ADMIN_USERNAME and ADMIN_PASSWORD are not set")
    assert "there is no administrator who could sign in" in sentence


def test_the_administrator_is_left_out_when_there_is_another(settings: AuthSettings) -> None:
    fill(settings)
    before = ask(settings, users_and_keys)
    fill(settings, without("ADMIN", "DEMO"))
    assert ask(settings, users_and_keys) == before


def test_an_administrator_who_is_disabled_does_not_count(settings: AuthSettings) -> None:
    boss = {"ADMIN_USERNAME": "boss", "ADMIN_PASSWORD": "another-otter-plays-9-chords"}
    fill(settings, boss)

    async def disable() -> None:
        database = open_database(settings.database_url)
        await database.execute(update(users).values(disabled_at=now()))
        await database.close()

    asyncio.run(disable())
    with pytest.raises(SettingsError, match="there is no administrator"):
        fill(settings, without("ADMIN", "DEMO"))


def test_a_second_run_changes_nothing(settings: AuthSettings) -> None:
    fill(settings)
    before = ask(settings, users_and_keys)
    fill(settings)
    assert ask(settings, users_and_keys) == before


def test_a_changed_password_stays_changed(settings: AuthSettings) -> None:
    fill(settings)
    new = Person(DEMO.username, "another-heron-counts-5")

    async def change_password(client: httpx2.AsyncClient) -> None:
        headers = await bearer(client)
        change = {"current_password": DEMO.password, "new_password": new.password}
        answer = await client.post("/users/me/password", json=change, headers=headers)
        assert answer.status_code == 204

    async def try_both(client: httpx2.AsyncClient) -> None:
        old = await client.post("/token", data=DEMO.password_grant)
        assert refused(old) == (400, "invalid_grant")
        assert await sign_in(client, new)

    ask(settings, change_password)
    fill(settings)
    ask(settings, try_both)


@pytest.mark.parametrize("variable", FIRST_USERS)
@pytest.mark.parametrize("value", [None, "", "a", "change me please", LONG])
def test_first_users_that_cannot_be_are_refused_by_name_and_without_their_password(
    settings: AuthSettings, variable: str, value: str | None
) -> None:
    first_users = {name: given for name, given in FIRST_USERS.items() if name != variable}
    if value is not None:
        first_users[variable] = value
    with pytest.raises(SettingsError) as refusal:
        fill(settings, first_users)
    (sentence,) = str(refusal.value).splitlines()
    assert sentence.startswith(f"{variable} ")
    assert "Change it in .env" in sentence
    assert ADMIN.password not in sentence
    assert "change me please" not in sentence


def test_the_two_first_users_must_be_two(settings: AuthSettings) -> None:
    with pytest.raises(SettingsError) as refusal:
        fill(settings, {**FIRST_USERS, "DEMO_USERNAME": FIRST_USERS["ADMIN_USERNAME"].upper()})
    assert str(refusal.value).startswith("DEMO_USERNAME is ADMIN_USERNAME too")


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_sign_ins_work_after_rows_were_copied_with_their_numbers(database_url: str) -> None:
    async def copy_rows() -> None:
        database = open_database(database_url)
        for number in range(1, 4):
            copied = insert(access_tokens).values(id=number, jti=uuid4(), client_id="gatehouse")
            await database.execute(copied.values(expires_at=now()))
        await database.close()

    settings = settings_for(database_url)
    asyncio.run(copy_rows())
    for _ in range(2):
        fill(settings)
        ask(settings, sign_in)
