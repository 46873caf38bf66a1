"""The mail address does where the user name does: to sign in, and to reset the password."""

import httpx2
import pytest
from sqlalchemy import update

from auth_service.mail.outbox import Outbox
from auth_service.tables import users
from gatehouse_chassis.database import Database
from gatehouse_chassis.database.columns import now
from tests.auth_service.databases import on_both_databases
from tests.auth_service.mailbox import Mailbox
from tests.auth_service.people import Person, bearer, make_user, refused, sign_in
from tests.auth_service.users.test_new_users import pointers_of

EMAIL = "Ada@example.com"
ADA = Person("ada", "engine-of-9-difference-wheels")
AUGUSTA = Person("augusta", "another-engine-of-5-wheels")
NEW_PASSWORD = "a-third-engine-of-6-wheels"


def at(email: str, person: Person = ADA) -> Person:
    """The person, who types the address."""
    return Person(email, person.password)


async def prove(database: Database, *people: Person) -> None:
    """They used a link that was sent to their address."""
    for person in people:
        this = update(users).where(users.c.username_key == person.username)
        await database.execute(this.values(email_verified_at=now()))


async def ask_for_reset(outbox: Outbox, client: httpx2.AsyncClient, login: str) -> httpx2.Response:
    answer = await client.post("/users/password-reset", json={"username": login})
    await outbox.close()
    return answer


@on_both_databases
async def test_people_sign_in_with_their_address(
    client: httpx2.AsyncClient, database: Database
) -> None:
    await make_user(client, ADA, email=EMAIL)
    for _ in range(2):
        me = await client.get("/users/me", headers=await bearer(client, at("ADA@EXAMPLE.com")))
        assert me.json()["username"] == ADA.username
        await prove(database, ADA)
    wrong = await client.post("/token", data=at(EMAIL, AUGUSTA).password_grant)
    assert refused(wrong) == (400, "invalid_grant")


@on_both_databases
async def test_a_proven_address_stands_for_its_owner(
    client: httpx2.AsyncClient, database: Database
) -> None:
    for person in (ADA, AUGUSTA):
        await make_user(client, person, email=EMAIL)
    for person in (ADA, AUGUSTA):
        answer = await client.post("/token", data=at(EMAIL, person).password_grant)
        assert refused(answer) == (400, "invalid_grant")
    await prove(database, AUGUSTA)
    assert await sign_in(client, at(EMAIL, AUGUSTA))
    answer = await client.post("/token", data=at(EMAIL, ADA).password_grant)
    assert refused(answer) == (400, "invalid_grant")


@on_both_databases
async def test_a_name_that_looks_like_an_address_comes_first(
    client: httpx2.AsyncClient, database: Database
) -> None:
    named = Person(EMAIL.lower(), AUGUSTA.password)
    await make_user(client, named)
    await make_user(client, ADA, email=EMAIL)
    await prove(database, ADA)
    assert await sign_in(client, at(EMAIL, named))
    answer = await client.post("/token", data=at(EMAIL, ADA).password_grant)
    assert refused(answer) == (400, "invalid_grant")


async def test_nobody_signs_up_under_the_address_of_somebody_else(
    outbox: Outbox, client: httpx2.AsyncClient, mailbox: Mailbox
) -> None:
    new = {"username": "ada@example.com", "email": "stranger@example.com"}
    assert pointers_of(await client.post("/users", json=new)) == ["#/username"]
    own = {"username": "stranger@example.com", "email": "Stranger@example.com"}
    assert (await client.post("/users", json=own)).status_code == 202
    await outbox.close()
    chosen = {"token": mailbox.token, "password": ADA.password}
    foreign = await client.post("/users/confirm", json={**chosen, "username": "ada@example.com"})
    assert pointers_of(foreign) == ["#/username"]
    assert (await client.post("/users/confirm", json=chosen)).status_code == 201


@on_both_databases
async def test_a_reset_takes_the_address(
    outbox: Outbox, client: httpx2.AsyncClient, mailbox: Mailbox
) -> None:
    await make_user(client, ADA, email=EMAIL)
    assert (await ask_for_reset(outbox, client, "ada@EXAMPLE.com")).status_code == 202
    ((to, _, text),) = mailbox.mails
    assert (to, "password of ada" in text) == (EMAIL, True)
    body = {"token": mailbox.token, "new_password": NEW_PASSWORD}
    answer = await client.post("/users/password-reset/confirm", json=body)
    assert answer.status_code == 204
    assert await sign_in(client, Person(EMAIL, NEW_PASSWORD))


async def test_a_reset_for_an_address_of_several_accounts_says_which(
    outbox: Outbox, client: httpx2.AsyncClient, mailbox: Mailbox, database: Database
) -> None:
    for person in (ADA, AUGUSTA):
        await make_user(client, person, email=EMAIL)
    await ask_for_reset(outbox, client, EMAIL)
    assert mailbox.mails == []  # nobody showed that the mailbox is theirs
    await prove(database, ADA, AUGUSTA)
    await ask_for_reset(outbox, client, EMAIL)
    ((to, _, text),) = mailbox.mails
    assert (to, "ada, augusta" in text, "token=" in text) == (EMAIL, True, False)


@pytest.mark.parametrize("path", ["/password-reset"])
async def test_the_page_asks_for_either(shared_client: httpx2.AsyncClient, path: str) -> None:
    assert "User name or e-mail address" in (await shared_client.get(path)).text
