"""One enabled administrator remains, whoever demotes or disables whom, and at the same time."""

import asyncio
from multiprocessing import get_context
from multiprocessing.synchronize import Barrier
from uuid import UUID

import httpx2
import pytest
from click.testing import CliRunner
from structlog.testing import capture_logs

from auth_service.audit.context import AuditContext
from auth_service.cli.__main__ import gatehouse
from auth_service.users.schemas import Role
from auth_service.users.store import LastAdministrator, UserStore
from gatehouse_chassis.database import Database, open_database
from tests.auth_service.databases import KEY_SECRET, on_both_databases
from tests.auth_service.people import ADMIN, DEMO, bearer

ROUNDS = 5


async def administrators(database: Database) -> list[UUID]:
    users = await UserStore(database).list(limit=100)
    return [user.id for user in users if user.role is Role.ADMIN and not user.disabled]


async def id_of(database: Database, username: str) -> UUID:
    user = await UserStore(database).find_by_name(username)
    assert user
    return user.id


@pytest.mark.parametrize("change", [["role", ADMIN.username, "user"], ["disable", ADMIN.username]])
@on_both_databases
def test_the_command_leaves_the_last_administrator(
    database_url: str, monkeypatch: pytest.MonkeyPatch, change: list[str]
) -> None:
    monkeypatch.setenv("AUTH_DATABASE_URL", database_url)
    monkeypatch.setenv("AUTH_KEY_ENCRYPTION_SECRET", KEY_SECRET)
    with capture_logs():
        refused = CliRunner().invoke(gatehouse, ["users", *change])
        assert refused.exit_code == 1
        assert "the last administrator" in refused.stderr
        CliRunner().invoke(gatehouse, ["users", "role", DEMO.username, "admin"])
        assert CliRunner().invoke(gatehouse, ["users", *change]).exit_code == 0


async def test_a_disabled_administrator_is_not_one_who_remains(
    client: httpx2.AsyncClient, database: Database
) -> None:
    users, demo = UserStore(database), await id_of(database, DEMO.username)
    await users.set_role(demo, Role.ADMIN, AuditContext())
    await users.set_disabled(demo, True, AuditContext())
    with pytest.raises(LastAdministrator):
        await users.set_role(await id_of(database, ADMIN.username), Role.USER, AuditContext())
    # Who is disabled already can be demoted: that takes no administrator away.
    assert await users.set_role(demo, Role.USER, AuditContext())


async def test_the_api_says_so_as_a_conflict(
    client: httpx2.AsyncClient, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    users, demo = UserStore(database), await id_of(database, DEMO.username)
    await users.set_role(demo, Role.ADMIN, AuditContext())
    headers = await bearer(client, DEMO, scope="auth:admin")
    admin = await id_of(database, ADMIN.username)

    async def demoted_meanwhile(
        users: UserStore, user_id: UUID, role: Role, context: AuditContext
    ) -> None:
        raise LastAdministrator

    monkeypatch.setattr(UserStore, "set_role", demoted_meanwhile)
    answer = await client.patch(f"/users/{admin}", headers=headers, json={"role": "user"})
    assert (answer.status_code, answer.json()["code"]) == (409, "conflict")


def _take_away(database_url: str, way: str, target: UUID, barrier: Barrier) -> None:
    async def take_away() -> None:
        database = open_database(database_url)
        users = UserStore(database)
        await database.ping()
        for _ in range(ROUNDS):
            barrier.wait(60)
            try:
                if way == "role":
                    await users.set_role(target, Role.USER, AuditContext())
                else:
                    await users.set_disabled(target, True, AuditContext())
            except LastAdministrator:
                pass
            barrier.wait(60)
            # The test looks, and makes both administrators again.
            barrier.wait(60)
        await database.close()

    asyncio.run(take_away())


@on_both_databases
@pytest.mark.parametrize("ways", [("role", "role"), ("disable", "role")])
async def test_of_two_administrators_who_take_each_other_s_rights_at_once_one_remains(
    database: Database, database_url: str, ways: tuple[str, str]
) -> None:
    both = [await id_of(database, name) for name in (ADMIN.username, DEMO.username)]
    users, processes = UserStore(database), get_context("spawn")
    barrier = processes.Barrier(3)
    racers = [
        processes.Process(target=_take_away, args=(database_url, way, target, barrier))
        for way, target in zip(ways, both, strict=True)
    ]
    for racer in racers:
        racer.start()
    for _ in range(ROUNDS):
        for user in both:
            await users.set_role(user, Role.ADMIN, AuditContext())
            await users.set_disabled(user, False, AuditContext())
        await asyncio.to_thread(barrier.wait, 60)
        await asyncio.to_thread(barrier.wait, 60)
        assert len(await administrators(database)) == 1
        await asyncio.to_thread(barrier.wait, 60)
    for racer in racers:
        await asyncio.to_thread(racer.join, 60)
        assert racer.exitcode == 0
