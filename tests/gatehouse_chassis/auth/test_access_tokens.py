"""Good tokens, the clock, and the cache. The bad ones are in test_hostile_tokens.py."""

import pytest

from gatehouse_chassis.auth.access_tokens import (
    LEEWAY,
    AccessTokenVerifier,
    InvalidToken,
    Principal,
)
from testing.clocks import SettableClock
from testing.tokens import LIFE, TestIssuer


@pytest.fixture
def verifier(issuer: TestIssuer, clock: SettableClock) -> AccessTokenVerifier:
    return AccessTokenVerifier(issuer=issuer.url, audience="items", keys=issuer, clock=clock)


async def test_a_good_token_tells_who_it_speaks_for(
    verifier: AccessTokenVerifier, issuer: TestIssuer, clock: SettableClock
) -> None:
    token = issuer.token(sub="somebody", client_id="portal", jti="t-1", scope="items:read x")
    assert await verifier.verify(token) == Principal(
        subject="somebody",
        client_id="portal",
        scopes=frozenset({"items:read", "x"}),
        token_id="t-1",
        expires_at=clock.now + LIFE,
        key_id="key-1",
    )


@pytest.mark.parametrize(
    ("changes", "scopes"),
    [
        ({"aud": "items"}, {"items:read", "items:write"}),
        ({"aud": ["auth", "items"]}, {"items:read", "items:write"}),
        ({"scope": ""}, set()),
        ({"scope": " items:read  items:read "}, {"items:read"}),
        ({"nbf": 0, "iat": 1.5}, {"items:read", "items:write"}),
        ({"unknown": {"nested": [1, None]}}, {"items:read", "items:write"}),
    ],
)
async def test_what_rfc_9068_leaves_open_is_accepted(
    verifier: AccessTokenVerifier,
    issuer: TestIssuer,
    changes: dict[str, object],
    scopes: set[str],
) -> None:
    assert (await verifier.verify(issuer.token(**changes))).scopes == scopes


async def test_the_issuer_itself_accepts_its_tokens_for_every_service(
    issuer: TestIssuer, clock: SettableClock
) -> None:
    at_the_issuer = AccessTokenVerifier(issuer=issuer.url, audience=None, keys=issuer, clock=clock)
    assert (await at_the_issuer.verify(issuer.token(aud=["items"], sub="me"))).subject == "me"


async def test_a_token_is_good_until_the_leeway_after_its_end(
    verifier: AccessTokenVerifier, issuer: TestIssuer, clock: SettableClock
) -> None:
    token, unseen = issuer.token(), issuer.token()
    await verifier.verify(token)
    clock.advance(LIFE + LEEWAY - 0.1)
    await verifier.verify(token)
    clock.advance(0.1)
    for late in (token, unseen):
        with pytest.raises(InvalidToken, match="expired"):
            await verifier.verify(late)


@pytest.mark.parametrize("claim", ["iat", "nbf"])
async def test_a_token_from_a_clock_that_is_ahead_is_good_within_the_leeway(
    verifier: AccessTokenVerifier, issuer: TestIssuer, clock: SettableClock, claim: str
) -> None:
    await verifier.verify(issuer.token(**{claim: clock.now + LEEWAY}))
    with pytest.raises(InvalidToken, match="not valid yet"):
        await verifier.verify(issuer.token(**{claim: clock.now + LEEWAY + 1}))


async def test_a_token_is_checked_once(verifier: AccessTokenVerifier, issuer: TestIssuer) -> None:
    token = issuer.token()
    assert await verifier.verify(token) is await verifier.verify(token)
    assert issuer.asked == 1


async def test_an_expired_token_leaves_the_cache(
    verifier: AccessTokenVerifier, issuer: TestIssuer, clock: SettableClock
) -> None:
    token = issuer.token()
    await verifier.verify(token)
    clock.advance(LIFE + LEEWAY)
    for _ in range(2):
        with pytest.raises(InvalidToken, match="expired"):
            await verifier.verify(token)
    assert issuer.asked == 2  # the second refusal was a full check again


async def test_the_cache_is_bounded_and_forgets_the_longest_unused(
    issuer: TestIssuer, clock: SettableClock
) -> None:
    verifier = AccessTokenVerifier(
        issuer=issuer.url, audience="items", keys=issuer, clock=clock, cache_size=2
    )
    first, second, third = (issuer.token() for _ in range(3))
    for token in (first, second, first, third):
        await verifier.verify(token)
    assert issuer.asked == 3
    await verifier.verify(first)
    assert issuer.asked == 3
    await verifier.verify(second)
    assert issuer.asked == 4
