"""Two hands with one refresh token at the same moment: both get tokens, and one line of them goes on.

Without a leeway one of them gets tokens, then the session is over.
"""

import asyncio
import multiprocessing
from concurrent.futures import ProcessPoolExecutor
from datetime import timedelta
from multiprocessing.synchronize import Barrier

import pytest
from sqlalchemy import func, select

from auth_service.audit.context import AuditContext
from auth_service.clients.authentication import first_party_client
from auth_service.main import create_app
from auth_service.revocation.store import NewAccessToken
from auth_service.sessions.store import Refusal, SessionLimits, SessionStore
from auth_service.tables import refresh_tokens, sessions
from auth_service.users.store import UserStore
from gatehouse_chassis.database import Database, open_database
from gatehouse_chassis.database.columns import now
from testing.apps import running
from tests.auth_service.databases import on_both_databases, settings_for
from tests.auth_service.people import DEMO, URL, refresh, sign_in

pytestmark = on_both_databases

SESSIONS = 1000
LEEWAY = timedelta(seconds=10)
BUILT_IN = first_party_client(password_grant=True)
_barrier: Barrier


def _meet_at(barrier: Barrier) -> None:
    global _barrier
    _barrier = barrier


def _exchange_all(
    database_url: str, process: int, leeway: timedelta, tokens: list[str]
) -> list[bool]:
    """Exchanges token after token, each at the same moment as the other process; whether it got a session."""

    async def exchange_all() -> list[bool]:
        database = open_database(database_url)
        store, later = (
            SessionStore(database, SessionLimits(refresh_leeway=leeway)),
            now() + timedelta(days=1),
        )
        await database.ping()
        answers = []
        for token in tokens:
            _barrier.wait(30)
            answers.append(
                await store.exchange(
                    token,
                    f"{process}-{token}",
                    later,
                    NewAccessToken(BUILT_IN, later),
                    lambda session, _role: session,
                    AuditContext(),
                )
            )
        await database.close()
        return [not isinstance(answer, Refusal) for answer in answers]

    return asyncio.run(exchange_all())


async def _exchange_in_two_processes(
    database_url: str, leeway: timedelta, first: list[str], second: list[str]
) -> list[tuple[bool, bool]]:
    """For each pair of tokens that are presented at the same moment, which of the two gave tokens."""
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(2, context, _meet_at, (context.Barrier(2),)) as pool:
        futures = [
            pool.submit(_exchange_all, database_url, process, leeway, tokens)
            for process, tokens in enumerate((first, second))
        ]
        gave = await asyncio.gather(*map(asyncio.wrap_future, futures))
    return list(zip(*gave, strict=True))


async def _start_sessions(database: Database) -> list[str]:
    """The digests of the first refresh tokens of many sessions."""
    user = await UserStore(database).find_by_name(DEMO.username)
    assert user
    store = SessionStore(database, SessionLimits(per_user=SESSIONS))
    later = now() + timedelta(days=1)
    digests = [f"token-{number}" for number in range(SESSIONS)]
    for digest in digests:
        await store.start(
            user.id,
            "items:read",
            digest,
            later,
            access_token=NewAccessToken(BUILT_IN, later),
            known_hash=user.password_hash,
            known_role=user.role,
            context=AuditContext(),
        )
    return digests


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
async def test_without_leeway_one_of_several_requests_succeeds_and_the_session_is_over(
    database_url: str, database: Database, hands: int
) -> None:
    settings = settings_for(database_url, refresh_leeway=timedelta(0))
    async with running(create_app(settings), base_url=URL) as client:
        token = (await sign_in(client))["refresh_token"]
        answers = await asyncio.gather(*(refresh(client, token) for _ in range(hands)))
        assert sorted(answer.status_code for answer in answers) == [200] + [400] * (hands - 1)
        (winner,) = (answer for answer in answers if answer.status_code == 200)
        assert (await refresh(client, winner.json()["refresh_token"])).status_code == 400
    assert await _alive(database) == 0


async def test_without_leeway_one_of_two_processes_succeeds_and_the_session_is_over(
    database_url: str, database: Database
) -> None:
    tokens = await _start_sessions(database)
    gave = await _exchange_in_two_processes(database_url, timedelta(0), tokens, tokens)
    assert [pair.count(True) for pair in gave] == [1] * SESSIONS
    assert await _alive(database) == 0
    # Each winner put one token in place of the used one; it is dead with its session.
    assert await _unused(database) == SESSIONS


async def test_of_what_two_processes_get_for_one_token_one_line_goes_on(
    database_url: str, database: Database
) -> None:
    tokens = await _start_sessions(database)
    gave = await _exchange_in_two_processes(database_url, LEEWAY, tokens, tokens)
    assert gave == [(True, True)] * SESSIONS
    assert await _alive(database) == SESSIONS
    given = [[f"{process}-{token}" for token in tokens] for process in range(2)]
    gave = await _exchange_in_two_processes(database_url, LEEWAY, *given)
    assert [pair.count(True) for pair in gave] == [1] * SESSIONS
    # Two hands used what one token gave: neither goes on.
    assert await _alive(database) == 0
