"""Whoever exists, a request for a mail is the same work: before the answer, and after it, when others wait for it."""

from collections.abc import AsyncIterator, Hashable, Sequence
from contextlib import asynccontextmanager
from contextvars import ContextVar
from typing import Any

import httpx2
import pytest
from sqlalchemy import Executable

from auth_service.mail.outbox import MAX_IN_FLIGHT, MAX_UNSENT, Outbox
from auth_service.settings import AuthSettings
from gatehouse_chassis.database import Database, Row, Statements, open_database
from gatehouse_chassis.database.columns import now
from tests.auth_service.databases import on_both_databases
from tests.auth_service.mailbox import Mailbox
from tests.auth_service.parts import Parts
from tests.auth_service.people import ADMIN, DEMO, Person, make_user

ADA = Person("ada", "engine-of-9-difference-wheels")
EMAIL = "ada@example.com"


# What the service does by itself, in the background, has nothing to do with a request.
is_request = ContextVar("is_request", default=False)


class Watched(Statements):
    """Notes each statement of a request and of what it leaves to be done after the answer."""

    def __init__(self, inner: Statements, noted: list[str]) -> None:
        self._inner = inner
        self.noted = noted

    def note(self, what: str) -> None:
        if is_request.get():
            self.noted.append(what)

    async def fetch_all(self, statement: Executable, **parameters: Any) -> Sequence[Row]:
        self.note(str(statement))
        return await self._inner.fetch_all(statement, **parameters)

    async def execute(self, statement: Executable, **parameters: Any) -> int:
        self.note(str(statement))
        return await self._inner.execute(statement, **parameters)


class WatchedDatabase(Watched, Database):
    """Notes transactions too."""

    def __init__(self, database: Database) -> None:
        super().__init__(database, [])
        self._database = database

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Statements]:
        self.note("BEGIN")
        async with self._database.transaction() as statements:
            yield Watched(statements, self.noted)
        self.note("COMMIT")

    async def search(
        self, statement: Executable, *, searcher: Hashable | None, **parameters: Any
    ) -> Sequence[Row]:
        self.note(str(statement))
        return await self._database.search(statement, searcher=searcher, **parameters)

    async def check_writes(self) -> None:
        await self._database.check_writes()

    async def close(self) -> None:
        await self._database.close()


@pytest.fixture
def watched(settings: AuthSettings) -> WatchedDatabase:
    return WatchedDatabase(open_database(settings.database_url))


@pytest.fixture
def parts(watched: WatchedDatabase) -> Parts:
    moment = now()
    return {"database": watched, "clock": lambda: moment}


async def work_of(
    watched: WatchedDatabase, outbox: Outbox, client: httpx2.AsyncClient, path: str, body: object
) -> tuple[object, ...]:
    """The answer, the statements from the request to the end of its work, and how many mails wait then."""
    watched.noted.clear()
    is_request.set(True)
    answer = await client.post(path, json=body)
    await outbox.work()
    waiting = outbox.unsent
    statements = tuple(watched.noted)
    await outbox.close()
    return answer.status_code, answer.content, statements, waiting


@on_both_databases
async def test_a_reset_is_the_same_work_for_every_name(
    watched: WatchedDatabase, outbox: Outbox, client: httpx2.AsyncClient, mailbox: Mailbox
) -> None:
    await make_user(client, ADA, email=EMAIL)
    path = "/users/password-reset"
    await work_of(watched, outbox, client, path, {"username": "the-first-makes-a-counter"})
    works = {
        await work_of(watched, outbox, client, path, {"username": name})
        for name in (ADA.username, ADMIN.username, "nobody")  # ADMIN has no address
    }
    assert len(works) == 1
    assert [to for to, _, _ in mailbox.mails] == [EMAIL]


@on_both_databases
async def test_a_sign_up_is_the_same_work_for_every_name_and_address(
    watched: WatchedDatabase, outbox: Outbox, client: httpx2.AsyncClient, mailbox: Mailbox
) -> None:
    await client.post("/users", json={"username": ADA.username, "email": EMAIL})
    await outbox.close()
    made = {"token": mailbox.token, "password": ADA.password}
    assert (await client.post("/users/confirm", json=made)).status_code == 201
    await client.post("/users", json={"username": "grace", "email": "grace@example.com"})
    await outbox.close()
    works = {
        await work_of(watched, outbox, client, "/users", {"username": name, "email": email})
        for name in (DEMO.username, "nobody")
        for email in (EMAIL, "grace@example.com")
    }
    assert len(works) == 1
    assert len(mailbox.mails) == 6


@pytest.mark.parametrize("username", ["ada", "nobody"])
async def test_how_many_mails_wait_is_not_told_by_any_answer(
    outbox: Outbox, client: httpx2.AsyncClient, mailbox: Mailbox, username: str
) -> None:
    """They leave late where a mail server is slow; then an answer would tell that the names before had an address."""
    await make_user(client, ADA, email=EMAIL)
    for _ in range(MAX_UNSENT):
        outbox.send("somebody@example.com", "Hello", "A text.\n")
    assert MAX_UNSENT > MAX_IN_FLIGHT
    answer = await client.post("/users/password-reset", json={"username": username})
    assert answer.status_code == 202
    await outbox.close()
    assert len(mailbox.mails) == MAX_UNSENT  # it was dropped, which the log tells
