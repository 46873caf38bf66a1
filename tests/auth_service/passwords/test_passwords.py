"""Password hashing: bounded, the same work for every mistake, and never weaker than today's parameters."""

import asyncio
import threading
from collections.abc import AsyncIterator
from contextlib import ExitStack
from datetime import timedelta
from functools import partial
from typing import Any, Literal, cast
from unicodedata import normalize

import httpx2
import pytest
from argon2 import PasswordHasher
from sqlalchemy import select, text, update

from auth_service.audit.context import AuditContext
from auth_service.audit.store import AuditStore
from auth_service.clients.authentication import first_party_client
from auth_service.container import Container
from auth_service.main import create_app
from auth_service.passwords.authentication import PasswordAuthentication, WrongCredentials
from auth_service.passwords.client_network import client_network
from auth_service.passwords.hashing import ARGON2ID, HashingBusy, PasswordHashing
from auth_service.revocation.store import NewAccessToken
from auth_service.sessions.store import SessionStore
from auth_service.settings import AuthSettings
from auth_service.tables import email_changes, users
from auth_service.users.store import User, UserStore
from gatehouse_chassis.database import Database
from gatehouse_chassis.database.columns import now
from testing.apps import running
from tests.auth_service.databases import on_both_databases
from tests.auth_service.parts import Parts
from tests.auth_service.people import (
    ADMIN,
    DEMO,
    URL,
    Person,
    bearer,
    make_user,
    refresh,
    refused,
    sign_in,
)

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
    change = await client.post(
        "/users/me/password",
        headers=headers,
        json={"current_password": DEMO.password, "new_password": "lJ3kfn29xkQp"},
    )
    assert (change.status_code, change.json()["code"]) == (503, "service_unavailable")
    for answer in (sign_in_too, change):
        assert answer.headers["Retry-After"] == "1"

    assert (await client.get("/users/me", headers=headers)).status_code == 200  # nothing is hashed
    hasher.may_go_on.set()
    assert (await first).status_code == 200
    assert await sign_in(client)


async def test_a_client_that_leaves_gives_its_place_back_when_its_hash_is_done(
    hashing: PasswordHashing, hasher: WatchedHasher
) -> None:
    hasher.may_go_on.clear()
    impatient = asyncio.create_task(hashing.verify("x", None, AuditContext()))
    await hasher.until_under_way()
    impatient.cancel()
    with pytest.raises(asyncio.CancelledError):
        await impatient
    with pytest.raises(HashingBusy):  # its memory is in use still
        await hashing.verify("x", None, AuditContext())
    hasher.may_go_on.set()
    async with asyncio.timeout(PATIENCE):
        while True:
            try:
                assert await hashing.verify("x", None, AuditContext()) is False
                break
            except HashingBusy:
                await asyncio.sleep(0.001)


async def test_a_client_that_leaves_while_it_waits_gives_its_place_back_at_once(
    hasher: WatchedHasher,
) -> None:
    hashing = PasswordHashing(threads=1, queue=1, hasher=hasher)
    hasher.may_go_on.clear()
    first = asyncio.create_task(hashing.verify("x", None, AuditContext()))
    await hasher.until_under_way()
    for _ in range(5):
        waiting = asyncio.create_task(hashing.verify("x", None, AuditContext()))
        await asyncio.sleep(0)
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting
        await asyncio.sleep(0)
    last = asyncio.create_task(hashing.verify("x", None, AuditContext()))
    await asyncio.sleep(0)
    with pytest.raises(HashingBusy):
        await hashing.verify("x", None, AuditContext())
    hasher.may_go_on.set()
    assert [await first, await last] == [False, False]
    assert len(hasher.verified) == 2
    await hashing.close()


# --- shares of the queue ------------------------------------------------------------------------------------------


def from_address(address: str, user: str | None = None) -> AuditContext:
    return AuditContext(actor=user, address=address)


HOUSEHOLD = [from_address(f"2001:db8:1:2::{number}") for number in range(1, 20)]
USER_EVERYWHERE = [from_address(f"198.51.100.{number}", "the-user") for number in range(1, 20)]
SOMEONE_ELSE = from_address("203.0.113.7")


@pytest.fixture
async def queue_of_five(hasher: WatchedHasher) -> AsyncIterator[PasswordHashing]:
    """One hash that does not end yet, and five that may wait."""
    hasher.may_go_on.clear()
    hashing = PasswordHashing(threads=1, queue=5, hasher=hasher)
    yield hashing
    hasher.may_go_on.set()
    await hashing.close()


class Crowd:
    """Those who want something verified."""

    def __init__(self, hashing: PasswordHashing, hasher: WatchedHasher) -> None:
        self._hashing, self._hasher = hashing, hasher
        self.tasks: list[asyncio.Task[Any]] = []

    async def comes(self, *contexts: AuditContext) -> list[asyncio.Task[bool]]:
        tasks = [asyncio.create_task(self._hashing.verify("x", None, one)) for one in contexts]
        self.tasks += tasks
        for _ in range(
            5
        ):  # what a thread or a cancelled hash reports comes a turn of the loop later
            await asyncio.sleep(0)
        return tasks

    async def outcomes(self) -> list[Any]:
        self._hasher.may_go_on.set()
        return await asyncio.gather(*self.tasks, return_exceptions=True)


@pytest.fixture
def crowd(queue_of_five: PasswordHashing, hasher: WatchedHasher) -> Crowd:
    return Crowd(queue_of_five, hasher)


@pytest.mark.parametrize("flood", [HOUSEHOLD, USER_EVERYWHERE], ids=["a network", "a user"])
async def test_whoever_has_most_of_a_full_queue_makes_room_for_someone_else(
    crowd: Crowd, flood: list[AuditContext]
) -> None:
    flooding = await crowd.comes(*flood)
    [someone] = await crowd.comes(SOMEONE_ELSE)
    await crowd.comes(*flood)  # takes nothing back
    outcomes = await crowd.outcomes()
    assert someone.result() is False
    had_to_leave = [task for task in flooding if isinstance(task.exception(), HashingBusy)]
    assert len(flooding) - len(had_to_leave) == 5
    assert flooding[5] in had_to_leave  # the newest that waited
    assert outcomes.count(False) == 6


async def test_whoever_comes_first_in_turn_does_not_wait_for_all_of_a_flood(
    queue_of_five: PasswordHashing, crowd: Crowd
) -> None:
    served: list[str] = []
    await crowd.comes(HOUSEHOLD[0])  # takes the thread
    for one in [*HOUSEHOLD[1:5], SOMEONE_ELSE]:
        network = client_network(one.address)
        work = queue_of_five.run(partial(served.append, network), one)
        crowd.tasks.append(asyncio.create_task(work))
        await asyncio.sleep(0)
    await crowd.outcomes()
    # One of the household may have been handed to the thread before.
    assert served.index("203.0.113.7") <= 1


async def test_a_queue_that_only_one_wants_is_all_of_it_that_ones(crowd: Crowd) -> None:
    await crowd.comes(*[SOMEONE_ELSE] * 10)
    assert (await crowd.outcomes()).count(False) == 6


async def test_two_who_want_everything_get_half_each_and_a_third_gets_in(crowd: Crowd) -> None:
    other = from_address("192.0.2.1")
    ones = await crowd.comes(*HOUSEHOLD)
    others = await crowd.comes(*[other] * 10)
    [third] = await crowd.comes(SOMEONE_ELSE)
    await crowd.outcomes()
    assert [sum(task.exception() is None for task in tasks) for tasks in (ones, others)] in (
        [3, 2],
        [2, 3],
    )
    assert third.result() is False


async def test_when_everybody_has_one_place_nobody_loses_it(crowd: Crowd) -> None:
    first = await crowd.comes(*[from_address(f"192.0.2.{number}") for number in range(1, 7)])
    [late] = await crowd.comes(SOMEONE_ELSE)
    await crowd.outcomes()
    assert isinstance(late.exception(), HashingBusy)
    assert [task.result() for task in first] == [False] * 6


async def test_look_ups_are_of_the_share_too(
    crowd: Crowd, queue_of_five: PasswordHashing, hasher: WatchedHasher
) -> None:
    with ExitStack() as look_ups:
        for one in HOUSEHOLD[:6]:
            look_ups.enter_context(queue_of_five.reserve_slot(one))
        with pytest.raises(HashingBusy), queue_of_five.reserve_slot(HOUSEHOLD[7]):
            pass
        with queue_of_five.reserve_slot(SOMEONE_ELSE):
            pass
        [someone] = await crowd.comes(SOMEONE_ELSE)
    await crowd.outcomes()
    assert someone.result() is False
    await crowd.comes(*HOUSEHOLD[:6])
    assert (await crowd.outcomes()).count(False) == 7  # every slot was given back once


async def test_one_users_changes_never_keep_others_from_signing_in(
    settings: AuthSettings, hasher: WatchedHasher
) -> None:
    hashing = PasswordHashing(threads=1, queue=3, hasher=hasher)
    app = create_app(settings, Container.build(settings, hashing=hashing))
    async with running(app, base_url=URL) as client:
        headers = await bearer(client)
        hasher.under_way.clear()
        hasher.may_go_on.clear()
        change = {"email": "demo@example.com", "current_password": DEMO.password}
        changes = [
            asyncio.create_task(
                client.put(
                    "/users/me/email",
                    headers={**headers, "X-Forwarded-For": f"198.51.100.{number}"},
                    json=change,
                )
            )
            for number in range(1, 10)
        ]
        await hasher.until_under_way()
        while sum(task.done() for task in changes) < 5:
            await asyncio.sleep(0.001)
        signing_in = [
            asyncio.create_task(
                client.post(
                    "/token", data=ADMIN.password_grant, headers={"X-Forwarded-For": address}
                )
            )
            for address in ("203.0.113.7", "203.0.113.8")
        ]
        while sum(task.done() for task in changes) < 7:
            await asyncio.sleep(0.001)
        hasher.may_go_on.set()
        assert [answer.status_code for answer in await asyncio.gather(*signing_in)] == [200, 200]
        statuses = [answer.status_code for answer in await asyncio.gather(*changes)]
        assert sorted(statuses) == [202, 202, *[503] * 7]


class SlowUsers:
    """Users in a database that does not answer yet."""

    def __init__(self) -> None:
        self.asked = 0
        self.answers = asyncio.Event()

    async def find_by_login(self, login: str) -> list[User]:
        self.asked += 1
        await self.answers.wait()
        return []


async def test_who_has_no_place_costs_the_database_nothing(
    container: Container, database: Database
) -> None:
    users = SlowUsers()
    authentication = PasswordAuthentication(
        cast(UserStore, users),
        container.hashing,
        container.guard,
        AuditStore(database),
        container.repeated,
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
    assert await hashing.verify("nobody has this password", None, AuditContext()) is False


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


FORMS: list[Literal["NFC", "NFD", "NFKC", "NFKD"]] = ["NFC", "NFD", "NFKC", "NFKD"]
# Accents, Hangul, a ligature and wide digits: none of its normal forms is like another.
SPELLED = Person("zoe", "Zoé ﬁnds 한글 cafés \uff11\uff12\uff13")


def in_form(form: Literal["NFC", "NFD", "NFKC", "NFKD"], person: Person) -> Person:
    return Person(person.username, normalize(form, person.password))


@pytest.mark.parametrize("chosen", FORMS)
async def test_a_password_is_the_same_in_whichever_unicode_form_it_is_typed(
    client: httpx2.AsyncClient, chosen: Literal["NFC", "NFD", "NFKC", "NFKD"]
) -> None:
    await make_user(client, in_form(chosen, SPELLED))
    for typed in FORMS:
        assert await sign_in(client, in_form(typed, SPELLED))


async def test_a_hash_from_before_passwords_were_normalised_is_replaced_at_the_next_sign_in(
    client: httpx2.AsyncClient, database: Database
) -> None:
    as_typed = in_form("NFD", Person(DEMO.username, SPELLED.password))
    await set_hash(database, ARGON2ID.hash(as_typed.password))
    assert await sign_in(client, as_typed)
    replaced = await hash_of(database)
    for typed in FORMS:
        assert await sign_in(client, in_form(typed, as_typed))
    assert await hash_of(database) == replaced


async def test_a_strange_spelling_does_not_make_a_password_long(client: httpx2.AsyncClient) -> None:
    new = {"username": "zoe", "password": normalize("NFD", "éèêëâäé"), "email": "zoe@example.com"}
    answer = await client.post("/users", json=new)
    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, "#/password")


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


@on_both_databases
@pytest.mark.parametrize(
    ("method", "path", "change"),
    [
        ("POST", "/users/me/password", {"new_password": "thief-counts-9-silver-spoons"}),
        ("PUT", "/users/me/email", {"email": "thief@example.com"}),
        ("PUT", "/users/me/email", {"email": None}),
    ],
)
async def test_a_change_under_way_does_not_undo_the_owner_s_reset(
    client: httpx2.AsyncClient,
    hasher: WatchedHasher,
    database: Database,
    method: str,
    path: str,
    change: dict[str, str | None],
) -> None:
    store, demo = UserStore(database), await demo_in(database)
    headers = await bearer(client)
    hasher.under_way.clear()
    hasher.may_go_on.clear()
    asked = {**change, "current_password": DEMO.password}
    changing = asyncio.create_task(client.request(method, path, headers=headers, json=asked))
    await hasher.until_under_way()
    of_the_owner = ARGON2ID.hash("another-heron-counts-5")
    await store.change_password(demo.id, of_the_owner, AuditContext())
    hasher.may_go_on.set()
    answer = await changing
    assert answer.json()["errors"][0]["pointer"] == "#/current_password"
    assert await hash_of(database) == of_the_owner
    assert await database.fetch_all(select(email_changes).limit(1)) == []


async def test_the_present_password_is_no_new_one(client: httpx2.AsyncClient) -> None:
    change = {"current_password": DEMO.password, "new_password": DEMO.password}
    answer = await client.post("/users/me/password", headers=await bearer(client), json=change)
    assert answer.json()["errors"][0]["pointer"] == "#/new_password"


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
async def test_a_session_does_not_start_past_a_password_change_that_is_being_written(
    database: Database,
) -> None:
    demo, later = await demo_in(database), now() + timedelta(days=1)
    start = SessionStore(database).start(
        demo.id,
        "items:read",
        "0" * 64,
        later,
        access_token=NewAccessToken(first_party_client(password_grant=True), later),
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
