"""The audit log: what it tells, to whom, and that nobody rewrites it."""

import asyncpg
import httpx2
import pytest
from sqlalchemy import delete, select, text, update

from auth_service.audit.events import Event
from auth_service.container import Container
from auth_service.tables import audit_log, users
from gatehouse_chassis.database import Database, IntegrityError
from tests.auth_service.authorization import answer_in, redeem, request_of, sign_in_form
from tests.auth_service.databases import on_both_databases
from tests.auth_service.people import (
    ADMIN,
    DEMO,
    OWN_ACCOUNT,
    Person,
    bearer,
    header_of,
    make_user,
    refresh,
    refused,
    sign_in,
)
from tests.auth_service.registered_clients import SERVICE, WEB, register

NEW_PASSWORD = "another-heron-counts-5-boats"


async def told(database: Database) -> list[dict[str, object]]:
    """The whole log, oldest first, without what the first start wrote."""
    rows = await database.fetch_all(select(audit_log).order_by(audit_log.c.id).limit(100))
    return [dict(row) for row in rows if row["request_id"]]


async def events_told(database: Database) -> list[object]:
    return [entry["event"] for entry in await told(database)]


@on_both_databases
async def test_a_life_of_a_user_is_told_in_its_order(
    client: httpx2.AsyncClient, database: Database
) -> None:
    person = Person("grace", "compile-the-7-cobol-cards")
    await make_user(client, person)
    await client.post("/token", data={**person.password_grant, "password": "wrong"})
    headers = await bearer(client, person)
    change = {"current_password": person.password, "new_password": NEW_PASSWORD}
    await client.post("/users/me/password", headers=headers, json=change)
    admin = await bearer(client, ADMIN, scope="auth:admin")
    grace = (await client.get("/users", headers=admin)).json()["items"][0]["id"]
    for disabled in (True, True, False):
        await client.patch(f"/users/{grace}", headers=admin, json={"disabled": disabled})
    assert await events_told(database) == [
        Event.SIGNED_IN,
        Event.USER_CREATED,
        Event.SIGN_IN_FAILED,
        Event.SIGNED_IN,
        Event.PASSWORD_CHANGED,
        Event.SESSIONS_ENDED,
        Event.SIGNED_IN,
        Event.USERS_READ,
        Event.USER_DISABLED,
        Event.USER_ENABLED,
    ]


async def test_an_entry_says_who_did_what_to_whom_from_where_and_in_which_request(
    client: httpx2.AsyncClient, database: Database
) -> None:
    demo = (await client.get("/users/me", headers=await bearer(client))).json()["id"]
    admin = await bearer(client, ADMIN, scope="auth:admin auth:profile")
    me = (await client.get("/users/me", headers=admin)).json()["id"]
    answer = await client.patch(
        f"/users/{demo}",
        headers={**admin, "X-Forwarded-For": "203.0.113.9"},
        json={"disabled": True},
    )
    disabled, ended = (await told(database))[-2:]
    assert (disabled["event"], disabled["subject"]) == (Event.USER_DISABLED, demo)
    assert ended["details"] == '{"reason": "user_disabled", "sessions": "1"}'
    for entry in (disabled, ended):
        assert (entry["actor"], entry["address"]) == (me, "203.0.113.9")
        assert entry["request_id"] == answer.headers["X-Request-ID"]


async def test_the_reuse_of_a_refresh_token_is_told(
    client: httpx2.AsyncClient, database: Database
) -> None:
    tokens = await sign_in(client)
    second = (await refresh(client, tokens["refresh_token"])).json()
    await refresh(client, second["refresh_token"])
    await refresh(client, tokens["refresh_token"])
    ended = (await told(database))[-1]
    assert ended["event"] == Event.SESSION_ENDED
    assert "refresh_token_reused" in str(ended["details"])


@on_both_databases
async def test_administrators_read_it_page_by_page_and_by_what_they_look_for(
    client: httpx2.AsyncClient,
) -> None:
    admin = await bearer(client, ADMIN, scope="auth:admin")
    demo = (await client.get("/users/me", headers=await bearer(client))).json()["id"]
    for _ in range(2):
        await client.post("/token", data={**DEMO.password_grant, "password": "wrong"})
    failed = {"event": "sign_in_failed", "subject": demo, "limit": "1"}
    first = (await client.get("/audit", headers=admin, params=failed)).json()
    cursor = {"cursor": first["next_cursor"]}
    second = (await client.get("/audit", headers=admin, params=failed | cursor)).json()
    (newest,), (oldest,) = first["items"], second["items"]
    assert newest["id"] > oldest["id"]
    assert second["next_cursor"] is None
    assert (newest["event"], newest["subject"]) == ("sign_in_failed", demo)
    nobody = (await client.get("/audit", headers=admin, params={"actor": "nobody"})).json()
    assert nobody["items"] == []


@pytest.mark.parametrize("person", [None, DEMO])
async def test_nobody_else_reads_it(client: httpx2.AsyncClient, person: Person | None) -> None:
    headers = await bearer(client, person) if person else {}
    assert (await client.get("/audit", headers=headers)).status_code == (403 if person else 401)


@on_both_databases
@pytest.mark.parametrize(
    "rewriting", [update(audit_log).values(event="nothing"), delete(audit_log)], ids=str
)
async def test_not_even_the_service_can_rewrite_it(
    client: httpx2.AsyncClient, database: Database, rewriting: object
) -> None:
    await sign_in(client)
    before = await told(database)
    with pytest.raises((IntegrityError, asyncpg.RaiseError), match="only added"):
        await database.execute(rewriting)  # type: ignore[arg-type]
    assert await told(database) == before


@pytest.mark.parametrize("number", ["id", "rowid"])
@pytest.mark.parametrize(
    "statement",
    [
        "INSERT OR REPLACE INTO audit_log ({columns}) SELECT {values} FROM audit_log LIMIT 1",
        "REPLACE INTO audit_log ({columns}) SELECT {values} FROM audit_log LIMIT 1",
        "INSERT INTO audit_log ({columns}) SELECT {values} FROM audit_log WHERE true LIMIT 1 "
        "ON CONFLICT DO UPDATE SET event = 'nothing'",
    ],
)
async def test_no_insert_of_sqlite_rewrites_it(
    client: httpx2.AsyncClient, database: Database, statement: str, number: str
) -> None:
    await sign_in(client)
    every = select(audit_log).order_by(audit_log.c.id).limit(100)
    before = await database.fetch_all(every)
    others = "at, event, subject, actor, address, request_id, details"
    columns = "id, " + others if number == "id" else "rowid, id, " + others
    values = columns.replace("event", "'nothing'")
    if number == "rowid":
        values = values.replace(" id,", " 'another',")
    with pytest.raises(IntegrityError, match="only added"):
        await database.execute(text(statement.format(columns=columns, values=values)))
    assert await database.fetch_all(every) == before
    await sign_in(client)
    assert len(await database.fetch_all(every)) == len(before) + 1


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
async def test_no_insert_of_postgresql_rewrites_it(
    client: httpx2.AsyncClient, database: Database
) -> None:
    await sign_in(client)
    before = await told(database)
    upsert = (
        "INSERT INTO audit_log SELECT * FROM audit_log LIMIT 1 "
        "ON CONFLICT (id) DO UPDATE SET event = 'nothing'"
    )
    for rewriting in (upsert, "TRUNCATE audit_log"):
        with pytest.raises(asyncpg.RaiseError, match="only added"):
            await database.execute(text(rewriting))
    assert await told(database) == before


async def test_the_life_of_a_client_is_told(client: httpx2.AsyncClient, database: Database) -> None:
    admin = await bearer(client, ADMIN, scope="auth:admin")
    new = {
        "name": "Nightly job",
        "confidential": True,
        "grants": ["client_credentials"],
        "scopes": ["items:read"],
    }
    client_id = (await client.post("/clients", headers=admin, json=new)).json()["client_id"]
    await client.post(f"/clients/{client_id}/secret", headers=admin)
    await client.delete(f"/clients/{client_id}", headers=admin)
    about = [entry for entry in await told(database) if entry["subject"] == client_id]
    assert [entry["event"] for entry in about] == [
        Event.CLIENT_CREATED,
        Event.CLIENT_SECRET_RENEWED,
        Event.CLIENT_REMOVED,
    ]
    assert all(entry["actor"] for entry in about)


async def last_told(database: Database, event: Event) -> dict[str, object]:
    """The newest entry of this event."""
    return [entry for entry in await told(database) if entry["event"] == event][-1]


@on_both_databases
async def test_a_refresh_is_told(client: httpx2.AsyncClient, database: Database) -> None:
    tokens = await sign_in(client, scope=OWN_ACCOUNT)
    me = (await client.get("/users/me", headers=header_of(tokens))).json()["id"]
    await refresh(client, tokens["refresh_token"])
    entry = await last_told(database, Event.SESSION_REFRESHED)
    assert entry["subject"] == me
    assert '"client": "gatehouse"' in str(entry["details"])


async def test_a_refresh_that_is_refused_is_not_told_as_one(
    client: httpx2.AsyncClient, database: Database
) -> None:
    tokens = await sign_in(client)
    await refresh(client, tokens["refresh_token"], scope="auth:admin")
    await refresh(client, "unknown")
    assert Event.SESSION_REFRESHED not in await events_told(database)


@on_both_databases
async def test_a_sign_in_by_code_is_told_with_the_person_s_address_and_the_exchange_with_the_client_s(
    client: httpx2.AsyncClient, database: Database
) -> None:
    shop = await register(client, WEB)
    request = request_of(shop)
    form = await sign_in_form(client, request)
    signed_in = await client.post(
        "/authorize", params=request, data=form, headers={"X-Forwarded-For": "203.0.113.9"}
    )
    entry = await last_told(database, Event.SIGNED_IN)
    assert entry["address"] == "203.0.113.9"
    assert entry["request_id"] == signed_in.headers["X-Request-ID"]
    assert shop["client_id"] in str(entry["details"])
    before = len(await told(database))
    await redeem(client, answer_in(signed_in)["code"], shop)
    (exchanged,) = (await told(database))[before:]
    assert exchanged["event"] == Event.CODE_EXCHANGED
    assert (exchanged["subject"], exchanged["address"]) == (entry["subject"], "127.0.0.1")
    assert shop["client_id"] in str(exchanged["details"])


@on_both_databases
async def test_the_revocation_of_an_access_token_is_told(
    client: httpx2.AsyncClient, database: Database
) -> None:
    tokens = await sign_in(client)
    for _ in range(2):
        await client.post("/revoke", data={"token": tokens["access_token"]})
    (entry,) = [one for one in await told(database) if one["event"] == Event.TOKEN_REVOKED]
    assert entry["subject"] == "gatehouse"
    assert tokens["access_token"] not in str(entry)


async def test_what_administrators_read_is_told(
    client: httpx2.AsyncClient, database: Database
) -> None:
    admin = await bearer(client, ADMIN, scope="auth:admin auth:profile")
    me = (await client.get("/users/me", headers=admin)).json()["id"]
    await client.get("/users", headers=admin, params={"q": "ada@example.com"})
    await client.get("/audit", headers=admin)
    await client.get(f"/users/{me}/sessions", headers=admin)
    entries = (await told(database))[1:]
    events = [Event.USERS_READ, Event.AUDIT_LOG_READ, Event.SESSIONS_READ]
    assert [entry["event"] for entry in entries] == events
    assert {entry["actor"] for entry in entries} == {me}
    assert "ada@example.com" not in str(entries)


async def test_a_wrong_client_secret_is_told(
    client: httpx2.AsyncClient, database: Database
) -> None:
    job = await register(client, SERVICE)
    wrong = "not-the-secret"
    for endpoint in ("/token", "/introspect", "/revoke"):
        await client.post(
            endpoint,
            data={"grant_type": "client_credentials", "token": "x"},
            auth=(job["client_id"], wrong),
        )
    entry = await last_told(database, Event.CLIENT_NOT_AUTHENTICATED)
    assert entry["subject"] == job["client_id"]
    assert wrong not in str(entry)
    # What is sent as the id of a client may be anything, a password too.
    await client.post("/token", auth=("a-password-by-mistake", wrong), data={"grant_type": "x"})
    entry = await last_told(database, Event.CLIENT_NOT_AUTHENTICATED)
    assert entry["subject"] is None
    assert "a-password-by-mistake" not in str(entry)


async def test_a_public_client_that_asks_about_tokens_is_told(
    client: httpx2.AsyncClient, database: Database
) -> None:
    answer = await client.post("/introspect", data={"token": "x"})
    assert refused(answer) == (401, "invalid_client")
    assert (await last_told(database, Event.CLIENT_NOT_AUTHENTICATED))["subject"] == "gatehouse"


async def test_a_token_of_a_client_s_own_is_told(
    client: httpx2.AsyncClient, database: Database
) -> None:
    scopes = ["auth:profile", "items:read"]
    job = await register(client, {**SERVICE, "scopes": scopes})
    answer = await client.post(
        "/token",
        data={"grant_type": "client_credentials"},
        auth=(job["client_id"], job["client_secret"]),
    )
    entry = await last_told(database, Event.CLIENT_TOKEN_ISSUED)
    assert entry["subject"] == job["client_id"]
    assert " ".join(scopes) in str(entry["details"])
    assert answer.json()["access_token"] not in str(entry)
    headers = header_of(answer.json())
    assert (await client.get("/users/me", headers=headers)).status_code == 403
    refused = await last_told(database, Event.ACCESS_DENIED)
    assert refused["actor"] == job["client_id"]


async def test_who_may_not_administer_is_told(
    client: httpx2.AsyncClient, database: Database
) -> None:
    headers = await bearer(client)
    me = (await client.get("/users/me", headers=headers)).json()["id"]
    answer = await client.get("/users", headers=headers)
    assert answer.status_code == 403
    entry = await last_told(database, Event.ACCESS_DENIED)
    assert (entry["actor"], entry["request_id"]) == (me, answer.headers["X-Request-ID"])
    assert '"route": "list_users"' in str(entry["details"])


async def test_a_demoted_administrator_s_attempt_is_told(
    client: httpx2.AsyncClient, database: Database
) -> None:
    admin = await bearer(client, ADMIN, scope="auth:admin")
    await database.execute(update(users).values(role="user"))
    assert (await client.get("/audit", headers=admin)).status_code == 403
    assert (await last_told(database, Event.ACCESS_DENIED))["actor"]


async def test_a_forged_token_is_told_and_an_expired_one_is_not(
    client: httpx2.AsyncClient, database: Database, container: Container
) -> None:
    tokens = await sign_in(client)
    head, claims, _ = tokens["access_token"].split(".")
    forged = f"{head}.{claims}.{'A' * 86}"
    answer = await client.get("/users/me", headers={"Authorization": f"Bearer {forged}"})
    assert answer.status_code == 401
    entry = await last_told(database, Event.TOKEN_REFUSED)
    assert "the signature is wrong" in str(entry["details"])
    assert forged not in str(entry)
    before = len(await told(database))
    container.verifier._clock = lambda: 9e9
    expired = await client.get("/users/me", headers=header_of(tokens))
    assert expired.status_code == 401
    assert len(await told(database)) == before


async def test_sign_ins_that_must_wait_are_told_once(
    client: httpx2.AsyncClient, database: Database
) -> None:
    for _ in range(9):
        answer = await client.post("/token", data={**DEMO.password_grant, "password": "wrong"})
    assert answer.status_code == 429
    events = await events_told(database)
    assert events.count(Event.SIGN_IN_THROTTLED) == 1
    # A refusal takes a second, after which one more try may be judged.
    assert events.count(Event.SIGN_IN_FAILED) in (5, 6)


async def test_a_name_that_no_one_has_is_told_as_often_as_one_that_waits(
    client: httpx2.AsyncClient, database: Database
) -> None:
    """Otherwise the time of the answer would tell which is which."""
    for username in ("nobody", DEMO.username, "no-one"):
        await client.post("/token", data={**Person(username, "wrong").password_grant})
        before = len(await told(database))
        for _ in range(6):
            await client.post("/token", data={**Person(username, "wrong").password_grant})
        added = (await events_told(database))[before:]
        assert added.count(Event.SIGN_IN_FAILED) in (4, 5)
        assert added.count(Event.SIGN_IN_THROTTLED) == (1 if username == "nobody" else 0)


async def test_no_entry_holds_a_mail_address(
    client: httpx2.AsyncClient, database: Database
) -> None:
    await make_user(client, Person("ada@example.com", NEW_PASSWORD), email="ada@example.org")
    assert "ada@" not in str(await told(database))
