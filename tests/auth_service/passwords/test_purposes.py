"""What is counted for one purpose never counts for another, whatever people type as a name or an address."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from itertools import permutations

import httpx2
import pytest

from auth_service.audit.context import AuditContext
from auth_service.mail.limit import FROM_ONE_ADDRESS, RequestLimit
from auth_service.mail.outbox import Outbox
from auth_service.passwords.store import AttemptStore
from auth_service.passwords.throttling import Purpose, SignInGuard, TooManyFailedSignIns
from gatehouse_chassis.database import Database
from gatehouse_chassis.database.columns import now
from tests.auth_service.databases import on_both_databases
from tests.auth_service.mailbox import Mailbox
from tests.auth_service.parts import Parts
from tests.auth_service.people import Person, bearer, make_user

ADA = Person("ada", "engine-of-9-difference-wheels")
EMAIL = "ada@example.com"
PLACE = {"X-Forwarded-For": "203.0.113.9"}
# What a counter of another purpose might be called.
NAMES = (
    ADA.username,
    EMAIL,
    f"reset {ADA.username}",
    f"reset mail: {ADA.username}",
    f"sign-up {EMAIL}",
    f"sign-up mail: {EMAIL}",
    f"account\n{ADA.username}",
    f"mail to\n{EMAIL}",
)


@pytest.fixture
def parts() -> Parts:
    """No time passes, so a counter that is used up stays so."""
    moment = now()
    return {"clock": lambda: moment}


Use = Callable[[httpx2.AsyncClient, str], Awaitable[httpx2.Response]]


async def sign_in_as(client: httpx2.AsyncClient, name: str) -> httpx2.Response:
    form = Person(name, "wrong").password_grant
    return await client.post("/token", data=form, headers=PLACE)


async def ask_for_reset(client: httpx2.AsyncClient, name: str) -> httpx2.Response:
    return await client.post("/users/password-reset", json={"username": name}, headers=PLACE)


async def ask_for_sign_up(client: httpx2.AsyncClient, name: str) -> httpx2.Response:
    new = {"username": "grace", "email": name if "@" in name else "other@example.com"}
    return await client.post("/users", json=new, headers=PLACE)


PURPOSES: dict[str, Use] = {
    "sign-in": sign_in_as,
    "reset": ask_for_reset,
    "sign-up": ask_for_sign_up,
}


async def is_answered(
    outbox: Outbox, client: httpx2.AsyncClient, mailbox: Mailbox, purpose: str
) -> bool:
    mailbox.mails.clear()
    if purpose == "sign-in":
        return (await sign_in_as(client, ADA.username)).status_code == 400
    await PURPOSES[purpose](client, ADA.username if purpose == "reset" else EMAIL)
    await outbox.close()
    return len(mailbox.mails) == 1


@on_both_databases
@pytest.mark.parametrize(("used_up", "other"), [*permutations(PURPOSES, 2)])
async def test_one_purpose_never_uses_up_another(
    outbox: Outbox, client: httpx2.AsyncClient, mailbox: Mailbox, used_up: str, other: str
) -> None:
    await make_user(client, ADA, email=EMAIL)
    assert await is_answered(outbox, client, mailbox, other)
    for name in NAMES:
        for _ in range(5):
            answer = await PURPOSES[used_up](client, name)
            await outbox.close()
            if answer.status_code == 429:
                break
    assert not await is_answered(outbox, client, mailbox, used_up)
    assert await is_answered(outbox, client, mailbox, other)


async def is_open(guard: SignInGuard, limit: RequestLimit, purpose: Purpose, name: str) -> bool:
    """Whether one more is let through, which is then counted."""
    if purpose is not Purpose.SIGN_IN:
        return await limit.allows(purpose, name, AuditContext(address=PLACE["X-Forwarded-For"]))
    with suppress(TooManyFailedSignIns):
        await guard.check(name, PLACE["X-Forwarded-For"])
        await guard.failed(name, PLACE["X-Forwarded-For"])
        return True
    return False


@pytest.mark.parametrize(("used_up", "other"), [*permutations(Purpose, 2)])
async def test_every_purpose_has_counters_of_its_own(
    database: Database, used_up: Purpose, other: Purpose
) -> None:
    moment, attempts = now(), AttemptStore(database)
    guard = SignInGuard(attempts, clock=lambda: moment)
    limit = RequestLimit(attempts, clock=lambda: moment)
    kinds = ("account", "address", "account at address")
    made_up = [f"{purpose}{kind}\n{ADA.username}" for purpose in Purpose for kind in kinds]
    names = [*NAMES, *made_up]
    for name in names:
        for _ in range(6):
            await is_open(guard, limit, used_up, name)
    assert not any([await is_open(guard, limit, used_up, name) for name in names])
    assert all([await is_open(guard, limit, other, name) for name in names])


@on_both_databases
async def test_of_many_requests_at_once_no_more_are_let_through(database: Database) -> None:
    limit, context = RequestLimit(AttemptStore(database)), AuditContext(address="203.0.113.9")
    asked = [limit.allows(Purpose.RESET_MAIL, ADA.username, context) for _ in range(30)]
    assert 1 <= sum(await asyncio.gather(*asked)) <= FROM_ONE_ADDRESS


async def test_the_way_out_of_a_lock_stays_open(
    outbox: Outbox, client: httpx2.AsyncClient, mailbox: Mailbox
) -> None:
    await make_user(client, ADA, email=EMAIL)
    for name in NAMES:
        for _ in range(3):
            await sign_in_as(client, name)
    await ask_for_reset(client, ADA.username)
    await outbox.close()
    new = "another-engine-of-7-wheels"
    answer = await client.post(
        "/users/password-reset/confirm",
        json={"token": mailbox.token, "new_password": new},
        headers=PLACE,
    )
    assert answer.status_code == 204
    form = Person(ADA.username, new).password_grant
    assert (await client.post("/token", data=form, headers=PLACE)).status_code == 200
    assert await bearer(client, Person(ADA.username, new))


async def test_a_thief_who_knows_the_password_does_not_void_mailed_links_for_ever(
    client: httpx2.AsyncClient, outbox: Outbox
) -> None:
    await make_user(client, ADA, email=EMAIL)
    passwords = [ADA.password, "another-engine-of-5-wheels"]
    statuses = []
    for number in range(2 * FROM_ONE_ADDRESS):
        current, new = passwords[number % 2], passwords[1 - number % 2]
        thief = await bearer(client, Person(ADA.username, current))
        change = {"current_password": current, "new_password": new}
        answer = await client.post("/users/me/password", headers=thief, json=change)
        statuses.append(answer.status_code)
        if answer.status_code != 204:
            assert answer.headers["Retry-After"]
            break
    assert statuses == [204] * FROM_ONE_ADDRESS + [429]
    no_address = {"current_password": current, "email": None}
    answer = await client.put("/users/me/email", headers=thief, json=no_address)
    assert answer.status_code == 429
