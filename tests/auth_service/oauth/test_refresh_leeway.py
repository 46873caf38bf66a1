"""A refresh token that was just used may be presented again: its answer was lost, or two pages asked at once.

However many tokens it gives, one line of them goes on: the first that is used makes the others void.
"""

import asyncio
from datetime import timedelta

import httpx2
import pytest
from sqlalchemy import select, update

from auth_service.audit.events import Event
from auth_service.main import create_app
from auth_service.oauth.opaque_tokens import digest_of
from auth_service.sessions.store import SessionStore
from auth_service.settings import AuthSettings
from auth_service.tables import audit_log, refresh_tokens, sessions
from gatehouse_chassis.database import Database
from testing.apps import running
from tests.auth_service.authorization import code_for, redeem, request_of
from tests.auth_service.databases import on_both_databases, settings_for
from tests.auth_service.people import OWN_ACCOUNT, URL, header_of, refresh, refused, sign_in
from tests.auth_service.registered_clients import WEB, register

pytestmark = on_both_databases

PAGES = 4


async def let_time_pass(database: Database, span: timedelta) -> None:
    """All tokens were used `span` earlier."""
    used = select(refresh_tokens).where(refresh_tokens.c.used_at.is_not(None)).limit(100)
    for row in await database.fetch_all(used):
        this = update(refresh_tokens).where(refresh_tokens.c.digest == row["digest"])
        await database.execute(this.values(used_at=row["used_at"] - span))


async def reason_of_the_end(database: Database) -> str | None:
    (row,) = await database.fetch_all(select(sessions.c.ended_because).limit(2))
    reason: str | None = row["ended_because"]
    return reason


async def test_after_a_lost_answer_the_same_token_gives_a_successor(
    client: httpx2.AsyncClient, database: Database
) -> None:
    lost = (await sign_in(client))["refresh_token"]
    await refresh(client, lost)
    again = await refresh(client, lost)
    assert again.status_code == 200
    onward = await refresh(client, again.json()["refresh_token"])
    assert (await refresh(client, onward.json()["refresh_token"])).status_code == 200
    assert await reason_of_the_end(database) is None
    noted = select(audit_log.c.details).where(audit_log.c.event == Event.SESSION_REFRESHED.value)
    details = [row["details"] for row in await database.fetch_all(noted.limit(10))]
    assert ['"again": "true"' in each for each in details].count(True) == 1


async def test_pages_that_refresh_at_once_all_get_tokens_and_go_on_with_any_one(
    client: httpx2.AsyncClient, database: Database
) -> None:
    shared = (await sign_in(client))["refresh_token"]
    for chosen in (0, 2, 3):
        answers = await asyncio.gather(*(refresh(client, shared) for _ in range(PAGES)))
        assert [answer.status_code for answer in answers] == [200] * PAGES
        given = [answer.json()["refresh_token"] for answer in answers]
        assert len(set(given)) == PAGES
        shared = given[chosen]
    assert await reason_of_the_end(database) is None


async def test_one_line_of_tokens_goes_on_and_another_one_ends_the_session(
    client: httpx2.AsyncClient, database: Database
) -> None:
    token = (await sign_in(client))["refresh_token"]
    mine, theirs = [(await refresh(client, token)).json()["refresh_token"] for _ in range(2)]
    onward = (await refresh(client, mine)).json()["refresh_token"]
    # Within the leeway, and all the same: two hands use what one token gave.
    assert refused(await refresh(client, theirs)) == (400, "invalid_grant")
    assert refused(await refresh(client, onward)) == (400, "invalid_grant")
    assert await reason_of_the_end(database) == "refresh_token_reused"


async def test_of_two_successors_that_are_used_at_once_one_gives_tokens(
    client: httpx2.AsyncClient, database: Database
) -> None:
    for _ in range(10):
        token = (await sign_in(client))["refresh_token"]
        given = [(await refresh(client, token)).json()["refresh_token"] for _ in range(2)]
        answers = await asyncio.gather(*(refresh(client, each) for each in given))
        assert sorted(answer.status_code for answer in answers) == [200, 400]
    alive = select(sessions.c.id).where(sessions.c.ended_at.is_(None)).limit(1)
    assert await database.fetch_all(alive) == []


async def test_later_than_the_leeway_it_is_reuse(
    client: httpx2.AsyncClient, database: Database, settings: AuthSettings
) -> None:
    token = (await sign_in(client))["refresh_token"]
    newest = (await refresh(client, token)).json()["refresh_token"]
    await let_time_pass(database, settings.refresh_leeway - timedelta(seconds=2))
    assert (await refresh(client, token)).status_code == 200
    await let_time_pass(database, timedelta(seconds=3))
    assert refused(await refresh(client, token)) == (400, "invalid_grant")
    assert refused(await refresh(client, newest)) == (400, "invalid_grant")
    assert await reason_of_the_end(database) == "refresh_token_reused"


async def test_a_token_from_two_refreshes_ago_is_reuse_at_once(
    client: httpx2.AsyncClient, database: Database
) -> None:
    first = (await sign_in(client))["refresh_token"]
    second = (await refresh(client, first)).json()["refresh_token"]
    await refresh(client, second)
    assert refused(await refresh(client, first)) == (400, "invalid_grant")
    assert await reason_of_the_end(database) == "refresh_token_reused"


async def test_another_client_has_no_leeway(client: httpx2.AsyncClient) -> None:
    shop, other = await register(client, WEB), await register(client, WEB)
    own, foreign = {"client_id": shop["client_id"]}, {"client_id": other["client_id"]}
    tokens = (await redeem(client, await code_for(client, request_of(shop)), shop)).json()
    newest = (await refresh(client, tokens["refresh_token"], **own)).json()["refresh_token"]
    stolen = await refresh(client, tokens["refresh_token"], **foreign)
    assert refused(stolen) == (400, "invalid_grant")
    assert refused(await refresh(client, newest, **own)) == (400, "invalid_grant")


async def test_a_scope_that_is_refused_the_second_time_costs_nothing(
    client: httpx2.AsyncClient,
) -> None:
    token = (await sign_in(client))["refresh_token"]
    newest = (await refresh(client, token)).json()["refresh_token"]
    assert refused(await refresh(client, token, scope="auth:admin")) == (400, "invalid_scope")
    assert (await refresh(client, newest)).status_code == 200


async def test_without_a_leeway_every_second_use_ends_the_session(
    database_url: str, database: Database
) -> None:
    settings = settings_for(database_url, refresh_leeway=timedelta(0))
    async with running(create_app(settings), base_url=URL) as client:
        token = (await sign_in(client))["refresh_token"]
        await refresh(client, token)
        assert refused(await refresh(client, token)) == (400, "invalid_grant")
    assert await reason_of_the_end(database) == "refresh_token_reused"


async def test_a_session_is_listed_once_however_many_successors_wait(
    client: httpx2.AsyncClient,
) -> None:
    tokens = await sign_in(client, scope=OWN_ACCOUNT)
    for _ in range(3):
        newest = (await refresh(client, tokens["refresh_token"])).json()
    listed = await client.get("/users/me/sessions", headers=header_of(newest))
    assert len(listed.json()["items"]) == 1


async def test_the_successors_are_active_until_one_is_used(
    client: httpx2.AsyncClient, database: Database
) -> None:
    async def is_active(token: str) -> bool:
        found = await SessionStore(database).find_refresh_token(digest_of(token))
        return found is not None and found.active

    token = (await sign_in(client))["refresh_token"]
    given = [(await refresh(client, token)).json()["refresh_token"] for _ in range(2)]
    assert [await is_active(each) for each in (token, *given)] == [False, True, True]
    newest = (await refresh(client, given[1])).json()["refresh_token"]
    assert [await is_active(each) for each in (*given, newest)] == [False, False, True]


@pytest.mark.parametrize("used_before", [False, True])
async def test_tokens_of_an_earlier_version_go_on(
    client: httpx2.AsyncClient, database: Database, used_before: bool
) -> None:
    token = (await sign_in(client))["refresh_token"]
    if used_before:
        token = (await refresh(client, token)).json()["refresh_token"]
    await database.execute(update(refresh_tokens).values(generation=None))
    answers = await asyncio.gather(*(refresh(client, token) for _ in range(2)))
    assert [answer.status_code for answer in answers] == [200, 200]
    onward = await refresh(client, answers[1].json()["refresh_token"])
    assert onward.status_code == 200
    assert refused(await refresh(client, token)) == (400, "invalid_grant")
