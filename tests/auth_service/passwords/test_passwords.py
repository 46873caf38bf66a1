"""Password hashing: bounded, the same work for every mistake, and never weaker than today's parameters."""

import asyncio
import threading
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Literal, cast

import httpx2
import pytest
from argon2 import PasswordHasher
from sqlalchemy import select, text, update

from auth_service.audit.context import AuditContext
from auth_service.audit.store import AuditStore
from auth_service.container import Container
from auth_service.passwords.authentication import PasswordAuthentication, WrongCredentials
from auth_service.passwords.hashing import ARGON2ID, HashingBusy, PasswordHashing
from auth_service.sessions.store import SessionStore
from auth_service.tables import users
from auth_service.users.store import User, UserStore
from gatehouse_chassis.database import Database
from gatehouse_chassis.database.columns import now
from tests.auth_service.databases import on_both_databases
from tests.auth_service.parts import Parts
from tests.auth_service.people import ADMIN, DEMO, Person, bearer, refresh, refused, sign_in

NEW = {"username": "new", "password": "lJ3kfn29xkQp", "email": "new@example.com"}
PATIENCE = timedelta(seconds=10).total_seconds()


class WatchedHasher(PasswordHasher):
    """Today's hashing, which notes what is verified and can be held up in the middle."""

    def __init__(self) -> None:
        super().__init__(ARGON2ID.time_cost, ARGON2ID.memory_cost, ARGON2ID.parallelism)
        self.verified: list[str | bytes] = []
        self.under_way = threading.Event()
        self.may_go_on = threading.Event()
        self.may_go_on.set()

    def verify(self, hash: str | bytes, password: str | bytes) -> Literal[True]:  # noqa: A002
        self.verified.append(hash)
        self.under_way.set()
        assert self.may_go_on.wait(PATIENCE)
        return super().verify(hash, password)

    async def until_under_way(self) -> None:
        assert await asyncio.to_thread(self.under_way.wait, PATIENCE)


@pytest.fixture
def hasher() -> WatchedHasher:
    return WatchedHasher()


@pytest.fixture
async def hashing(hasher: WatchedHasher) -> AsyncIterator[PasswordHashing]:
    """One thread, and no place to wait for it."""
    hashing = PasswordHashing(threads=1, queue=0, hasher=hasher)
    yield hashing
    hasher.may_go_on.set()
    await hashing.close()


@pytest.fixture
def parts(hashing: PasswordHashing) -> Parts:
    return {"hashing": hashing}


async def set_hash(database: Database, password_hash: str) -> None:
    await database.execute(
        update(users).where(users.c.username == DEMO.username).values(password_hash=password_hash)
    )


async def hash_of(database: Database) -> str:
    row = await database.fetch_one(
        select(users.c.password_hash).where(users.c.username == DEMO.username)
    )
    assert row
    return str(row["password_hash"])


async def demo_in(database: Database) -> User:
    user = await UserStore(database).find_by_name(DEMO.username)
    assert user
    return user


async def test_when_all_hashing_is_taken_everybody_else_is_told_to_come_back(
    client: httpx2.AsyncClient, hasher: WatchedHasher
) -> None:
    headers = await bearer(client)
    hasher.under_way.clear()
    hasher.may_go_on.clear()
    first = asyncio.create_task(client.post("/token", data=DEMO.password_grant))
    await hasher.until_under_way()

    sign_in_too = await client.post("/token", data=ADMIN.password_grant)
    assert refused(sign_in_too) == (503, "temporarily_unavailable")
    sign_up = await client.post("/users", json=NEW)
    change = await client.post(
        "/users/me/password",
        headers=headers,
        json={"current_password": DEMO.password, "new_password": "lJ3kfn29xkQp"},
    )
    for answer in (sign_up, change):
        assert (answer.status_code, answer.json()["code"]) == (503, "service_unavailable")
    for answer in (sign_in_too, sign_up, change):
        assert answer.headers["Retry-After"] == "1"

    assert (await client.get("/users/me", headers=headers)).status_code == 200  # nothing is hashed
    hasher.may_go_on.set()
    assert (await first).status_code == 200
    assert await sign_in(client)


async def test_a_client_that_leaves_gives_its_place_back_when_its_hash_is_done(
    hashing: PasswordHashing, hasher: WatchedHasher
) -> None:
    hasher.may_go_on.clear()
    impatient = asyncio.create_task(hashing.verify("x", None))
    await hasher.until_under_way()
    impatient.cancel()
    with pytest.raises(asyncio.CancelledError):
        await impatient
    with pytest.raises(HashingBusy):  # its memory is in use still
        await hashing.verify("x", None)
    hasher.may_go_on.set()
    async with asyncio.timeout(PATIENCE):
        while True:
            try:
                assert await hashing.verify("x", None) is False
                break
            except HashingBusy:
                await asyncio.sleep(0.001)


async def test_a_client_that_leaves_while_it_waits_gives_its_place_back_at_once(
    hasher: WatchedHasher,
) -> None:
    hashing = PasswordHashing(threads=1, queue=1, hasher=hasher)
    hasher.may_go_on.clear()
    first = asyncio.create_task(hashing.verify("x", None))
    await hasher.until_under_way()
    for _ in range(5):
        waiting = asyncio.create_task(hashing.verify("x", None))
        await asyncio.sleep(0)
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting
        await asyncio.sleep(0)
    last = asyncio.create_task(hashing.verify("x", None))
    await asyncio.sleep(0)
    with pytest.raises(HashingBusy):
        await hashing.verify("x", None)
    hasher.may_go_on.set()
    assert [await first, await last] == [False, False]
    assert len(hasher.verified) == 2
    await hashing.close()


class SlowUsers:
    """Users in a database that does not answer yet."""

    def __init__(self) -> None:
        self.asked = 0
        self.answers = asyncio.Event()

    async def find_by_name(self, username: str) -> None:
        self.asked += 1
        await self.answers.wait()


async def test_who_has_no_place_costs_the_database_nothing(
    container: Container, database: Database
) -> None:
    users = SlowUsers()
    authentication = PasswordAuthentication(
        cast(UserStore, users), container.hashing, container.guard, AuditStore(database)
    )
    first = asyncio.create_task(authentication.user("ada", "x", AuditContext()))
    await asyncio.sleep(0)
    for _ in range(3):
        with pytest.raises(HashingBusy):
            await authentication.user("ada", "x", AuditContext())
    assert users.asked == 1
    first.cancel()
    with pytest.raises(asyncio.CancelledError):
        await first
    second = asyncio.create_task(authentication.user("ada", "x", AuditContext()))
    await asyncio.sleep(0)
    assert users.asked == 2
    users.answers.set()
    with pytest.raises(WrongCredentials):
        await second


@pytest.mark.parametrize("disabled", [False, True])
async def test_every_mistake_costs_one_hash_of_the_same_parameters(
    client: httpx2.AsyncClient, hasher: WatchedHasher, database: Database, disabled: bool
) -> None:
    await UserStore(database).set_disabled((await demo_in(database)).id, disabled, AuditContext())
    for person in (Person(DEMO.username, "wrong"), Person("nobody", "wrong"), DEMO):
        hasher.verified.clear()
        await client.post("/token", data=person.password_grant)
        (known,) = hasher.verified
        assert not hasher.check_needs_rehash(known)


@pytest.mark.parametrize("username", [DEMO.username, "nobody"])
async def test_nobody_can_have_a_book_hashed(
    client: httpx2.AsyncClient, hasher: WatchedHasher, username: str
) -> None:
    answer = await client.post("/token", data=Person(username, "x" * 257).password_grant)
    assert refused(answer) == (400, "invalid_grant")
    assert hasher.verified == []


async def test_a_password_that_matches_the_stand_in_for_nobody_opens_nothing(
    hashing: PasswordHashing,
) -> None:
    assert await hashing.verify("nobody has this password", None) is False


async def test_a_weaker_hash_is_replaced_at_the_next_sign_in(
    client: httpx2.AsyncClient, database: Database
) -> None:
    weak = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1).hash(DEMO.password)
    await set_hash(database, weak)
    mistake = await client.post("/token", data={**DEMO.password_grant, "password": "wrong"})
    assert refused(mistake) == (400, "invalid_grant")
    assert await hash_of(database) == weak
    tokens = await sign_in(client)
    stronger = await hash_of(database)
    assert not ARGON2ID.check_needs_rehash(stronger)
    assert (await refresh(client, tokens["refresh_token"])).status_code == 200
    assert await sign_in(client)
    assert await hash_of(database) == stronger


async def test_a_stronger_hash_does_not_undo_a_password_change(database: Database) -> None:
    store, seen = UserStore(database), await demo_in(database)
    await store.change_password(seen.id, "hash of the new password", AuditContext())
    await store.upgrade_hash(seen, "stronger hash of the old password")
    assert await hash_of(database) == "hash of the new password"


@pytest.mark.parametrize(
    "garbage",
    ["", "x", "$argon2id$", "$argon2id$v=19$m=19456,t=2,p=1$x$y", "$2b$12$" + "x" * 53, "\xe9"],
)
@pytest.mark.parametrize("password", [DEMO.password, "nobody has this password"])
async def test_a_damaged_hash_opens_to_nobody(
    client: httpx2.AsyncClient, database: Database, garbage: str, password: str
) -> None:
    await set_hash(database, garbage)
    answer = await client.post("/token", data=Person(DEMO.username, password).password_grant)
    assert refused(answer) == (400, "invalid_grant")


@on_both_databases
@pytest.mark.parametrize("change", ["password", "disabled"])
async def test_a_sign_in_under_way_does_not_outlive_what_ends_every_session(
    client: httpx2.AsyncClient, hasher: WatchedHasher, database: Database, change: str
) -> None:
    store, demo = UserStore(database), await demo_in(database)
    hasher.may_go_on.clear()
    signing_in = asyncio.create_task(client.post("/token", data=DEMO.password_grant))
    await hasher.until_under_way()
    if change == "password":
        await store.change_password(
            demo.id, ARGON2ID.hash("another-heron-counts-5"), AuditContext()
        )
    else:
        await store.set_disabled(demo.id, True, AuditContext())
    hasher.may_go_on.set()
    assert refused(await signing_in) == (400, "invalid_grant")


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
async def test_a_session_does_not_start_past_a_password_change_that_is_being_written(
    database: Database,
) -> None:
    demo, later = await demo_in(database), now() + timedelta(days=1)
    start = SessionStore(database).start(
        demo.id,
        "gatehouse",
        "items:read",
        "0" * 64,
        later,
        known_hash=demo.password_hash,
        known_role=demo.role,
        context=AuditContext(),
    )
    waiting = text("SELECT count(*) AS number FROM pg_locks WHERE NOT granted")
    async with database.transaction() as statements:
        changed = update(users).where(users.c.id == demo.id).values(password_hash="another")
        await statements.execute(changed)
        starting = asyncio.create_task(start)
        async with asyncio.timeout(PATIENCE):
            while not starting.done():
                row = await database.fetch_one(waiting)
                if row and row["number"]:
                    break
                await asyncio.sleep(0.01)
    assert await starting is None
