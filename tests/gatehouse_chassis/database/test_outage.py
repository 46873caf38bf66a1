"""Auth is gone: a service goes on with what it knows, and a flood of bad tokens does not make it ask in vain."""

from collections.abc import AsyncIterator
from pathlib import Path

import httpx2
import pytest
from fastapi import FastAPI

from gatehouse_chassis.auth.access_tokens import AccessTokenVerifier
from gatehouse_chassis.auth.issuer_keys import REFRESH_AFTER, RETRY_AFTER, IssuerKeys
from gatehouse_chassis.auth.status_list import StatusList
from testing.apps import client_of
from testing.background import beside, until
from testing.clocks import SettableClock
from testing.tokens import TestIssuer


class Auth:
    """The issuer's side, which can be killed."""

    def __init__(self, issuer: TestIssuer) -> None:
        self.issuer = issuer
        self.is_up = True
        self.asked_for_keys = 0

    def client(self) -> httpx2.AsyncClient:
        def handle(request: httpx2.Request) -> httpx2.Response:
            self.asked_for_keys += request.url.path.endswith("jwks.json")
            if not self.is_up:
                raise httpx2.ConnectError("connection refused", request=request)
            if request.url.path.endswith("jwks.json"):
                return httpx2.Response(200, json=self.issuer.jwks())
            return httpx2.Response(200, text=self.issuer.status_list({7}))

        return httpx2.AsyncClient(transport=httpx2.MockTransport(handle))


@pytest.fixture
def auth(issuer: TestIssuer) -> Auth:
    return Auth(issuer)


class Knowledge:
    """What one process of the service knows of its issuer."""

    def __init__(self, auth: Auth, clock: SettableClock, folder: Path) -> None:
        self.keys = IssuerKeys(
            "http://auth.test/jwks.json", folder / "keys.json", client=auth.client, clock=clock
        )
        self.revoked = StatusList(
            "http://auth.test/status-list",
            uri=f"{auth.issuer.url}/status-list",
            kept_in=folder / "status-list.jwt",
            keys=self.keys,
            client=auth.client,
            clock=clock,
            refresh_after=0.01,
        )
        self.verifier = AccessTokenVerifier(
            issuer=auth.issuer.url,
            audience="probe",
            keys=self.keys,
            revocations=self.revoked,
            clock=clock,
        )


@pytest.fixture
async def service(
    app: FastAPI, auth: Auth, clock: SettableClock, tmp_path: Path
) -> AsyncIterator[httpx2.AsyncClient]:
    """The service, which asked auth for its keys and its list just before."""
    known = Knowledge(auth, clock, tmp_path)
    await known.keys.refresh()
    app.state.token_verifier = known.verifier
    async with (
        beside(known.revoked.keep_fresh),
        client_of(app, "http://localhost:8080/probe") as client,
    ):
        await until(lambda: known.revoked.is_revoked(7))
        yield client


async def status_of(service: httpx2.AsyncClient, token: str) -> int:
    answer = await service.get("/me", headers={"Authorization": f"Bearer {token}"})
    return answer.status_code


def live_token(issuer: TestIssuer, index: int = 1) -> str:
    return issuer.token(aud=["probe"], scope="probe:read", status=issuer.status(index))


async def test_every_request_with_a_live_token_succeeds_for_10_minutes_past_the_freshness_of_the_keys(
    service: httpx2.AsyncClient, auth: Auth, issuer: TestIssuer, clock: SettableClock
) -> None:
    auth.is_up = False
    clock.advance(REFRESH_AFTER)
    token = live_token(issuer)
    statuses = []
    for _ in range(120):
        clock.advance(5)
        # One that the service remembers, and one that it sees for the first time.
        statuses += [await status_of(service, token), await status_of(service, live_token(issuer))]
        assert await status_of(service, live_token(issuer, 7)) == 401
    assert statuses == [200] * 240


async def test_a_service_that_restarts_in_the_outage_comes_up_from_its_disk(
    service: httpx2.AsyncClient,
    app: FastAPI,
    auth: Auth,
    issuer: TestIssuer,
    clock: SettableClock,
    tmp_path: Path,
) -> None:
    auth.is_up = False
    clock.advance(REFRESH_AFTER + 600)
    restarted = Knowledge(auth, clock, tmp_path)
    app.state.token_verifier = restarted.verifier
    async with beside(restarted.keys.keep_fresh), beside(restarted.revoked.keep_fresh):
        await until(lambda: restarted.revoked.is_revoked(7))
        await restarted.keys.check()
        await restarted.revoked.check()
        assert await status_of(service, live_token(issuer)) == 200
        assert await status_of(service, live_token(issuer, 7)) == 401


@pytest.mark.parametrize("is_up", [True, False])
async def test_a_thousand_unknown_keys_cause_one_fetch_in_a_throttle_window(
    service: httpx2.AsyncClient,
    auth: Auth,
    issuer: TestIssuer,
    clock: SettableClock,
    is_up: bool,
) -> None:
    auth.is_up = is_up
    for window, keys in enumerate([1000, 10, 10], start=1):
        clock.advance(RETRY_AFTER)
        for number in range(keys):
            unknown = issuer.sign(issuer.header(kid=f"made-up-{window}-{number}"), issuer.claims())
            assert await status_of(service, unknown) == 401
        assert auth.asked_for_keys == 1 + window
    assert await status_of(service, live_token(issuer)) == 200
