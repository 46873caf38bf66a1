"""A mailed link and a change of the password at once: one waits for the other, and neither fails."""

import asyncio
from collections.abc import Callable, Coroutine
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import text

from auth_service.audit.context import AuditContext
from auth_service.audit.events import Event
from auth_service.users.email_change.store import EmailChangeStore
from auth_service.users.password_reset.store import PasswordResetStore
from auth_service.users.store import User, UserStore, require_password, set_password
from gatehouse_chassis.database import Database
from gatehouse_chassis.database.columns import now
from tests.auth_service.databases import on_both_databases
from tests.auth_service.people import DEMO

PATIENCE = 20.0
CONTEXT = AuditContext()
Use = Callable[[Database, User, str], Coroutine[Any, Any, object]]


async def reset_password(database: Database, user: User, digest: str) -> object:
    return await PasswordResetStore(database).use(digest, "hash of a reset", CONTEXT)


async def change_email(database: Database, user: User, digest: str) -> object:
    return await EmailChangeStore(database).use(digest, CONTEXT)


async def mail_links(database: Database, digest: str) -> User:
    """The user, to whom both kinds of links are on their way."""
    user = await UserStore(database).find_by_name(DEMO.username)
    assert user
    later = now() + timedelta(hours=1)
    await PasswordResetStore(database).add(digest, user.id, later, CONTEXT)
    await EmailChangeStore(database).add(digest, user, "demo@example.com", later, CONTEXT)
    return user


@pytest.mark.parametrize("use", [reset_password, change_email])
@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
async def test_a_link_waits_for_a_password_change_that_is_being_written(
    database: Database, use: Use
) -> None:
    user = await mail_links(database, "0" * 64)
    waiting = text("SELECT count(*) AS number FROM pg_locks WHERE NOT granted")
    async with database.transaction() as statements:
        await require_password(statements, user)
        using = asyncio.create_task(use(database, user, "0" * 64))
        async with asyncio.timeout(PATIENCE):
            while not using.done():
                row = await database.fetch_one(waiting)
                if row and row["number"]:
                    break
                await asyncio.sleep(0.01)
        await set_password(statements, user.id, "another hash", Event.PASSWORD_CHANGED, CONTEXT)
    # The change made the link void.
    assert not await using


@on_both_databases
@pytest.mark.parametrize("use", [reset_password, change_email])
async def test_links_and_password_changes_at_once_all_end(database: Database, use: Use) -> None:
    for number in range(10):
        user = await mail_links(database, str(number))
        changing = UserStore(database).change_password(user.id, f"hash {number}", CONTEXT)
        await asyncio.gather(use(database, user, str(number)), changing)
