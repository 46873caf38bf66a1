"""Good tokens, the clock, and the cache. The bad ones are in test_hostile_tokens.py."""

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key

from gatehouse_chassis.auth.access_tokens import (
    LEEWAY,
    AccessTokenVerifier,
    InvalidToken,
    Principal,
    VerificationKey,
    WrongAudience,
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
        audience=("items",),
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


async def test_where_clients_manage_tokens_those_for_every_service_are_known(
    issuer: TestIssuer, clock: SettableClock
) -> None:
    at_the_issuer = AccessTokenVerifier(issuer=issuer.url, audience=None, keys=issuer, clock=clock)
    assert (await at_the_issuer.verify(issuer.token(aud=["items"], sub="me"))).subject == "me"


async def test_a_service_is_named_by_its_url_too(issuer: TestIssuer, clock: SettableClock) -> None:
    url = "https://api.example.com/items"
    verifier = AccessTokenVerifier(
        issuer=issuer.url, audience="items", resource=url, keys=issuer, clock=clock
    )
    for aud in (["items"], [url], ["auth", url]):
        assert (await verifier.verify(issuer.token(aud=aud))).audience == tuple(aud)
    for aud in (["auth"], [f"{url}/"], ["https://api.example.com"], []):
        with pytest.raises(WrongAudience, match="the token is for another service"):
            await verifier.verify(issuer.token(aud=aud))


class RSAIssuer(TestIssuer):
    """An issuer with a key of RSA."""

    def __init__(self, *, bits: int = 2048) -> None:
        super().__init__()
        self.pair = generate_private_key(public_exponent=65537, key_size=bits)

    async def find(self, kid: str) -> VerificationKey | None:
        return VerificationKey("RS256", self.pair.public_key()) if kid == self.kid else None

    def signed(self, algorithm: str) -> str:
        headers = {"typ": "at+jwt", "kid": self.kid}
        options = jwt.PyJWT(options={"enforce_minimum_key_length": False})
        return options.encode(self.claims(), self.pair, algorithm=algorithm, headers=headers)


async def test_a_token_of_rs256_is_accepted() -> None:
    issuer = RSAIssuer()
    verifier = AccessTokenVerifier(issuer=issuer.url, audience="items", keys=issuer)
    assert (await verifier.verify(issuer.signed("RS256"))).audience == ("items",)


@pytest.mark.parametrize(
    ("algorithm", "reason"),
    [
        ("RS384", "another algorithm"),
        ("RS512", "another algorithm"),
        ("PS256", "the signature is wrong"),
    ],
)
async def test_a_key_of_rsa_is_for_its_one_algorithm_alone(algorithm: str, reason: str) -> None:
    issuer = RSAIssuer()
    verifier = AccessTokenVerifier(issuer=issuer.url, audience="items", keys=issuer)
    with pytest.raises(InvalidToken, match=reason):
        await verifier.verify(issuer.signed(algorithm))


async def test_no_token_chooses_the_algorithm_of_a_key() -> None:
    rsa = RSAIssuer()
    at_rsa = AccessTokenVerifier(issuer=rsa.url, audience="items", keys=rsa)
    of_ec = rsa.token()  # signed with its key of EC, which has the same id
    with pytest.raises(InvalidToken, match="the signature is wrong"):
        await at_rsa.verify(of_ec)
    plain = TestIssuer()
    at_plain = AccessTokenVerifier(issuer=plain.url, audience="items", keys=plain)
    with pytest.raises(InvalidToken, match="the signature is wrong"):
        await at_plain.verify(rsa.signed("RS256"))


@pytest.mark.filterwarnings("ignore:The RSA key is 1024 bits long")
async def test_a_short_key_of_rsa_verifies_nothing() -> None:
    issuer = RSAIssuer(bits=1024)
    verifier = AccessTokenVerifier(issuer=issuer.url, audience="items", keys=issuer)
    with pytest.raises(InvalidToken, match="the signature is wrong"):
        await verifier.verify(issuer.signed("RS256"))


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
