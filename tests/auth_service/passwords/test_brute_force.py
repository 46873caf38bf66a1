"""Guessing passwords gets slower and slower, and locks nobody out who was there before."""

import asyncio
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import httpx2
import pytest
from sqlalchemy import select

from auth_service.audit.context import AuditContext
from auth_service.container import Container
from auth_service.mail.outbox import Outbox
from auth_service.main import create_app
from auth_service.passwords.authentication import REFUSED_AFTER
from auth_service.passwords.store import AttemptStore
from auth_service.passwords.throttling import (
    FAILURES_COUNT_FOR,
    KNOWN_FOR,
    LONGEST_DELAY,
    SignInGuard,
    TooManyFailedSignIns,
)
from auth_service.settings import AuthSettings
from auth_service.tables import sign_in_attempts
from gatehouse_chassis.database import Database
from gatehouse_chassis.database.columns import now
from testing.apps import running
from tests.auth_service.databases import on_both_databases
from tests.auth_service.mailbox import Mailbox
from tests.auth_service.parts import Parts
from tests.auth_service.people import DEMO, URL, Person, bearer, refused

HOME, ELSEWHERE, FAR = "198.51.100.7", "203.0.113.9", "203.0.113.250"  # RFC 5737
NOBODY = Person("nobody", "wrong")


class Calendar:
    """A clock that only the test moves."""

    def __init__(self) -> None:
        self.today = now()

    def __call__(self) -> datetime:
        return self.today


@pytest.fixture
def clock() -> Calendar:
    return Calendar()


@pytest.fixture
def guard(database: Database, clock: Calendar) -> SignInGuard:
    return SignInGuard(AttemptStore(database), clock=clock)


async def waits(guard: SignInGuard, address: str, username: str = DEMO.username) -> int:
    """Seconds until the next try may be made; 0 is now."""
    try:
        await guard.check(username, address)
    except TooManyFailedSignIns as refusal:
        return refusal.retry_after
    return 0


async def fail(
    guard: SignInGuard, times: int, address: str = ELSEWHERE, username: str = DEMO.username
) -> None:
    for _ in range(times):
        await guard.failed(username, address)


@on_both_databases
async def test_after_a_few_free_tries_each_failure_doubles_the_wait(
    guard: SignInGuard, clock: Calendar
) -> None:
    await fail(guard, 4)
    assert await waits(guard, ELSEWHERE) == 0
    delays = []
    for _ in range(12):
        await fail(guard, 1)
        delays.append(await waits(guard, ELSEWHERE) - 1)
        clock.today += timedelta(seconds=delays[-1])
        assert await waits(guard, ELSEWHERE) == 0
    assert delays == [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 900, 900]


async def test_tries_from_many_addresses_at_one_account_are_slowed_together(
    guard: SignInGuard,
) -> None:
    for number in range(5):
        await fail(guard, 1, f"203.0.113.{number}")
    assert await waits(guard, FAR) > 0
    assert await waits(guard, FAR, "another") == 0


async def test_tries_at_many_accounts_from_one_address_are_slowed_together(
    guard: SignInGuard,
) -> None:
    for number in range(30):
        await fail(guard, 1, username=f"user-{number}")
    assert await waits(guard, ELSEWHERE, "another") > 0
    assert await waits(guard, FAR, "another") == 0


async def test_one_household_is_one_address(guard: SignInGuard) -> None:
    for number in range(30):
        await fail(guard, 1, f"2001:db8:1:2::{number:x}", f"user-{number}")
    assert await waits(guard, "2001:db8:1:2:ffff::1", "another") > 0
    assert await waits(guard, "2001:db8:1:3::1", "another") == 0


async def test_a_stranger_locks_nobody_out_of_where_they_were_before(
    guard: SignInGuard, clock: Calendar
) -> None:
    await guard.succeeded(DEMO.username, HOME)
    await fail(guard, 100)
    await fail(guard, 100, HOME, "another")
    assert await waits(guard, HOME) == 0
    assert await waits(guard, ELSEWHERE) > 800
    clock.today += KNOWN_FOR
    await fail(guard, 5)
    assert await waits(guard, HOME) > 0  # nobody signed in from there for long


async def test_a_known_address_does_not_guess_for_free_either(guard: SignInGuard) -> None:
    await guard.succeeded(DEMO.username, HOME)
    await fail(guard, 20, HOME)
    assert await waits(guard, HOME) > 0
    assert await waits(guard, ELSEWHERE) > 0


async def test_a_success_forgets_the_failures_of_its_own_address_only(guard: SignInGuard) -> None:
    await guard.succeeded(DEMO.username, HOME)
    await fail(guard, 4, HOME)
    await guard.succeeded(DEMO.username, HOME)
    await fail(guard, 4, HOME)
    assert await waits(guard, HOME) == 0
    await fail(guard, 10)
    await guard.succeeded(DEMO.username, HOME)
    assert await waits(guard, ELSEWHERE) > 0


async def test_failures_of_long_ago_do_not_count(guard: SignInGuard, clock: Calendar) -> None:
    await fail(guard, 50)
    clock.today += FAILURES_COUNT_FOR + timedelta(seconds=1)
    await fail(guard, 4)
    assert await waits(guard, ELSEWHERE) == 0


async def test_the_longest_wait_is_a_quarter_of_an_hour(guard: SignInGuard) -> None:
    await fail(guard, 200)
    assert await waits(guard, ELSEWHERE) == LONGEST_DELAY.total_seconds() + 1


async def test_an_administrator_can_forgive(guard: SignInGuard) -> None:
    await fail(guard, 20)
    await guard.forgive(DEMO.username.upper())
    assert await waits(guard, ELSEWHERE) == 0


async def test_counters_that_mean_nothing_any_more_are_removed(
    guard: SignInGuard, clock: Calendar, database: Database
) -> None:
    await fail(guard, 3)
    await guard.succeeded(DEMO.username, HOME)
    assert await guard.purge_expired(100) == 0
    clock.today += FAILURES_COUNT_FOR + timedelta(seconds=1)
    assert await guard.purge_expired(1) == 1
    assert await guard.purge_expired(100) == 1
    rows = await database.fetch_all(select(sign_in_attempts.c.last_success_at).limit(9))
    assert len(rows) == 1  # the known address


@on_both_databases
async def test_of_many_failures_at_once_each_is_counted(
    guard: SignInGuard, database: Database
) -> None:
    await asyncio.gather(*(guard.failed(DEMO.username, ELSEWHERE) for _ in range(20)))
    rows = await database.fetch_all(select(sign_in_attempts.c.failures).limit(9))
    assert [row["failures"] for row in rows] == [20, 20]


# --- through the routes -----------------------------------------------------------------------------------------------


@pytest.fixture
def parts(clock: Calendar) -> Parts:
    """No time passes between two tries: hashing takes some, and more on a busy machine."""
    return {"clock": clock}


async def try_to_sign_in(
    client: httpx2.AsyncClient, person: Person, address: str
) -> httpx2.Response:
    headers = {"X-Forwarded-For": address}
    return await client.post("/token", data=person.password_grant, headers=headers)


@on_both_databases
@pytest.mark.parametrize("username", [DEMO.username, "nobody"])
async def test_the_guesser_is_told_to_wait_and_not_whether_the_last_guess_was_right(
    client: httpx2.AsyncClient, username: str
) -> None:
    for _ in range(5):
        answer = await try_to_sign_in(client, Person(username, "wrong"), ELSEWHERE)
        assert refused(answer) == (400, "invalid_grant")
    for password in ("wrong", DEMO.password):
        answer = await try_to_sign_in(client, Person(username, password), ELSEWHERE)
        assert refused(answer) == (429, "temporarily_unavailable")
        assert answer.headers["Retry-After"] == "2"


async def test_of_many_guesses_at_once_a_few_are_answered(client: httpx2.AsyncClient) -> None:
    wrong = Person(DEMO.username, "wrong")
    guesses = [wrong] * 15 + [DEMO] * 5
    answers = await asyncio.gather(
        *(try_to_sign_in(client, person, ELSEWHERE) for person in guesses)
    )
    statuses = [answer.status_code for answer in answers]
    assert statuses.count(400) <= 6  # the limit, and one that was under way when it was reached
    assert 200 not in statuses


async def test_the_owner_signs_in_meanwhile(client: httpx2.AsyncClient) -> None:
    assert (await try_to_sign_in(client, DEMO, HOME)).status_code == 200
    for _ in range(10):
        await try_to_sign_in(client, Person(DEMO.username, "wrong"), ELSEWHERE)
    assert (await try_to_sign_in(client, DEMO, ELSEWHERE)).status_code == 429
    assert (await try_to_sign_in(client, DEMO, HOME)).status_code == 200


@on_both_databases
@pytest.mark.parametrize("lock", ["the account", "the address"])
async def test_a_wrong_password_does_not_tell_that_an_account_is_used_at_an_address(
    client: httpx2.AsyncClient, lock: str
) -> None:
    """Whoever shares the address with a user, and has a second one, tries the names of both kinds."""
    assert (await try_to_sign_in(client, DEMO, HOME)).status_code == 200
    names = [DEMO.username, "nobody"]  # used at HOME, and not
    if lock == "the account":
        for name in names * 5:
            await try_to_sign_in(client, Person(name, "wrong"), ELSEWHERE)
    else:
        for number in range(30):
            await try_to_sign_in(client, Person(f"user-{number}", "wrong"), HOME)
    for _ in range(7):
        answers = [await try_to_sign_in(client, Person(name, "wrong"), HOME) for name in names]
        assert {answer.status_code for answer in answers} == {429}
        assert len({(a.content, a.headers["Retry-After"]) for a in answers}) == 1


async def test_a_wrong_password_counts_the_same_whether_or_not_an_account_is_used_at_an_address(
    client: httpx2.AsyncClient, clock: Calendar
) -> None:
    assert (await try_to_sign_in(client, DEMO, HOME)).status_code == 200
    for name in (DEMO.username, "nobody"):
        told = [
            (await try_to_sign_in(client, Person(name, "wrong"), place)).status_code
            for place in (HOME, HOME, HOME, HOME, HOME, HOME, ELSEWHERE)
        ]
        clock.today += timedelta(seconds=1)
        told.append((await try_to_sign_in(client, Person(name, "wrong"), HOME)).status_code)
        assert told == [400, 400, 400, 400, 400, 429, 429, 400]


async def test_the_time_of_a_refusal_does_not_tell_whether_the_password_was_verified(
    container: Container, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("auth_service.passwords.authentication.REFUSED_AFTER", REFUSED_AFTER)
    slept: list[float] = []

    async def sleep(seconds: float) -> None:
        slept.append(seconds)

    authentication = replace(container.authentication, sleep=sleep)
    await container.guard.succeeded(DEMO.username, HOME)
    await fail(container.guard, 5)
    for name, address in ((DEMO.username, HOME), (DEMO.username, FAR)):
        with pytest.raises(TooManyFailedSignIns):
            await authentication.user(name, "wrong", AuditContext(address=address))
    assert len(slept) == 2
    assert slept[0] < slept[1] <= REFUSED_AFTER  # what the hash took is made up for


async def test_the_owner_s_right_password_is_taken_where_strangers_used_up_the_address(
    client: httpx2.AsyncClient,
) -> None:
    assert (await try_to_sign_in(client, DEMO, HOME)).status_code == 200
    for number in range(31):
        await try_to_sign_in(client, Person(f"user-{number}", "wrong"), HOME)
    assert (await try_to_sign_in(client, DEMO, HOME)).status_code == 200


async def test_whoever_signs_up_is_at_home_where_it_was_confirmed(
    outbox: Outbox, client: httpx2.AsyncClient, mailbox: Mailbox
) -> None:
    new = Person("grace", "compile-the-7-cobol-cards")
    body = {"username": new.username, "email": "grace@example.com"}
    await client.post("/users", json=body, headers={"X-Forwarded-For": FAR})
    await outbox.close()
    confirmation = {"token": mailbox.token, "password": new.password}
    await client.post("/users/confirm", json=confirmation, headers={"X-Forwarded-For": HOME})
    for _ in range(10):
        await try_to_sign_in(client, Person(new.username, "wrong"), ELSEWHERE)
    assert (await try_to_sign_in(client, new, HOME)).status_code == 200


async def test_right_passwords_are_never_too_many(client: httpx2.AsyncClient) -> None:
    for _ in range(60):
        assert (await try_to_sign_in(client, DEMO, HOME)).status_code == 200


async def test_another_worker_counts_on(
    client: httpx2.AsyncClient, settings: AuthSettings, clock: Calendar
) -> None:
    for _ in range(5):
        await try_to_sign_in(client, NOBODY, ELSEWHERE)
    app = create_app(settings, Container.build(settings, clock=clock))
    async with running(app, base_url=URL) as other:
        assert (await try_to_sign_in(other, NOBODY, ELSEWHERE)).status_code == 429


async def test_a_stolen_token_does_not_guess_the_password(client: httpx2.AsyncClient) -> None:
    headers = await bearer(client)
    body = {"current_password": "wrong", "new_password": "another-heron-counts-5-boats"}
    statuses = [
        (await client.post("/users/me/password", headers=headers, json=body)).status_code
        for _ in range(7)
    ]
    assert statuses == [422, 422, 422, 422, 422, 429, 429]


async def test_what_was_typed_as_a_name_is_not_kept(
    client: httpx2.AsyncClient, tmp_path: Path
) -> None:
    await try_to_sign_in(client, Person("my-password-by-mistake", "x"), ELSEWHERE)
    files = [file.read_bytes() for file in tmp_path.glob("auth.db*")]
    assert files
    assert not any(b"my-password-by-mistake" in content for content in files)
