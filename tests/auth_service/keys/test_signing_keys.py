"""The keys that sign: their ids, their secret, and how one process learns of another's new key."""

import asyncio
import json
import os
import subprocess
import sys
from base64 import urlsafe_b64encode
from datetime import timedelta
from hashlib import sha256
from pathlib import Path

import jwt
import pytest
from click.testing import CliRunner
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from jwt.algorithms import ECAlgorithm
from sqlalchemy import update
from structlog.testing import capture_logs

from auth_service.audit.context import AuditContext
from auth_service.cli.__main__ import gatehouse
from auth_service.keys.encryption import KeyEncryption
from auth_service.keys.signing_keys import PUBLISHED_AHEAD, RELOAD_AFTER, SigningKeys
from auth_service.keys.store import SigningKeyStore
from auth_service.main import create_app
from auth_service.tables import signing_keys
from gatehouse_chassis.auth.access_tokens import AccessTokenVerifier, VerificationKey
from gatehouse_chassis.auth.issuer_keys import IssuerKeys
from gatehouse_chassis.database import Database, migrations, open_database
from gatehouse_chassis.database.columns import now
from gatehouse_chassis.settings import SettingsError
from testing.apps import client_of, running
from testing.checkout import ROOT
from testing.clocks import SettableClock
from tests.auth_service.authorization import request_of, sign_in_form
from tests.auth_service.databases import (
    FIRST_USERS,
    KEY_SECRET,
    MIGRATIONS,
    on_both_databases,
    settings_for,
)
from tests.auth_service.people import ADMIN, DEMO, URL, sign_in
from tests.auth_service.registered_clients import WEB, register

OTHER_SECRET = "d41d8cd98f00b204e9800998ecf8427e"


@pytest.fixture
def clock() -> SettableClock:
    return SettableClock()


@pytest.fixture
def keys(database: Database, clock: SettableClock) -> SigningKeys:
    return SigningKeys(SigningKeyStore(database), KeyEncryption(KEY_SECRET), clock=clock)


async def test_a_key_id_is_the_thumbprint_of_rfc_7638(keys: SigningKeys) -> None:
    (public,) = await keys.public_keys()
    members = {name: public[name] for name in sorted(("crv", "kty", "x", "y"))}
    digest = sha256(json.dumps(members, separators=(",", ":")).encode()).digest()
    assert public["kid"] == urlsafe_b64encode(digest).rstrip(b"=").decode()


@on_both_databases
async def test_a_new_key_of_another_process_is_used_after_a_while_and_the_old_one_still_verifies(
    keys: SigningKeys, database: Database, clock: SettableClock
) -> None:
    old = await keys.current()
    new = await SigningKeys(SigningKeyStore(database), KeyEncryption(KEY_SECRET)).create()
    clock.advance(RELOAD_AFTER - 0.1)
    assert (await keys.current()).kid == old.kid
    clock.advance(0.1)
    assert (await keys.current()).kid == new.kid
    assert [key["kid"] for key in await keys.public_keys()] == [new.kid, old.kid]
    for key in (old, new):
        assert await keys.find(key.kid) == VerificationKey("ES256", key.pair.public_key())
    assert await keys.find("unknown") is None


async def test_the_process_that_makes_a_key_uses_it_at_once(keys: SigningKeys) -> None:
    old = await keys.current()
    new = await keys.create()
    assert new.kid != old.kid
    assert (await keys.current()).kid == new.kid


async def test_another_secret_opens_no_key(database: Database) -> None:
    keys = SigningKeys(SigningKeyStore(database), KeyEncryption(OTHER_SECRET))
    with pytest.raises(SettingsError, match="AUTH_KEY_ENCRYPTION_SECRET does not open"):
        await keys.current()


@on_both_databases
async def test_a_changed_secret_opens_with_the_one_before_it_until_the_keys_are_rewrapped(
    keys: SigningKeys, database: Database, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    old = await keys.current()
    store = SigningKeyStore(database)
    both = SigningKeys(store, KeyEncryption(OTHER_SECRET, KEY_SECRET))
    assert (await both.current()).kid == old.kid, "old and new count at once"
    made = await both.create()

    monkeypatch.setenv("AUTH_DATABASE_URL", database_url)
    monkeypatch.setenv("AUTH_KEY_ENCRYPTION_SECRET", OTHER_SECRET)
    refused = await asyncio.to_thread(CliRunner().invoke, gatehouse, ["keys", "rewrap"])
    assert refused.exit_code != 0
    assert "as AUTH_KEY_ENCRYPTION_SECRET_PREVIOUS" in refused.stderr
    monkeypatch.setenv("AUTH_KEY_ENCRYPTION_SECRET_PREVIOUS", KEY_SECRET)
    for changed in (1, 0):
        with capture_logs():
            done = await asyncio.to_thread(
                CliRunner().invoke, gatehouse, ["--json", "keys", "rewrap"]
            )
        assert json.loads(done.stdout) == [{"rewrapped": changed}]

    alone = SigningKeys(store, KeyEncryption(OTHER_SECRET))
    assert [key["kid"] for key in await alone.public_keys()] == [made.kid, old.kid]
    with pytest.raises(SettingsError, match="does not open"):
        await SigningKeys(store, KeyEncryption(KEY_SECRET)).current()


async def test_a_process_that_knows_only_the_old_secret_goes_on_while_it_is_changed(
    keys: SigningKeys, database: Database, clock: SettableClock
) -> None:
    old = await keys.current()
    store = SigningKeyStore(database)
    both = SigningKeys(store, KeyEncryption(OTHER_SECRET, KEY_SECRET), clock=clock)
    await both.rewrap(AuditContext())
    following = await both.rotate(AuditContext())
    assert following is not None

    clock.advance(RELOAD_AFTER)
    with capture_logs() as logged:
        assert (await keys.current()).kid == old.kid
    assert [line["event"] for line in logged] == ["signing_key_not_opened"]
    assert [key["kid"] for key in await keys.public_keys()] == [old.kid]
    clock.advance(PUBLISHED_AHEAD.total_seconds())
    with pytest.raises(SettingsError, match="does not open"):
        await keys.current()


async def test_a_sign_in_page_from_before_the_change_is_still_good(database_url: str) -> None:
    async with running(create_app(settings_for(database_url)), base_url=URL) as client:
        shop = await register(client, WEB)
        request = request_of(shop)
        form = await sign_in_form(client, request, DEMO)
        cookies = dict(client.cookies)
    for previous, status in ((KEY_SECRET, 303), (None, 403)):
        settings = settings_for(
            database_url,
            key_encryption_secret=OTHER_SECRET,
            key_encryption_secret_previous=previous,
        )
        async with client_of(create_app(settings), base_url=URL) as client:
            client.cookies.update(cookies)
            answer = await client.post("/authorize", params=request, data=form)
        assert answer.status_code == status, answer.text


async def test_a_service_with_another_secret_is_live_but_not_ready(database_url: str) -> None:
    settings = settings_for(database_url, key_encryption_secret=OTHER_SECRET)
    async with running(create_app(settings), base_url=URL) as client:
        live, ready = await client.get("/health/live"), await client.get("/health/ready")
    assert live.status_code == 200
    assert ready.status_code == 503
    assert ready.json()["status"] == "not ready"
    assert ready.json()["checks"]["database"] == "ok"
    assert ready.json()["checks"]["signing_keys"] != "ok"
    assert "SECRET" not in ready.text


async def test_a_database_without_keys_sends_its_operator_to_migrate(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/empty.db"
    migrations.migrate(MIGRATIONS, url)
    database = open_database(url)
    with pytest.raises(SettingsError, match="run `python -m auth_service migrate`"):
        await SigningKeys(SigningKeyStore(database), KeyEncryption(KEY_SECRET)).check()
    await database.close()


async def test_a_ready_service_says_so(database_url: str) -> None:
    async with running(create_app(settings_for(database_url)), base_url=URL) as client:
        ready = await client.get("/health/ready")
        assert ready.status_code == 200
        assert ready.json() == {
            "status": "ready",
            "checks": {"database": "ok", "signing_keys": "ok", "writes": "ok"},
        }
        assert await sign_in(client)


def test_migrate_with_another_secret_ends_with_a_sentence_and_code_2(
    database_url: str, tmp_path: Path
) -> None:
    ended = subprocess.run(
        [sys.executable, "-m", "auth_service", "migrate"],
        env={
            "PATH": os.environ["PATH"],
            "AUTH_DATABASE_URL": database_url,
            "AUTH_STATE_DIR": str(tmp_path),
            "AUTH_KEY_ENCRYPTION_SECRET": OTHER_SECRET,
            **FIRST_USERS,
        },
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert ended.returncode == 2
    assert ended.stdout == ""
    assert "Traceback" not in ended.stderr
    assert "auth_service cannot start:\nAUTH_KEY_ENCRYPTION_SECRET does not open" in ended.stderr
    for secret in (OTHER_SECRET, ADMIN.password, DEMO.password):
        assert secret not in ended.stderr


@on_both_databases
async def test_a_public_key_written_into_the_table_makes_no_one_accept_its_tokens(
    keys: SigningKeys, database: Database, clock: SettableClock
) -> None:
    (public,) = await keys.public_keys()
    forger = generate_private_key(SECP256R1())
    written = {**public, **ECAlgorithm.to_jwk(forger.public_key(), as_dict=True)}
    for values in (
        {"public_jwk": json.dumps(written)},
        {"public_jwk": json.dumps({**written, "kid": "another"}), "kid": "another"},
    ):
        await database.execute(update(signing_keys).values(**values))
        clock.advance(RELOAD_AFTER)
        assert await keys.public_keys() == [public]
        assert await keys.find("another") is None
        found = await keys.find(public["kid"])
        assert found
        assert found.public != forger.public_key()


@on_both_databases
async def test_another_algorithm_signs_with_the_next_key_and_old_tokens_stay_good(
    database: Database, clock: SettableClock, database_url: str
) -> None:
    store = SigningKeyStore(database)
    clock.now = now().timestamp()
    keys = SigningKeys(store, KeyEncryption(KEY_SECRET), algorithm="RS256", clock=clock)
    old = await keys.current()
    assert old.algorithm == "ES256"
    new = await keys.rotate_if_due(timedelta(days=30))
    assert new
    assert new.algorithm == "RS256"
    assert await keys.rotate_if_due(timedelta(days=30)) is None
    clock.advance(PUBLISHED_AHEAD.total_seconds())
    assert (await keys.current()).kid == new.kid
    assert await keys.rotate_if_due(timedelta(days=30)) is None
    published = {key["kid"]: key for key in await keys.public_keys()}
    assert set(published[new.kid]) == {"kty", "n", "e", "kid", "use", "alg"}
    assert {key["alg"] for key in published.values()} == {"ES256", "RS256"}
    members = {name: published[new.kid][name] for name in ("e", "kty", "n")}
    digest = sha256(json.dumps(members, separators=(",", ":")).encode()).digest()
    assert new.kid == urlsafe_b64encode(digest).rstrip(b"=").decode()


async def test_services_accept_tokens_of_rs256_by_the_published_keys(
    database_url: str, tmp_path: Path
) -> None:
    database = open_database(database_url)
    await SigningKeys(
        SigningKeyStore(database), KeyEncryption(KEY_SECRET), algorithm="RS256"
    ).create()
    await database.close()
    app = create_app(settings_for(database_url, signing_algorithm="RS256"))
    async with running(app, base_url=URL) as client:
        token = (await sign_in(client))["access_token"]
        assert jwt.get_unverified_header(token)["alg"] == "RS256"
        keys = IssuerKeys(
            f"{URL}/.well-known/jwks.json", tmp_path / "keys", client=lambda: client_of(app, URL)
        )
        at_items = AccessTokenVerifier(issuer=URL, audience="items", keys=keys)
        assert (await at_items.verify(token)).client_id == "gatehouse"
