"""Signing keys by time: published, signing, verifying only, withdrawn; and nobody who uses them notices."""

import asyncio
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import uuid4

import httpx2
import jwt
import pytest
from sqlalchemy import select

from auth_service.audit.context import AuditContext
from auth_service.keys.encryption import KeyEncryption
from auth_service.keys.signing_keys import (
    PUBLISHED_AHEAD,
    PURGE_AFTER,
    RELOAD_AFTER,
    RETENTION,
    SigningKey,
    SigningKeys,
)
from auth_service.keys.store import SigningKeyStore
from auth_service.tables import signing_keys
from gatehouse_chassis.auth.access_tokens import LEEWAY, AccessTokenVerifier, InvalidToken
from gatehouse_chassis.auth.issuer_keys import REFRESH_AFTER, IssuerKeys
from gatehouse_chassis.database import Database, open_database
from gatehouse_chassis.database.columns import now
from testing.clocks import SettableClock
from tests.auth_service.databases import KEY_SECRET, on_both_databases
from tests.auth_service.people import URL

pytestmark = on_both_databases

LIFE = timedelta(seconds=600)
EVERY = timedelta(days=30)


@pytest.fixture
def clock() -> SettableClock:
    return SettableClock(now().timestamp())


def worker(database: Database, clock: SettableClock) -> SigningKeys:
    """The keys as one process of auth has them."""
    return SigningKeys(
        SigningKeyStore(database), KeyEncryption(KEY_SECRET), token_life=LIFE, clock=clock
    )


def token_of(key: SigningKey, clock: SettableClock) -> str:
    issued_at = int(clock.now)
    claims = {
        "iss": URL,
        "sub": "me",
        "aud": ["items"],
        "exp": issued_at + int(LIFE.total_seconds()),
        "iat": issued_at,
        "jti": uuid4().hex,
        "client_id": "gatehouse",
        "scope": "items:read",
    }
    headers = {"typ": "at+jwt", "kid": key.kid}
    return jwt.encode(claims, key.pair, algorithm="ES256", headers=headers)


class Service:
    """What a service knows of the keys: its last fetch, from whichever worker of auth answered."""

    def __init__(
        self, workers: list[SigningKeys], clock: SettableClock, kept_in: Path, late: float
    ) -> None:
        async def answer(request: httpx2.Request) -> httpx2.Response:
            self._turn += 1
            keys = workers[self._turn % len(workers)]
            return httpx2.Response(200, json={"keys": await keys.public_keys()})

        self._turn = 0
        self._clock = clock
        self._fetch_at = clock.now + late
        self.keys = IssuerKeys(
            f"{URL}/.well-known/jwks.json",
            kept_in,
            client=lambda: httpx2.AsyncClient(transport=httpx2.MockTransport(answer)),
            clock=clock,
        )
        self.verifier = AccessTokenVerifier(
            issuer=URL, audience="items", keys=self.keys, clock=clock
        )

    async def pass_time(self) -> None:
        """Fetches when the minute is over, as `keep_fresh` does beside a service."""
        if self._clock.now >= self._fetch_at:
            await self.keys.refresh()
            self._fetch_at += REFRESH_AFTER


async def test_the_next_key_is_published_before_it_signs_and_the_old_one_outlives_its_last_token(
    database: Database, clock: SettableClock
) -> None:
    keys = worker(database, clock)
    old = await keys.current()
    began = clock.now
    new = await keys.rotate(AuditContext())
    assert new
    assert PUBLISHED_AHEAD.total_seconds() > 2 * REFRESH_AFTER + RELOAD_AFTER
    assert [jwk["kid"] for jwk in await keys.public_keys()] == [new.kid, old.kid]
    assert (await keys.current()).kid == old.kid

    clock.now = began + PUBLISHED_AHEAD.total_seconds() - 0.1
    assert (await keys.current()).kid == old.kid
    clock.advance(0.2)
    assert (await keys.current()).kid == new.kid

    end_of_the_last_token = began + (PUBLISHED_AHEAD + LIFE).total_seconds()
    clock.now = end_of_the_last_token + LEEWAY
    assert await keys.find(old.kid)
    assert RETENTION.total_seconds() > 2 * LEEWAY
    clock.now = end_of_the_last_token + RETENTION.total_seconds() + 0.1
    assert await keys.find(old.kid) is None
    assert [jwk["kid"] for jwk in await keys.public_keys()] == [new.kid]
    clock.advance(RELOAD_AFTER)
    assert [
        key.kid
        for key in await SigningKeyStore(database).list(datetime.fromtimestamp(clock.now, UTC))
    ] == [new.kid]


async def test_while_a_key_waits_for_its_turn_there_is_no_other_rotation(
    database: Database, clock: SettableClock
) -> None:
    keys = worker(database, clock)
    assert await keys.rotate(AuditContext())
    assert await keys.rotate(AuditContext()) is None
    clock.advance(PUBLISHED_AHEAD.total_seconds() + 1)
    assert await keys.rotate(AuditContext())
    assert len(await keys.public_keys()) == 3


async def test_of_all_workers_and_replicas_one_rotates_when_it_is_due(
    database_url: str, clock: SettableClock
) -> None:
    replicas = [open_database(database_url) for _ in range(4)]
    workers = [worker(database, clock) for database in replicas]
    assert not any(await asyncio.gather(*(keys.rotate_if_due(EVERY) for keys in workers)))
    clock.advance(EVERY.total_seconds() + 1)
    rotated = await asyncio.gather(*(keys.rotate_if_due(EVERY) for keys in workers))
    assert len([key for key in rotated if key]) == 1
    assert not any(await asyncio.gather(*(keys.rotate_if_due(EVERY) for keys in workers)))
    clock.advance(PUBLISHED_AHEAD.total_seconds() + RELOAD_AFTER)
    assert len({(await keys.current()).kid for keys in workers}) == 1
    for database in replicas:
        await database.close()


async def test_a_leaked_key_is_replaced_at_once_and_its_tokens_die_within_a_fetch(
    database: Database, clock: SettableClock, tmp_path: Path
) -> None:
    keys = worker(database, clock)
    service = Service([keys], clock, tmp_path / "keys.json", late=0)
    leaked = await keys.current()
    token = token_of(leaked, clock)
    await service.verifier.verify(token)
    new = await keys.rotate(AuditContext(), at_once=True)
    assert new
    assert (await keys.current()).kid == new.kid
    assert await keys.find(leaked.kid) is None
    clock.advance(REFRESH_AFTER)
    await service.pass_time()
    # What the service remembers as good is no better than what it sees for the first time.
    for stolen in (token, token_of(leaked, clock)):
        with pytest.raises(InvalidToken, match="unknown key"):
            await service.verifier.verify(stolen)
    await service.verifier.verify(token_of(new, clock))


async def test_through_two_rotations_no_good_token_is_refused_and_no_withdrawn_key_is_accepted(
    database: Database, clock: SettableClock, tmp_path: Path
) -> None:
    every = timedelta(minutes=30)
    workers = [worker(database, clock) for _ in range(2)]
    # The database may have been filled many minutes before this test.
    clock.now = (await workers[0].current()).signs_from.timestamp()
    # One service fetches at the luckiest moment, the other at the worst.
    services = [
        Service(workers, clock, tmp_path / f"{late}.json", late)
        for late in (0.0, REFRESH_AFTER - 1)
    ]
    for service in services:
        await service.keys.refresh()
    alive: list[tuple[float, str]] = []
    signed_with: dict[str, SigningKey] = {}
    withdrawn: dict[str, float] = {}
    verified = 0
    step = 5.0
    for number in range(int(3 * every.total_seconds() / step)):
        clock.advance(step)
        for keys in workers:
            await keys.rotate_if_due(every)
        published = {jwk["kid"] for jwk in await workers[0].public_keys()}
        for kid in signed_with:
            if kid not in published:
                withdrawn.setdefault(kid, clock.now)
        key = await workers[number % 2].current()
        signed_with[key.kid] = key
        alive.append((clock.now + LIFE.total_seconds(), token_of(key, clock)))
        alive = [(end, token) for end, token in alive if end + LEEWAY > clock.now]
        for service in services:
            await service.pass_time()
            # The newest, the oldest and one between; seen before or not.
            for token in (alive[-1][1], alive[0][1], alive[len(alive) // 2][1]):
                await service.verifier.verify(token)
                verified += 1
            for kid, since in withdrawn.items():
                if clock.now >= since + REFRESH_AFTER:
                    with pytest.raises(InvalidToken, match="unknown key"):
                        await service.verifier.verify(token_of(signed_with[kid], clock))
    assert len(signed_with) == 3
    assert len(withdrawn) == 2
    assert verified > 6000


async def test_a_withdrawn_key_is_deleted_with_its_private_part(
    database: Database, clock: SettableClock
) -> None:
    keys = worker(database, clock)
    old = await keys.current()
    token = token_of(old, clock)
    new = await keys.rotate(AuditContext())
    assert new
    clock.advance((PUBLISHED_AHEAD + LIFE).total_seconds())
    assert await keys.purge_expired(100) == 0
    clock.advance((RETENTION + PURGE_AFTER).total_seconds() + 1)
    assert await keys.purge_expired(100) == 1
    rows = await database.fetch_all(select(signing_keys).limit(9))
    assert [row["kid"] for row in rows] == [new.kid]
    verifier = AccessTokenVerifier(issuer=URL, audience="items", keys=keys, clock=lambda: 0)
    with pytest.raises(InvalidToken, match="unknown key"):
        await verifier.verify(token)
    assert (await keys.current()).kid == new.kid


async def test_a_leaked_key_is_deleted_minutes_after_its_replacement(
    database: Database, clock: SettableClock
) -> None:
    keys = worker(database, clock)
    new = await keys.rotate(AuditContext(), at_once=True)
    assert new
    clock.advance(PURGE_AFTER.total_seconds() + 1)
    assert await keys.purge_expired(100) == 1
    assert (await keys.current()).kid == new.kid
