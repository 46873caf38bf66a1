"""Tokens that must not be accepted: a corpus of the known attacks, and mutations of a good token."""

import asyncio
import json
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from fastapi import FastAPI
from hypothesis import given
from hypothesis import strategies as st

from gatehouse_chassis.auth.access_tokens import (
    ALGORITHMS,
    AccessTokenVerifier,
    InvalidToken,
    VerificationKey,
)
from gatehouse_chassis.auth.resource_server import ResourceServer
from testing.apps import client_of
from testing.clocks import SettableClock
from testing.tokens import LIFE, TestIssuer
from tests.gatehouse_chassis.auth.hostile import (
    ALPHABET,
    malformed,
    public_pem,
    wrong_claims,
    wrong_headers,
    wrong_signatures,
)

clock = SettableClock()
issuer = TestIssuer(clock=clock)
good = issuer.token()


def _verifier() -> AccessTokenVerifier:
    return AccessTokenVerifier(issuer=issuer.url, audience="items", keys=issuer, clock=clock)


async def _refusal(token: str) -> str:
    with pytest.raises(InvalidToken) as refused:
        await _verifier().verify(token)
    return str(refused.value)


PEM = public_pem(issuer)
DUPLICATE_CLAIM = json.dumps(issuer.claims())[:-1] + ', "sub": "admin"}'
MALFORMED = malformed(issuer, good)
WRONG_HEADERS = wrong_headers(issuer, good)
WRONG_SIGNATURES = wrong_signatures(issuer, good)
WRONG_CLAIMS = wrong_claims(issuer, clock.now)


@pytest.mark.parametrize("token", MALFORMED.values(), ids=MALFORMED)
async def test_a_malformed_token_is_refused_before_a_key_is_asked_for(token: str) -> None:
    asked = issuer.asked
    assert await _refusal(token) in {
        "the token is malformed",
        "the token is too long",
        "the token names a claim twice",
        "the token has other headers than alg, typ and kid",
    }
    assert issuer.asked == asked


@pytest.mark.parametrize("token", WRONG_HEADERS.values(), ids=WRONG_HEADERS)
async def test_a_header_that_the_issuer_does_not_write_is_refused(token: str) -> None:
    await _refusal(token)


@pytest.mark.parametrize("token", WRONG_SIGNATURES.values(), ids=WRONG_SIGNATURES)
async def test_a_wrong_signature_is_refused(token: str) -> None:
    assert await _refusal(token) == "the signature is wrong"


@pytest.mark.parametrize(("name", "value"), WRONG_CLAIMS)
async def test_a_claim_that_is_wrong_or_missing_is_refused(name: str, value: object) -> None:
    await _refusal(issuer.token(**{name: value}))


@pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity", "1e400", "9" * 1500])
@pytest.mark.parametrize("claim", ["exp", "iat", "nbf"])
async def test_a_number_that_is_no_time_is_refused(claim: str, number: str) -> None:
    claims = json.dumps(issuer.claims(**{claim: "?"})).replace('"?"', number)
    await _refusal(issuer.sign(issuer.header(), claims.encode()))


@pytest.mark.parametrize(
    "claims",
    [
        DUPLICATE_CLAIM.encode(),
        b'{"nested": {"a": 1, "a": 2},' + json.dumps(issuer.claims()).encode()[1:],
        json.dumps([issuer.claims()]).encode(),
        json.dumps(issuer.claims()).encode("utf-16"),
        b"\xff" + json.dumps(issuer.claims()).encode(),
        json.dumps(issuer.claims()).encode() + b"{}",
        b"null",
        b'"text"',
        b"[" * 2500,
        b'{"a":' * 500,
    ],
    ids=[
        "duplicate",
        "nested duplicate",
        "list",
        "UTF-16",
        "no UTF-8",
        "two documents",
        "null",
        "text",
        "deep list",
        "deep object",
    ],
)
async def test_signed_claims_that_are_no_plain_object_are_refused(claims: bytes) -> None:
    await _refusal(issuer.sign(issuer.header(), claims))


async def test_a_refused_token_is_not_remembered() -> None:
    verifier = _verifier()
    late = issuer.token(iat=int(clock.now + LIFE))
    with pytest.raises(InvalidToken):
        await verifier.verify(late)
    asked = issuer.asked
    with pytest.raises(InvalidToken):
        await verifier.verify(late)
    assert issuer.asked == asked + 1


async def test_a_reason_says_nothing_that_the_client_wrote_and_fits_a_header() -> None:
    tokens = [*MALFORMED.values(), *WRONG_HEADERS.values(), *WRONG_SIGNATURES.values()]
    tokens += [issuer.token(**{name: value}) for name, value in WRONG_CLAIMS]
    for token in tokens:
        reason = await _refusal(token)
        assert reason.startswith(("the token ", "the claim ", "the signature "))
        # RFC 6750 section 3: no quotes, no backslash, printable ASCII.
        assert reason.isascii()
        assert reason.isprintable()
        assert not {'"', "\\"} & set(reason)


async def test_every_token_of_the_corpus_is_answered_with_401_and_none_is_remembered(
    app: FastAPI,
) -> None:
    corpus = [*MALFORMED.values(), *WRONG_HEADERS.values(), *WRONG_SIGNATURES.values()]
    corpus += [issuer.token(**{name: value}) for name, value in WRONG_CLAIMS]
    # HTTP takes spaces around a field's value away.
    corpus = [token for token in corpus if token.strip() != good]
    assert len(corpus) >= 60
    # With room for one token, anything that were remembered would push the good one out.
    app.state.token_verifier = AccessTokenVerifier(
        issuer=issuer.url, audience="items", keys=issuer, clock=clock, cache_size=1
    )
    async with client_of(app, "http://localhost:8080/probe") as client:

        async def status_of(token: str) -> int:
            value = b"Bearer " + token.encode("utf-8", "surrogatepass")
            return (await client.get("/me", headers={b"Authorization": value})).status_code

        assert await status_of(good) == 403  # it is good, but not for this service's scope
        assert {await status_of(token) for token in corpus for _ in range(2)} == {401}
        asked = issuer.asked
        assert await status_of(good) == 403
        assert issuer.asked == asked


def _is_accepted(token: str) -> bool:
    try:
        asyncio.run(_verifier().verify(token))
    except InvalidToken:
        return False
    return True


@given(position=st.integers(0, len(good) - 1), character=st.characters(codec=None))
def test_a_good_token_with_another_character_is_refused(position: int, character: str) -> None:
    mutated = good[:position] + character + good[position + 1 :]
    assert _is_accepted(mutated) == (mutated == good)


@given(start=st.integers(0, len(good)), end=st.integers(0, len(good)), between=st.text(max_size=5))
def test_a_good_token_with_a_piece_cut_out_or_put_in_is_refused(
    start: int, end: int, between: str
) -> None:
    mutated = good[:start] + between + good[end:]
    assert _is_accepted(mutated) == (mutated == good)


@given(st.text(alphabet=ALPHABET + "=. ", max_size=200))
def test_no_text_is_a_token_by_chance(text: str) -> None:
    assert not _is_accepted(text)


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3)
    ),
    max_leaves=8,
)


@given(name=st.sampled_from(["iss", "aud", "exp", "iat", "sub", "client_id", "jti"]), value=_JSON)
def test_a_signed_claim_of_any_other_type_is_refused_or_understood(name: str, value: Any) -> None:
    token = issuer.sign(issuer.header(), issuer.claims(**{name: value}))
    if _is_accepted(token):
        assert type(value) in {"exp": (int, float), "iat": (int, float), "aud": (list,)}.get(
            name, (str,)
        )


@given(document=_JSON)
def test_a_signed_header_of_any_content_is_refused(document: Any) -> None:
    assert not _is_accepted(issuer.sign(json.dumps(document).encode(), issuer.claims()))


WRONG_KEYS: dict[str, Any] = {
    "another key": ec.generate_private_key(ec.SECP256R1()).public_key(),
    "P-384": ec.generate_private_key(ec.SECP384R1()).public_key(),
    "Bitcoin's curve": ec.generate_private_key(ec.SECP256K1()).public_key(),
    "P-224": ec.generate_private_key(ec.SECP224R1()).public_key(),
    "RSA, 1024 bits": rsa.generate_private_key(65537, 1024).public_key(),
    "RSA, 2048 bits": rsa.generate_private_key(65537, 2048).public_key(),
    "Ed25519": ed25519.Ed25519PrivateKey.generate().public_key(),
    "the private key": issuer.key,
    "PEM": PEM,
    "PEM as text": PEM.decode(),
    "JWK": issuer.jwks()["keys"][0],
    "nothing": b"",
    "a secret": b"secret",
    "a number": 7,
}


@pytest.mark.parametrize("algorithm", ALGORITHMS)
@pytest.mark.parametrize("key", WRONG_KEYS.values(), ids=WRONG_KEYS)
def test_a_key_of_another_kind_never_verifies(key: Any, algorithm: str) -> None:
    class WrongKind:
        async def find(self, kid: str) -> Any:
            return VerificationKey(algorithm, key)

        def is_withdrawn(self, kid: str) -> bool:
            return False

    verifier = AccessTokenVerifier(
        issuer=issuer.url, audience="items", keys=WrongKind(), clock=clock
    )
    with pytest.raises(InvalidToken, match="the signature is wrong"):
        asyncio.run(verifier.verify(good))


@pytest.mark.parametrize("exp", [1.5, 0.1])
async def test_a_time_with_a_fraction_is_understood(exp: float) -> None:
    """RFC 7519 section 2: a NumericDate may have one."""
    token = issuer.token(exp=int(clock.now) + exp)
    assert (await _verifier().verify(token)).expires_at == int(clock.now) + exp


async def test_a_token_is_read_by_one_parser_only(monkeypatch: pytest.MonkeyPatch) -> None:
    """What was checked is what was verified: PyJWT's own, laxer reading of a token is never asked."""

    def never(*_: object, **__: object) -> None:
        raise AssertionError("PyJWT parsed the token")

    monkeypatch.setattr(jwt.PyJWS, "_load", never)
    await _verifier().verify(issuer.token())


@pytest.mark.parametrize("algorithm", ALGORITHMS)
async def test_a_resource_server_refuses_the_corpus_of_an_issuer_with_any_algorithm(
    algorithm: str,
) -> None:
    foreign = TestIssuer(clock=clock, algorithm=algorithm)
    token = foreign.token()
    server = ResourceServer(
        issuer=foreign.url, audience="items", algorithms=[*ALGORITHMS], clock=clock
    )
    corpus = malformed(foreign, token) | wrong_headers(foreign, token)
    corpus |= wrong_signatures(foreign, token)
    claims = wrong_claims(foreign, clock.now)
    corpus |= {f"{name} {value!r}": foreign.token(**{name: value}) for name, value in claims}
    assert len(corpus) >= 200
    with foreign.trusted_by(server):
        assert (await server.verify(token)).audience == ("items",)
        accepted = [name for name, hostile in corpus.items() if await _accepts(server, hostile)]
    assert accepted == []


async def _accepts(server: ResourceServer, token: str) -> bool:
    try:
        await server.verify(token)
    except InvalidToken:
        return False
    return True
