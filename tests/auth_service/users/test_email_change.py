"""Changing the mail address: the new one proves itself, the old one is told, and so is a change of the password."""

import asyncio
from typing import Any

import httpx2
import pytest
from sqlalchemy import select, update

from auth_service.mail.outbox import Outbox
from auth_service.tables import email_changes
from gatehouse_chassis.database import Database
from gatehouse_chassis.database.columns import now
from tests.auth_service.databases import on_both_databases
from tests.auth_service.mailbox import Mailbox
from tests.auth_service.parts import Parts
from tests.auth_service.people import ADMIN, Person, bearer, make_user, sign_in

ADA = Person("ada", "engine-of-9-difference-wheels")
OLD, NEW = "ada@example.com", "Ada@new.example.com"
NEW_PASSWORD = "another-engine-of-5-wheels"


@pytest.fixture
def parts() -> Parts:
    """Mails are asked for at one moment."""
    moment = now()
    return {"clock": lambda: moment}


@pytest.fixture
async def ada(client: httpx2.AsyncClient) -> dict[str, str]:
    await make_user(client, ADA, email=OLD)
    return await bearer(client, ADA)


async def ask(
    outbox: Outbox, client: httpx2.AsyncClient, headers: dict[str, str], email: str | None = NEW
) -> httpx2.Response:
    """The answer, when all that comes after it is done."""
    body = {"current_password": ADA.password, "email": email}
    answer = await client.put("/users/me/email", headers=headers, json=body)
    await outbox.close()
    return answer


async def confirm(outbox: Outbox, client: httpx2.AsyncClient, token: str) -> httpx2.Response:
    answer = await client.post("/users/email/confirm", json={"token": token})
    await outbox.close()
    return answer


async def email_of(client: httpx2.AsyncClient, headers: dict[str, str]) -> Any:
    return (await client.get("/users/me", headers=headers)).json()["email"]


@on_both_databases
async def test_a_new_address_counts_from_when_its_link_is_used_and_the_old_one_is_told_twice(
    outbox: Outbox, client: httpx2.AsyncClient, mailbox: Mailbox, ada: dict[str, str]
) -> None:
    asked = await ask(outbox, client, ada)
    assert (asked.status_code, asked.json()["email"]) == (202, OLD)
    assert [(to, subject) for to, subject, _ in mailbox.mails] == [
        (OLD, "A change of your mail address was asked for"),
        (NEW, "Confirm your mail address"),
    ]
    assert await email_of(client, ada) == OLD
    token = mailbox.token
    assert (await confirm(outbox, client, token)).status_code == 204
    assert await email_of(client, ada) == NEW
    assert mailbox.mails[-1][:2] == (OLD, "Your mail address was changed")
    assert (await confirm(outbox, client, token)).status_code == 422


@on_both_databases
async def test_of_two_who_use_a_token_at_once_one_changes_the_address(
    outbox: Outbox, client: httpx2.AsyncClient, mailbox: Mailbox, ada: dict[str, str]
) -> None:
    await ask(outbox, client, ada)
    token = mailbox.token
    answers = await asyncio.gather(*(confirm(outbox, client, token) for _ in range(3)))
    assert sorted(answer.status_code for answer in answers) == [204, 422, 422]


async def test_until_then_a_reset_goes_to_the_old_address(
    outbox: Outbox, client: httpx2.AsyncClient, mailbox: Mailbox, ada: dict[str, str]
) -> None:
    await ask(outbox, client, ada)
    await client.post("/users/password-reset", json={"username": ADA.username})
    await outbox.close()
    assert mailbox.mails[-1][0] == OLD


@on_both_databases
@pytest.mark.parametrize(
    "change", ["password", "reset", "disabled", "removed", "another", "expiry"]
)
async def test_a_link_to_a_new_address_is_void(
    outbox: Outbox,
    client: httpx2.AsyncClient,
    mailbox: Mailbox,
    ada: dict[str, str],
    database: Database,
    change: str,
) -> None:
    """Whoever takes the account back must not lose it to a link that a thief has asked for."""
    await ask(outbox, client, ada, "thief@example.com")
    token = mailbox.token
    if change == "password":
        new = {"current_password": ADA.password, "new_password": NEW_PASSWORD}
        await client.post("/users/me/password", headers=ada, json=new)
    elif change == "reset":
        await client.post("/users/password-reset", json={"username": ADA.username})
        await outbox.close()
        new = {"token": mailbox.token, "new_password": NEW_PASSWORD}
        await client.post("/users/password-reset/confirm", json=new)
    elif change == "disabled":
        path = f"/users/{(await client.get('/users/me', headers=ada)).json()['id']}"
        admin = await bearer(client, ADMIN, scope="auth:admin")
        await client.patch(path, headers=admin, json={"disabled": True})
    elif change == "expiry":
        await database.execute(update(email_changes).values(expires_at=now()))
    else:
        await ask(outbox, client, ada, None if change == "removed" else NEW)
    assert (await confirm(outbox, client, token)).status_code == 422


async def test_a_removed_address_is_told(
    outbox: Outbox, client: httpx2.AsyncClient, mailbox: Mailbox, ada: dict[str, str]
) -> None:
    removed = await ask(outbox, client, ada, None)
    assert (removed.status_code, removed.json()["email"]) == (200, None)
    assert [mail[:2] for mail in mailbox.mails] == [(OLD, "Your mail address was changed")]


async def test_a_changed_password_is_told(
    outbox: Outbox, client: httpx2.AsyncClient, mailbox: Mailbox, ada: dict[str, str]
) -> None:
    new = {"current_password": ADA.password, "new_password": NEW_PASSWORD}
    await client.post("/users/me/password", headers=ada, json=new)
    await outbox.close()
    assert [mail[:2] for mail in mailbox.mails] == [(OLD, "Your password was changed")]
    assert mailbox.link.endswith("/password-reset")


async def test_what_is_refused_sends_nothing(
    outbox: Outbox, client: httpx2.AsyncClient, mailbox: Mailbox, ada: dict[str, str]
) -> None:
    body = {"current_password": "wrong", "email": NEW}
    answer = await client.put("/users/me/email", headers=ada, json=body)
    assert answer.status_code == 422
    await outbox.close()
    assert mailbox.mails == []


async def test_nobody_fills_a_stranger_s_mailbox_with_changes(
    outbox: Outbox, client: httpx2.AsyncClient, mailbox: Mailbox, ada: dict[str, str]
) -> None:
    statuses = [(await ask(outbox, client, ada)).status_code for _ in range(7)]
    assert statuses == [202] * 5 + [429] * 2
    assert len(mailbox.mails) == 10
    assert await sign_in(client, ADA)


@pytest.mark.parametrize("token", ["", "x", "\N{PILE OF POO}", "A" * 43])
async def test_an_unknown_token_changes_nothing(
    shared_client: httpx2.AsyncClient, token: str
) -> None:
    answer = await shared_client.post("/users/email/confirm", json={"token": token})
    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, "#/token")


async def test_a_token_is_stored_as_a_digest(
    outbox: Outbox,
    client: httpx2.AsyncClient,
    mailbox: Mailbox,
    database: Database,
    ada: dict[str, str],
) -> None:
    await ask(outbox, client, ada)
    (row,) = await database.fetch_all(select(email_changes.c.digest).limit(2))
    assert len(row["digest"]) == 64
    assert row["digest"] != mailbox.token
