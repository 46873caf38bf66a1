"""Guessing a client's secret has a limit, and only for who guesses."""

from datetime import timedelta
from typing import Any

import httpx2
import pytest
from sqlalchemy import select

from auth_service.tables import sign_in_attempts
from gatehouse_chassis.database import Database
from tests.auth_service.databases import on_both_databases
from tests.auth_service.parts import Parts
from tests.auth_service.passwords.test_brute_force import Calendar
from tests.auth_service.people import refused
from tests.auth_service.registered_clients import SERVICE, WEB, register

GUESSER, SAME_HOUSEHOLD, OWNER = "2001:db8:1:2::1", "2001:db8:1:2::2", "203.0.113.7"
ENDPOINTS = {
    "/introspect": {"token": "x"},
    "/revoke": {"token": "x"},
    "/token": {"grant_type": "client_credentials"},
}


@pytest.fixture
def clock() -> Calendar:
    return Calendar()


@pytest.fixture
def parts(clock: Calendar) -> Parts:
    return {"clock": clock}


async def ask(
    client: httpx2.AsyncClient, path: str, made: dict[str, Any], secret: str, address: str
) -> httpx2.Response:
    return await client.post(
        path,
        data=ENDPOINTS[path],
        auth=(made["client_id"], secret),
        headers={"X-Forwarded-For": address},
    )


@on_both_databases
@pytest.mark.parametrize("path", ENDPOINTS)
async def test_who_guesses_has_to_wait_and_is_not_told_whether_the_last_was_right(
    client: httpx2.AsyncClient, clock: Calendar, path: str
) -> None:
    made = await register(client, SERVICE)
    for number in range(5):
        answer = await ask(client, path, made, f"guess {number}", GUESSER)
        assert refused(answer) == (401, "invalid_client")
    for secret in ("another guess", made["client_secret"]):
        for other in ENDPOINTS:  # they share the counter
            answer = await ask(client, other, made, secret, SAME_HOUSEHOLD)
            assert refused(answer) == (429, "temporarily_unavailable")
            assert answer.headers["Retry-After"] == "2"
    assert (await ask(client, path, made, made["client_secret"], OWNER)).status_code == 200
    clock.today += timedelta(seconds=2)
    assert (await ask(client, path, made, made["client_secret"], GUESSER)).status_code == 200


async def test_an_unknown_client_is_answered_the_same(client: httpx2.AsyncClient) -> None:
    unknown = {"client_id": "no-such-client"}
    answers = [await ask(client, "/introspect", unknown, "guess", GUESSER) for _ in range(6)]
    assert [answer.status_code for answer in answers] == [401] * 5 + [429]


async def test_clients_that_there_are_not_fill_no_table(
    client: httpx2.AsyncClient, database: Database
) -> None:
    answers = [
        await ask(client, "/introspect", {"client_id": f"invented-{number}"}, "guess", GUESSER)
        for number in range(9)
    ]
    assert [answer.status_code for answer in answers] == [401] * 5 + [429] * 4
    assert len(await database.fetch_all(select(sign_in_attempts).limit(9))) == 1


async def test_right_secrets_and_public_clients_are_never_too_many(
    client: httpx2.AsyncClient,
) -> None:
    made = await register(client, SERVICE)
    public = (await register(client, WEB))["client_id"]
    for _ in range(10):
        answer = await ask(client, "/introspect", made, made["client_secret"], OWNER)
        assert answer.status_code == 200
        answer = await client.post("/revoke", data={"token": "x", "client_id": public})
        assert answer.status_code == 200
