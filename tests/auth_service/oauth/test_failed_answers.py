"""The database fails while tokens are written: nothing is used up, and the same request is good when it is back."""

from collections.abc import AsyncIterator, Hashable, Sequence
from contextlib import asynccontextmanager
from typing import Any

import httpx2
import pytest
from sqlalchemy import Executable, Insert, func, select

from auth_service.settings import AuthSettings
from auth_service.tables import access_tokens, authorization_codes, refresh_tokens, sessions
from gatehouse_chassis.database import Database, DatabaseUnavailable, Row, Statements, open_database
from tests.auth_service.authorization import VERIFIER, code_for, redeem, request_of
from tests.auth_service.databases import on_both_databases
from tests.auth_service.parts import Parts
from tests.auth_service.people import DEMO, refresh, refused, sign_in
from tests.auth_service.registered_clients import WEB, register

pytestmark = on_both_databases


class LosesAccessTokens(Database):
    """A database that is gone as soon as an access token was stored, as often as `failures` says."""

    def __init__(self, database: Database) -> None:
        self.failures = 0
        self._database = database

    def fail(self, statement: Executable) -> None:
        if self.failures and isinstance(statement, Insert) and statement.table is access_tokens:
            self.failures -= 1
            raise DatabaseUnavailable("gone")

    async def fetch_all(self, statement: Executable, **parameters: Any) -> Sequence[Row]:
        self.fail(statement)
        return await self._database.fetch_all(statement, **parameters)

    async def execute(self, statement: Executable, **parameters: Any) -> int:
        return await self._database.execute(statement, **parameters)

    async def search(
        self, statement: Executable, *, searcher: Hashable | None, **parameters: Any
    ) -> Sequence[Row]:
        return await self._database.search(statement, searcher=searcher, **parameters)

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Statements]:
        async with self._database.transaction() as statements:
            yield _InTransaction(statements, self)

    async def check_writes(self) -> None:
        await self._database.check_writes()

    async def close(self) -> None:
        await self._database.close()


class _InTransaction(Statements):
    def __init__(self, statements: Statements, database: LosesAccessTokens) -> None:
        self._statements = statements
        self._database = database

    async def fetch_all(self, statement: Executable, **parameters: Any) -> Sequence[Row]:
        rows = await self._statements.fetch_all(statement, **parameters)
        self._database.fail(statement)
        return rows

    async def execute(self, statement: Executable, **parameters: Any) -> int:
        return await self._statements.execute(statement, **parameters)


@pytest.fixture
def flaky(database_url: str) -> LosesAccessTokens:
    return LosesAccessTokens(open_database(database_url))


@pytest.fixture
def parts(flaky: LosesAccessTokens) -> Parts:
    return {"database": flaky}


@pytest.fixture
def settings(settings: AuthSettings) -> AuthSettings:
    """Without a leeway, which would hide that a token was used up."""
    return settings.model_copy(update={"refresh_leeway": settings.refresh_leeway * 0})


async def rows_of(database: Database) -> dict[str, int]:
    """How many rows there are of all that a grant writes, and how many are used."""
    counted = {}
    for table in (sessions, access_tokens, refresh_tokens, authorization_codes):
        [row] = await database.fetch_all(select(func.count().label("n")).select_from(table))
        counted[table.name] = row["n"]
    for table in (refresh_tokens, authorization_codes):
        used = select(func.count().label("n")).where(table.c.used_at.is_not(None))
        [row] = await database.fetch_all(used)
        counted[f"used {table.name}"] = row["n"]
    return counted


def unavailable(answer: httpx2.Response) -> bool:
    return refused(answer) == (503, "temporarily_unavailable") and "Retry-After" in answer.headers


async def test_a_refresh_token_is_good_after_a_failure(
    client: httpx2.AsyncClient, database: Database, flaky: LosesAccessTokens
) -> None:
    token = (await sign_in(client))["refresh_token"]
    before, flaky.failures = await rows_of(database), 3
    for _ in range(3):
        assert unavailable(await refresh(client, token))
    assert await rows_of(database) == before
    answer = await refresh(client, token)
    assert answer.status_code == 200
    assert (await refresh(client, answer.json()["refresh_token"])).status_code == 200


async def test_a_code_is_good_after_a_failure(
    client: httpx2.AsyncClient, database: Database, flaky: LosesAccessTokens
) -> None:
    web = await register(client, WEB)
    code = await code_for(client, request_of(web))
    before, flaky.failures = await rows_of(database), 2
    for _ in range(2):
        assert unavailable(await redeem(client, code, web, code_verifier=VERIFIER))
    assert await rows_of(database) == before
    assert (await redeem(client, code, web)).status_code == 200
    assert refused(await redeem(client, code, web)) == (400, "invalid_grant")


async def test_a_sign_in_that_failed_leaves_no_session(
    client: httpx2.AsyncClient, database: Database, flaky: LosesAccessTokens
) -> None:
    before, flaky.failures = await rows_of(database), 1
    assert unavailable(await client.post("/token", data=DEMO.password_grant))
    assert await rows_of(database) == before
    await sign_in(client)
