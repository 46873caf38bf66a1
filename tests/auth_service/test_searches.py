"""What may read many rows is searched for, so that on SQLite it runs beside the event loop."""

from collections.abc import Hashable, Sequence
from typing import Any

import httpx2
import pytest
from sqlalchemy import Executable

from auth_service.container import Container
from auth_service.settings import AuthSettings
from gatehouse_chassis.database import Row
from gatehouse_chassis.database.sqlite import SQLiteDatabase
from tests.auth_service.parts import Parts
from tests.auth_service.people import ADMIN, bearer


class WatchedDatabase(SQLiteDatabase):
    """Counts searches."""

    searches = 0

    async def search(
        self, statement: Executable, *, searcher: Hashable | None, **parameters: Any
    ) -> Sequence[Row]:
        self.searches += 1
        return await super().search(statement, searcher=searcher, **parameters)


@pytest.fixture
def watched(settings: AuthSettings) -> WatchedDatabase:
    return WatchedDatabase(settings.database_url)


@pytest.fixture
def parts(watched: WatchedDatabase) -> Parts:
    return {"database": watched}


@pytest.mark.parametrize(
    "path",
    [
        "/users?q=zz",
        "/users/me/sessions",
        "/audit?event=user_disabled",
        "/audit?actor=nobody",
        "/audit?subject=nobody",
    ],
)
async def test_a_list_that_may_read_much_and_find_little_is_a_search(
    client: httpx2.AsyncClient, watched: WatchedDatabase, path: str
) -> None:
    headers = await bearer(client, ADMIN, scope="auth:admin auth:account")
    watched.searches = 0
    answer = await client.get(path, headers=headers)
    assert (answer.status_code, watched.searches) == (200, 1), answer.text


async def test_what_has_expired_is_a_search(container: Container, watched: WatchedDatabase) -> None:
    await container.maintenance.purge_expired()
    assert watched.searches == 3
