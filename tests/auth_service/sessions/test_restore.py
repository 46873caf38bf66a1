"""After a restore one command ends what came back with the backup, and what the backup does not know of."""

import asyncio
import json
import re
import sqlite3
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from uuid import uuid4

import httpx2
import pytest
from click.testing import CliRunner
from sqlalchemy import select
from structlog.testing import capture_logs

from auth_service.cli.__main__ import gatehouse
from auth_service.mail.outbox import Outbox
from auth_service.main import create_app
from auth_service.tables import email_changes, password_resets, sign_ups
from gatehouse_chassis.auth.access_tokens import AccessTokenVerifier, InvalidToken
from gatehouse_chassis.auth.issuer_keys import IssuerKeys
from gatehouse_chassis.database import Database
from testing.apps import running
from testing.postgres import PostgreSQL
from tests.auth_service.authorization import code_for, redeem, request_of
from tests.auth_service.databases import KEY_SECRET, copy_of, on_both_databases, settings_for
from tests.auth_service.mailbox import Mailbox
from tests.auth_service.people import (
    ADMIN,
    URL,
    Person,
    bearer,
    header_of,
    make_user,
    refresh,
    sign_in,
)
from tests.auth_service.registered_clients import SERVICE, WEB, register

pytestmark = on_both_databases

ADA = Person("ada", "engine-of-9-difference-wheels")


async def backup_of(database_url: str, request: pytest.FixtureRequest, folder: Path) -> str:
    """The URL of a copy, made while no service runs."""
    if database_url.startswith("sqlite"):
        source = sqlite3.connect(database_url.removeprefix("sqlite:///"))
        copy = sqlite3.connect(folder / "backup.db")
        source.backup(copy)
        copy.close()
        source.close()
        return f"sqlite:///{folder}/backup.db"
    server: PostgreSQL = request.getfixturevalue("postgresql")
    name = f"backup_{uuid4().hex}"
    return await asyncio.to_thread(copy_of, server, database_url.rpartition("/")[2], name)


def end_all(database_url: str) -> dict[str, Any]:
    """What the command says."""
    environment = {"AUTH_DATABASE_URL": database_url, "AUTH_KEY_ENCRYPTION_SECRET": KEY_SECRET}
    answer = CliRunner(env=environment).invoke(gatehouse, ["--json", "sessions", "end-all"])
    assert answer.exit_code == 0, answer.output
    [said] = json.loads(answer.stdout)
    assert isinstance(said, dict)
    return said


def items(service: httpx2.AsyncClient, folder: Path) -> AccessTokenVerifier:
    """How items checks tokens, with keys that it fetches from this auth."""

    async def answer(_request: httpx2.Request) -> httpx2.Response:
        return httpx2.Response(200, json=(await service.get("/.well-known/jwks.json")).json())

    keys = IssuerKeys(
        f"{URL}/.well-known/jwks.json",
        folder / f"{uuid4().hex}.json",
        client=lambda: httpx2.AsyncClient(transport=httpx2.MockTransport(answer)),
    )
    return AccessTokenVerifier(issuer=URL, audience="items", keys=keys)


async def test_what_was_ended_stays_ended_and_nothing_issued_before_is_accepted(
    database_url: str, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    async with running(create_app(settings_for(database_url)), base_url=URL) as client:
        shop, job = await register(client, WEB), await register(client, SERVICE)
        stolen = await sign_in(client)
        code = await code_for(client, request_of(shop))
    backup = await backup_of(database_url, request, tmp_path)
    async with running(create_app(settings_for(database_url)), base_url=URL) as client:
        await client.delete("/users/me/sessions", headers=header_of(stolen))
        newer = await sign_in(client)
        credentials = (job["client_id"], job["client_secret"])
        own = await client.post(
            "/token", data={"grant_type": "client_credentials"}, auth=credentials
        )

    before = [stolen, newer, own.json()]
    async with running(create_app(settings_for(backup)), base_url=URL) as client:
        # The danger: the backup knows nothing of the end of one, nor of the other, so nobody could revoke it.
        for tokens in before:
            await items(client, tmp_path).verify(tokens["access_token"])
    with capture_logs():
        said = await asyncio.to_thread(end_all, backup)
    assert said["ended"] >= 1

    async with running(create_app(settings_for(backup)), base_url=URL) as client:
        published = (await client.get("/.well-known/jwks.json")).json()["keys"]
        assert [key["kid"] for key in published] == [said["kid"]]
        for tokens in before:
            with pytest.raises(InvalidToken, match="unknown key"):
                await items(client, tmp_path).verify(tokens["access_token"])
            me = await client.get("/users/me", headers=header_of(tokens))
            assert me.status_code == 401
        for tokens in (stolen, newer):
            assert (await refresh(client, tokens["refresh_token"])).status_code == 400
        assert (await redeem(client, code, shop)).status_code == 400
        again = await sign_in(client)
        await items(client, tmp_path).verify(again["access_token"])
        admin = header_of(await sign_in(client, ADMIN, scope="auth:admin"))
        told = (await client.get("/audit", headers=admin)).json()["items"]
    assert {"sessions_ended", "key_rotated"} <= {
        entry["event"] for entry in told if str(entry["actor"]).startswith("command:")
    }


async def test_every_link_that_was_mailed_is_void(
    outbox: Outbox,
    client: httpx2.AsyncClient,
    mailbox: Mailbox,
    database_url: str,
    database: Database,
) -> None:
    await make_user(client, ADA, email="ada@example.com")
    ada = await bearer(client, ADA)
    change = {"current_password": ADA.password, "email": "ada@new.example.com"}
    assert (await client.put("/users/me/email", headers=ada, json=change)).status_code == 202
    await client.post("/users/password-reset", json={"username": ADA.username})
    await client.post("/users", json={"username": "grace", "email": "grace@example.com"})
    await outbox.close()
    links = [link for _, _, mail in mailbox.mails for link in re.findall(r"^http\S+", mail, re.M)]
    assert {urlsplit(link).path for link in links} >= {
        "/auth/email/confirm",
        "/auth/password-reset/confirm",
        "/auth/sign-up/confirm",
    }
    with capture_logs():
        await asyncio.to_thread(end_all, database_url)
    for table in (email_changes, password_resets, sign_ups):
        assert await database.fetch_all(select(table).limit(1)) == []
    for link in links:
        if "token=" in link:
            assert (await client.get(link)).status_code >= 400
