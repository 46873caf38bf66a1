"""The audit log: what it tells, to whom, and that nobody rewrites it."""

import asyncpg
import httpx2
import pytest
from sqlalchemy import delete, select, update

from auth_service.audit.events import Event
from auth_service.tables import audit_log
from gatehouse_chassis.database import Database, IntegrityError
from tests.auth_service.databases import on_both_databases
from tests.auth_service.people import (
    ADMIN,
    DEMO,
    Person,
    bearer,
    make_user,
    refresh,
    sign_in,
)

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
    await refresh(client, tokens["refresh_token"])
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
