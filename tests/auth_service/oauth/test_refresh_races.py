"""Two hands with one refresh token at the same moment: one gets tokens, then the session is over."""

import asyncio
import multiprocessing
from concurrent.futures import ProcessPoolExecutor
from datetime import timedelta
from multiprocessing.synchronize import Barrier

import httpx2
import pytest
from sqlalchemy import func, select

from auth_service.audit.context import AuditContext
from auth_service.sessions.store import Refusal, SessionLimits, SessionStore
from auth_service.tables import refresh_tokens, sessions
from auth_service.users.store import UserStore
from gatehouse_chassis.database import Database, open_database
from gatehouse_chassis.database.columns import now
from tests.auth_service.databases import on_both_databases
from tests.auth_service.people import DEMO, refresh, sign_in

pytestmark = on_both_databases

SESSIONS = 1000
_barrier: Barrier


def _meet_at(barrier: Barrier) -> None:
    global _barrier
    _barrier = barrier


def _exchange_all(database_url: str, process: int) -> list[bool]:
    """Exchanges token after token, each at the same moment as the other process; whether it got a session."""

    async def exchange_all() -> list[bool]:
        database = open_database(database_url)
        store, later = SessionStore(database), now() + timedelta(days=1)
        await database.ping()
        answers = []
        for number in range(SESSIONS):
            _barrier.wait(30)
            answers.append(
                await store.exchange(
                    _digest(number),
                    "gatehouse",
                    f"{process}-{number}",
                    later,
                    lambda session, _role: session,
                    AuditContext(),
                )
            )
        await database.close()
        return [not isinstance(answer, Refusal) for answer in answers]

    return asyncio.run(exchange_all())


def _digest(number: int) -> str:
    return f"token-{number}"


async def _alive(database: Database) -> int:
    statement = select(func.count().label("alive")).where(sessions.c.ended_at.is_(None))
    row = await database.fetch_one(statement)
    assert row
    return int(row["alive"])


async def _unused(database: Database) -> int:
    statement = select(func.count().label("unused")).where(refresh_tokens.c.used_at.is_(None))
    row = await database.fetch_one(statement)
    assert row
    return int(row["unused"])


@pytest.mark.parametrize("hands", [2, 8])
async def test_of_several_requests_with_one_token_one_succeeds_and_the_session_is_over(
    client: httpx2.AsyncClient, database: Database, hands: int
) -> None:
    token = (await sign_in(client))["refresh_token"]
    answers = await asyncio.gather(*(refresh(client, token) for _ in range(hands)))
    assert sorted(answer.status_code for answer in answers) == [200] + [400] * (hands - 1)
    (winner,) = (answer for answer in answers if answer.status_code == 200)
    assert (await refresh(client, winner.json()["refresh_token"])).status_code == 400
    assert await _alive(database) == 0


async def test_of_two_processes_with_one_token_one_succeeds_and_the_session_is_over(
    database_url: str, database: Database
) -> None:
    user = await UserStore(database).find_by_name(DEMO.username)
    assert user
    limits = SessionLimits(per_user=SESSIONS)
    store, later = SessionStore(database, limits), now() + timedelta(days=1)
    for number in range(SESSIONS):
        digest, known = _digest(number), user.password_hash
        await store.start(
            user.id,
            "gatehouse",
            "items:read",
            digest,
            later,
            known_hash=known,
            known_role=user.role,
            context=AuditContext(),
        )
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(2, context, _meet_at, (context.Barrier(2),)) as pool:
        futures = [pool.submit(_exchange_all, database_url, process) for process in range(2)]
        first, second = await asyncio.gather(*map(asyncio.wrap_future, futures))
    assert [(a, b).count(True) for a, b in zip(first, second, strict=True)] == [1] * SESSIONS
    assert await _alive(database) == 0
    # Each winner put one token in place of the used one; it is dead with its session.
    assert await _unused(database) == SESSIONS
