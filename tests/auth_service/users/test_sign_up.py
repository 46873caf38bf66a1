"""Sign-up by mail: one answer and one mail whoever exists, and an account when the mailed token is used."""

import asyncio
from datetime import timedelta
from typing import Any

import httpx2
import pytest
from argon2 import PasswordHasher
from fastapi import FastAPI
from pydantic import TypeAdapter
from sqlalchemy import select, update
from starlette.types import Message, Receive, Scope, Send

from auth_service.audit.events import Event
from auth_service.container import Container
from auth_service.mail.outbox import Outbox
from auth_service.main import create_app
from auth_service.passwords.hashing import ARGON2ID, PasswordHashing
from auth_service.settings import AuthSettings
from auth_service.tables import audit_log, sign_ups
from auth_service.users.schemas import Email
from auth_service.users.store import UserStore
from gatehouse_chassis.database import Database
from gatehouse_chassis.database.columns import now
from testing.apps import running
from tests.auth_service.databases import on_both_databases
from tests.auth_service.mailbox import Mailbox
from tests.auth_service.parts import Parts
from tests.auth_service.people import ADMIN, DEMO, URL, Person, bearer, make_user, sign_in

GRACE = Person("grace", "compile-the-7-cobol-cards")
EMAIL = "Grace@example.com"
NEW = {"username": GRACE.username, "email": EMAIL}


@pytest.fixture
def parts() -> Parts:
    """Mails are asked for at one moment, however long hashing takes on this machine."""
    moment = now()
    return {"clock": lambda: moment}


async def sign_up(outbox: Outbox, client: httpx2.AsyncClient, **changes: str) -> httpx2.Response:
    """The answer, when all that comes after it is done."""
    answer = await client.post("/users", json={**NEW, **changes})
    await outbox.close()
    return answer


async def confirm(client: httpx2.AsyncClient, token: str, **chosen: str) -> httpx2.Response:
    body = {"token": token, "password": GRACE.password, **chosen}
    return await client.post("/users/confirm", json=body)


async def make_ada(outbox: Outbox, client: httpx2.AsyncClient, mailbox: Mailbox) -> None:
    """Ada, who has proven that the address is hers."""
    await sign_up(outbox, client, username="ada", email="ada@example.com")
    assert (await confirm(client, mailbox.token)).status_code == 201
    mailbox.mails.clear()


def refusal(answer: httpx2.Response) -> tuple[int, str]:
    assert answer.headers["Content-Type"] == "application/problem+json"
    return answer.status_code, answer.json()["code"]


@on_both_databases
async def test_the_mailed_token_makes_the_account_once(
    outbox: Outbox, client: httpx2.AsyncClient, mailbox: Mailbox
) -> None:
    answer = await sign_up(outbox, client, display_name="Grace \N{RABBIT}")
    assert answer.status_code == 202
    assert (await client.post("/token", data=GRACE.password_grant)).status_code == 400
    ((to, _, text),) = mailbox.mails
    assert (to, "24 hours" in text, "grace" in text) == (EMAIL, True, True)

    made = await confirm(client, mailbox.token)
    assert made.status_code == 201
    me = await client.get(
        made.url.join(made.headers["Location"]), headers=await bearer(client, GRACE)
    )
    assert me.json() == made.json()
    profile = {name: me.json()[name] for name in ("username", "display_name", "email", "role")}
    assert profile == {
        "username": "grace",
        "display_name": "Grace \N{RABBIT}",
        "email": EMAIL,
        "role": "user",
    }
    again = await confirm(client, mailbox.token)
    assert refusal(again) == (400, "spent_token")
    assert "made your account already" in again.json()["detail"]


@on_both_databases
async def test_a_confirmed_sign_up_is_deleted_a_week_later(
    outbox: Outbox,
    client: httpx2.AsyncClient,
    mailbox: Mailbox,
    database: Database,
    container: Container,
) -> None:
    await sign_up(outbox, client)
    assert (await confirm(client, mailbox.token)).status_code == 201
    for age, left in ((timedelta(days=6), 1), (timedelta(days=8), 0)):
        then = now() - age
        await database.execute(update(sign_ups).values(confirmed_at=then, expires_at=then))
        await container.maintenance.purge_expired()
        assert len(await database.fetch_all(select(sign_ups).limit(2))) == left


@on_both_databases
async def test_of_several_who_use_a_token_at_once_one_makes_the_account(
    outbox: Outbox, client: httpx2.AsyncClient, mailbox: Mailbox
) -> None:
    await sign_up(outbox, client)
    answers = await asyncio.gather(*(confirm(client, mailbox.token) for _ in range(3)))
    made, *others = sorted(answer.status_code for answer in answers)
    assert made == 201
    assert {*others} <= {400, 429}


@on_both_databases
async def test_a_sign_up_reserves_no_name_and_only_the_holder_of_a_token_learns_that_it_is_gone(
    outbox: Outbox, client: httpx2.AsyncClient, mailbox: Mailbox
) -> None:
    tokens = []
    for email in ("first@example.com", "second@example.com"):
        assert (await sign_up(outbox, client, email=email, username="GRACE")).status_code == 202
        tokens.append(mailbox.token)
    answers = await asyncio.gather(*(confirm(client, token) for token in tokens))
    assert sorted(answer.status_code for answer in answers) == [201, 409]
    late = tokens[[answer.status_code for answer in answers].index(409)]
    assert refusal(await confirm(client, late)) == (409, "conflict")


@pytest.mark.parametrize("token", ["", "x", "\N{PILE OF POO}", "A" * 43])
async def test_an_unknown_token_makes_nothing(
    shared_client: httpx2.AsyncClient, token: str
) -> None:
    assert refusal(await confirm(shared_client, token)) == (400, "spent_token")


@on_both_databases
async def test_an_expired_sign_up_is_refused_and_deleted(
    outbox: Outbox,
    client: httpx2.AsyncClient,
    mailbox: Mailbox,
    database: Database,
    container: Container,
) -> None:
    await sign_up(outbox, client)
    await sign_up(outbox, client, username="ada", email="ada@example.com")
    past = now() - timedelta(seconds=1)
    await database.execute(
        update(sign_ups).where(sign_ups.c.username == "ada").values(expires_at=past)
    )
    assert refusal(await confirm(client, mailbox.token)) == (400, "spent_token")
    assert await container.maintenance.purge_expired() == 1
    (left,) = await database.fetch_all(select(sign_ups).limit(2))
    assert left["username"] == "grace"


# --- who exists is not told -------------------------------------------------------------------------------------------


class CountingHasher(PasswordHasher):
    """Today's hashing, which counts what is hashed."""

    def __init__(self) -> None:
        super().__init__(ARGON2ID.time_cost, ARGON2ID.memory_cost, ARGON2ID.parallelism)
        self.hashed = 0

    def hash(self, password: str | bytes, *, salt: bytes | None = None) -> str:
        self.hashed += 1
        return super().hash(password, salt=salt)


KNOWN = {
    "neither is known": NEW,
    "the name is known": {**NEW, "username": DEMO.username},
    "the name is known in another case": {**NEW, "username": DEMO.username.upper()},
    "the address is known": {**NEW, "email": "ada@example.com"},
    "the address is known in another case": {**NEW, "email": "ADA@example.com"},
    "both are known": {**NEW, "username": DEMO.username, "email": "ada@example.com"},
}


@on_both_databases
async def test_whoever_exists_the_answer_and_the_work_before_it_are_the_same(
    settings: AuthSettings, parts: Parts
) -> None:
    hasher = CountingHasher()
    hashing = PasswordHashing(threads=1, queue=1, hasher=hasher)
    mailbox = Mailbox()
    container = Container.build(settings, hashing=hashing, sender=mailbox, clock=parts["clock"])
    app = create_app(settings, container)
    told = set()
    async with running(app, base_url=URL) as client:
        await make_ada(container.outbox, client, mailbox)
        for number, body in enumerate(KNOWN.values(), 1):
            hasher.hashed = 0
            answer = await client.post("/users", json=body)
            headers = set(answer.headers.items()) - {
                ("x-request-id", answer.headers["x-request-id"])
            }
            told.add((answer.status_code, answer.content, frozenset(headers), hasher.hashed))
            await container.outbox.close()
            assert len(mailbox.mails) == number
            assert mailbox.mails[-1][0] == body["email"]
    assert [answer[0] for answer in told] == [202]
    assert {hashed for *_, hashed in told} == {0}


class WatchedUsers(UserStore):
    """Notes when somebody is looked up."""

    def __init__(self, database: Database, happened: list[str]) -> None:
        super().__init__(database)
        self._happened = happened

    async def names_proven_at(self, email: str) -> list[str]:
        self._happened.append("looked up")
        return await super().names_proven_at(email)


@on_both_databases
async def test_the_answer_has_left_before_anybody_is_looked_up(
    settings: AuthSettings, parts: Parts, database: Database
) -> None:
    happened: list[str] = []
    mailbox = Mailbox()
    users = WatchedUsers(database, happened)
    container = Container.build(settings, users=users, sender=mailbox)
    app = create_app(settings, container)

    async def watched(scope: Scope, receive: Receive, send: Send) -> None:
        async def send_and_note(message: Message) -> None:
            happened.append(message["type"])
            await send(message)

        await app(scope, receive, send_and_note)

    transport = httpx2.ASGITransport(watched)
    async with (
        app.router.lifespan_context(app),
        httpx2.AsyncClient(transport=transport, base_url=URL) as client,
    ):
        await client.post("/users", json=NEW)
        await container.outbox.close()
    assert happened == ["http.response.start", "http.response.body", "looked up"]
    assert len(mailbox.mails) == 1


@on_both_databases
@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"email": "ada@EXAMPLE.com"}, "so there is no new one: ada."),
        ({"username": "demo", "email": "ada@example.com"}, "no new one: ada."),
    ],
    ids=["address", "both"],
)
async def test_the_owner_of_the_address_is_told_why_there_is_no_account_and_what_to_do(
    outbox: Outbox,
    client: httpx2.AsyncClient,
    mailbox: Mailbox,
    database: Database,
    changes: dict[str, str],
    says: str,
) -> None:
    await make_ada(outbox, client, mailbox)
    await sign_up(outbox, client, **changes)
    ((_, _, text),) = mailbox.mails
    assert says in text
    assert mailbox.link.endswith("/password-reset")
    waiting = select(sign_ups).where(sign_ups.c.confirmed_at.is_(None)).limit(1)
    assert await database.fetch_all(waiting) == []


@on_both_databases
async def test_whose_name_is_taken_chooses_another_with_the_same_link(
    outbox: Outbox, client: httpx2.AsyncClient, mailbox: Mailbox
) -> None:
    await sign_up(outbox, client, username="DEMO")
    assert "That name is taken" in mailbox.mails[-1][2]
    assert refusal(await confirm(client, mailbox.token)) == (409, "conflict")
    made = await confirm(client, mailbox.token, username="grace")
    assert (made.status_code, made.json()["username"]) == (201, "grace")
    assert await sign_in(client, GRACE)


async def test_a_token_tells_of_a_few_names_whether_they_are_taken(
    outbox: Outbox, client: httpx2.AsyncClient, mailbox: Mailbox
) -> None:
    await sign_up(outbox, client)
    tried = [await confirm(client, mailbox.token, username="demo") for _ in range(5)]
    assert {answer.status_code for answer in tried} == {409}
    for username in ("demo", "somebody"):
        answer = await confirm(client, mailbox.token, username=username)
        assert refusal(answer) == (429, "too_many_requests")


@on_both_databases
async def test_a_stranger_s_sign_up_sets_no_password_and_does_not_stop_the_owner(
    outbox: Outbox, client: httpx2.AsyncClient, mailbox: Mailbox
) -> None:
    stranger, owner = {"X-Forwarded-For": "203.0.113.9"}, {"X-Forwarded-For": "198.51.100.7"}
    for number in range(10):
        asked = {"username": f"stranger-{number}", "email": EMAIL}
        await client.post("/users", json=asked, headers=stranger)
        await outbox.close()
    by_stranger = mailbox.token
    mailbox.mails.clear()
    await client.post("/users", json=NEW, headers=owner)
    await outbox.close()
    assert [to for to, _, _ in mailbox.mails] == [EMAIL]
    # Whichever link the owner takes, the name and the password are the owner's.
    made = await confirm(client, by_stranger, username=GRACE.username, display_name="Grace")
    assert (made.status_code, made.json()["username"]) == (201, GRACE.username)
    assert await sign_in(client, GRACE)


async def test_strangers_everywhere_keep_the_owner_waiting_but_not_without_a_link(
    outbox: Outbox, client: httpx2.AsyncClient, mailbox: Mailbox
) -> None:
    for number in range(25):
        stranger = {"X-Forwarded-For": f"203.0.113.{number}"}
        await client.post("/users", json={**NEW, "username": "stranger"}, headers=stranger)
        await outbox.close()
    assert len(mailbox.mails) == 20
    assert (await sign_up(outbox, client)).status_code == 202
    assert len(mailbox.mails) == 20
    assert (await confirm(client, mailbox.token, username=GRACE.username)).status_code == 201
    assert await sign_in(client, GRACE)


async def test_a_sign_up_with_a_password_is_refused_and_not_taken_for_one_without(
    outbox: Outbox, client: httpx2.AsyncClient, mailbox: Mailbox
) -> None:
    for username in (DEMO.username, "grace"):
        answer = await sign_up(outbox, client, username=username, password=GRACE.password)
        assert refusal(answer) == (422, "invalid_input")
        assert answer.json()["errors"][0]["pointer"] == "#/password"
    assert mailbox.mails == []


@pytest.mark.parametrize("password", ["short", "password1234", "x" * 257])
async def test_a_password_that_is_refused_leaves_the_token_good(
    outbox: Outbox, client: httpx2.AsyncClient, mailbox: Mailbox, password: str
) -> None:
    await sign_up(outbox, client)
    answer = await confirm(client, mailbox.token, password=password)
    assert refusal(answer) == (422, "invalid_input")
    assert answer.json()["errors"][0]["pointer"] == "#/password"
    assert (await confirm(client, mailbox.token)).status_code == 201


@on_both_databases
async def test_an_address_that_nobody_proved_is_nobody_s(
    outbox: Outbox, client: httpx2.AsyncClient, mailbox: Mailbox
) -> None:
    """Anybody may be given your address; you are not told that the account is yours."""
    await make_user(client, Person("thief", "engine-of-9-difference-wheels"), email=EMAIL)
    await sign_up(outbox, client)
    assert "thief" not in mailbox.mails[-1][2]
    assert (await confirm(client, mailbox.token)).status_code == 201


async def test_a_sign_up_needs_an_address(shared_client: httpx2.AsyncClient) -> None:
    new = {"username": GRACE.username}
    answer = await shared_client.post("/users", json=new)
    assert refusal(answer) == (422, "invalid_input")
    assert answer.json()["errors"][0]["pointer"] == "#/email"


async def test_nobody_fills_a_mailbox_with_sign_ups(
    outbox: Outbox, client: httpx2.AsyncClient, mailbox: Mailbox
) -> None:
    for number in range(8):
        assert (await sign_up(outbox, client, username=f"grace-{number}")).status_code == 202
    assert len(mailbox.mails) == 5
    assert await sign_in(client)


async def test_one_place_cannot_send_mails_to_everybody(
    outbox: Outbox, client: httpx2.AsyncClient, mailbox: Mailbox
) -> None:
    for number in range(35):
        body = {**NEW, "email": f"somebody-{number}@example.com"}
        place = {"X-Forwarded-For": "203.0.113.9"}
        assert (await client.post("/users", json=body, headers=place)).status_code == 202
        await outbox.close()
    assert len(mailbox.mails) == 30


async def test_when_too_many_mails_are_under_way_everybody_is_told_to_come_back(
    outbox: Outbox, client: httpx2.AsyncClient
) -> None:
    may_go_on = asyncio.Event()

    async def errand() -> None:
        await may_go_on.wait()

    for _ in range(50):
        outbox.add(errand)
    for username in (DEMO.username, "grace"):
        answer = await client.post("/users", json={**NEW, "username": username})
        assert refusal(answer) == (503, "service_unavailable")
        assert answer.headers["Retry-After"] == "5"
    may_go_on.set()


@on_both_databases
async def test_a_token_is_stored_as_a_digest_and_a_password_not_at_all(
    outbox: Outbox, client: httpx2.AsyncClient, mailbox: Mailbox, database: Database
) -> None:
    await sign_up(outbox, client)
    (row,) = await database.fetch_all(select(sign_ups).limit(2))
    assert len(row["digest"]) == 64
    assert row["password_hash"] is None
    assert mailbox.token not in set(map(str, row.values()))


@on_both_databases
async def test_what_was_asked_and_what_was_confirmed_is_told_in_the_audit_log(
    outbox: Outbox, client: httpx2.AsyncClient, mailbox: Mailbox, database: Database
) -> None:
    await sign_up(outbox, client, username=DEMO.username)
    await sign_up(outbox, client)
    user = (await confirm(client, mailbox.token)).json()
    told = await database.fetch_all(
        select(audit_log).where(audit_log.c.request_id.is_not(None)).order_by(audit_log.c.id)
    )
    assert [(entry["event"], entry["subject"]) for entry in told] == [
        (Event.SIGN_UP_ASKED, None),
        (Event.SIGN_UP_ASKED, None),
        (Event.USER_CREATED, user["id"]),
        (Event.SIGN_UP_CONFIRMED, user["id"]),
    ]
    assert [entry["details"] for entry in told[:2]] == [
        '{"username": "demo", "mailed": "name_taken"}',
        '{"username": "grace", "mailed": "confirmation"}',
    ]


# --- credentials are judged, never passed over ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("credentials", "told"),
    [
        ("Bearer broken", (401, "invalid_token")),
        ("Bearer", (401, "missing_token")),
        ("", (401, "missing_token")),
        ("Basic Og==", (401, "missing_token")),
    ],
)
async def test_bad_credentials_are_refused_and_not_taken_for_none(
    shared_client: httpx2.AsyncClient, credentials: str, told: tuple[int, str]
) -> None:
    answer = await shared_client.post("/users", json=NEW, headers={"Authorization": credentials})
    assert refusal(answer) == told
    assert answer.headers["WWW-Authenticate"].startswith("Bearer")


@pytest.mark.parametrize(("person", "scope"), [(DEMO, "auth:profile"), (ADMIN, "auth:profile")])
async def test_only_an_administrator_s_token_makes_users(
    client: httpx2.AsyncClient, person: Person, scope: str
) -> None:
    headers = await bearer(client, person, scope=scope)
    answer = await client.post("/users", json=NEW, headers=headers)
    assert refusal(answer) == (403, "insufficient_scope")


def test_the_document_says_that_the_token_may_be_left_out(app: FastAPI) -> None:
    operation: dict[str, Any] = app.openapi()["paths"]["/users"]["post"]
    assert operation["security"] == [{}, {"OAuth2PasswordBearer": ["auth:admin"]}]
    assert {"201", "202", "401", "403", "409", "503"} <= set(operation["responses"])


@pytest.mark.parametrize(
    "address",
    ["=?utf-8?b?YQ==?=@example.com", "=?utf-8?q?=0AX:?=@example.com", "a==?b@example.com"],
)
async def test_an_address_has_one_spelling(shared_client: httpx2.AsyncClient, address: str) -> None:
    """A mail header would read an encoded word (RFC 2047) as the address that it stands for."""
    answer = await shared_client.post("/users", json={**NEW, "email": address})
    assert refusal(answer) == (422, "invalid_input")
    assert answer.json()["errors"][0]["pointer"] == "#/email"


@pytest.mark.parametrize("address", ["a=b@example.com", "a+b?c@example.com", "o'hara@example.com"])
def test_an_odd_address_is_taken(address: str) -> None:
    assert TypeAdapter(Email).validate_python(address) == address
