"""Resetting a forgotten password: by a token that is mailed, good once and for a short time."""

import asyncio

import httpx2
import pytest
from sqlalchemy import select, update

from auth_service.audit.events import Event
from auth_service.mail.outbox import Outbox
from auth_service.tables import audit_log, password_resets
from gatehouse_chassis.database import Database
from gatehouse_chassis.database.columns import now
from tests.auth_service.databases import on_both_databases
from tests.auth_service.mailbox import Mailbox
from tests.auth_service.people import ADMIN, DEMO, Person, bearer, refresh, refused, sign_in

NEW_PASSWORD = "another-heron-counts-5-boats"
EMAIL = "demo@example.com"


async def give_address(outbox: Outbox, client: httpx2.AsyncClient, mailbox: Mailbox) -> None:
    body = {"current_password": DEMO.password, "email": EMAIL}
    answer = await client.put("/users/me/email", headers=await bearer(client), json=body)
    assert answer.status_code == 202
    await outbox.close()
    answer = await client.post("/users/email/confirm", json={"token": mailbox.token})
    assert answer.status_code == 204
    mailbox.mails.clear()


async def ask(outbox: Outbox, client: httpx2.AsyncClient, username: str) -> httpx2.Response:
    """The answer, when all that comes after it is done."""
    answer = await client.post("/users/password-reset", json={"username": username})
    await outbox.close()
    return answer


async def confirm(
    client: httpx2.AsyncClient, token: str, password: str = NEW_PASSWORD
) -> httpx2.Response:
    body = {"token": token, "new_password": password}
    return await client.post("/users/password-reset/confirm", json=body)


@on_both_databases
async def test_a_mailed_token_sets_a_new_password_once_and_ends_every_session(
    outbox: Outbox, client: httpx2.AsyncClient, mailbox: Mailbox
) -> None:
    await give_address(outbox, client, mailbox)
    session = await sign_in(client)
    assert (await ask(outbox, client, DEMO.username)).status_code == 202
    (to, _, text) = mailbox.mails[0]
    assert (to, "30 minutes" in text) == (EMAIL, True)
    assert (await confirm(client, mailbox.token)).status_code == 204
    assert await sign_in(client, Person(DEMO.username, NEW_PASSWORD))
    assert refused(await refresh(client, session["refresh_token"])) == (400, "invalid_grant")
    used = mailbox.token
    await outbox.close()
    (to, subject, _) = mailbox.mails.pop()
    assert (to, subject) == (EMAIL, "Your password was reset")
    again = await confirm(client, used, "yet-another-heron-counts-6")
    assert (again.status_code, again.json()["errors"][0]["pointer"]) == (422, "#/token")


@on_both_databases
async def test_of_two_who_use_a_token_at_once_one_sets_the_password(
    outbox: Outbox, client: httpx2.AsyncClient, mailbox: Mailbox
) -> None:
    await give_address(outbox, client, mailbox)
    await ask(outbox, client, DEMO.username)
    answers = await asyncio.gather(*(confirm(client, mailbox.token) for _ in range(3)))
    assert sorted(answer.status_code for answer in answers) == [204, 422, 422]


async def test_users_with_and_without_an_address_and_nobody_get_one_answer(
    outbox: Outbox, client: httpx2.AsyncClient, mailbox: Mailbox
) -> None:
    await give_address(outbox, client, mailbox)
    answers = [
        await ask(outbox, client, name) for name in (DEMO.username, ADMIN.username, "nobody")
    ]
    assert {(answer.status_code, answer.content) for answer in answers} == {(202, b"null")}
    assert len({frozenset(answer.headers) for answer in answers}) == 1
    assert [to for to, _, _ in mailbox.mails] == [EMAIL]


async def test_the_audit_log_tells_that_somebody_asked_and_not_for_which_name(
    outbox: Outbox, client: httpx2.AsyncClient, database: Database
) -> None:
    """People type a password by mistake where a name belongs."""
    await ask(outbox, client, "my-password-by-mistake")
    rows = await database.fetch_all(
        select(audit_log).where(audit_log.c.event == Event.PASSWORD_RESET_ASKED.value)
    )
    assert [(row["subject"], row["details"]) for row in rows] == [(None, "{}")]


async def test_a_token_is_good_for_a_short_time(
    outbox: Outbox, client: httpx2.AsyncClient, mailbox: Mailbox, database: Database
) -> None:
    await give_address(outbox, client, mailbox)
    await ask(outbox, client, DEMO.username)
    await database.execute(update(password_resets).values(expires_at=now()))
    assert (await confirm(client, mailbox.token)).status_code == 422
    assert await sign_in(client)


@pytest.mark.parametrize("change", ["email", "password", "disabled"])
async def test_what_changes_the_account_voids_its_tokens(
    outbox: Outbox, client: httpx2.AsyncClient, mailbox: Mailbox, change: str
) -> None:
    await give_address(outbox, client, mailbox)
    await ask(outbox, client, DEMO.username)
    headers, proof = await bearer(client), {"current_password": DEMO.password}
    if change == "email":
        await client.put("/users/me/email", headers=headers, json={**proof, "email": None})
    elif change == "password":
        new = {**proof, "new_password": "one-more-heron-counts-7"}
        await client.post("/users/me/password", headers=headers, json=new)
    else:
        me = (await client.get("/users/me", headers=headers)).json()["id"]
        admin = await bearer(client, ADMIN, scope="auth:admin")
        await client.patch(f"/users/{me}", headers=admin, json={"disabled": True})
    assert (await confirm(client, mailbox.token)).status_code == 422


async def test_a_weak_password_leaves_the_token_good(
    outbox: Outbox, client: httpx2.AsyncClient, mailbox: Mailbox
) -> None:
    await give_address(outbox, client, mailbox)
    await ask(outbox, client, DEMO.username)
    weak = await confirm(client, mailbox.token, "password1234")
    assert weak.json()["errors"][0]["pointer"] == "#/new_password"
    assert (await confirm(client, mailbox.token)).status_code == 204


async def test_nobody_fills_a_mailbox(
    outbox: Outbox, client: httpx2.AsyncClient, mailbox: Mailbox
) -> None:
    await give_address(outbox, client, mailbox)
    for _ in range(8):
        assert (await ask(outbox, client, DEMO.username)).status_code == 202
    assert len(mailbox.mails) == 5
    assert await sign_in(client)  # and it locks nobody out


async def test_a_token_is_stored_as_a_digest(
    outbox: Outbox, client: httpx2.AsyncClient, mailbox: Mailbox, database: Database
) -> None:
    await give_address(outbox, client, mailbox)
    await ask(outbox, client, DEMO.username)
    (row,) = await database.fetch_all(select(password_resets.c.digest).limit(2))
    assert row["digest"] != mailbox.token
    assert len(row["digest"]) == 64


async def test_an_address_is_changed_with_the_password_only(client: httpx2.AsyncClient) -> None:
    body = {"current_password": "wrong", "email": "thief@example.com"}
    answer = await client.put("/users/me/email", headers=await bearer(client), json=body)
    assert answer.json()["errors"][0]["pointer"] == "#/current_password"
