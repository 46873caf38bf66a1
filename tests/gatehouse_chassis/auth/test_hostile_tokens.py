"""Tokens that must not be accepted: a corpus of the known attacks, and mutations of a good token."""

import asyncio
import hmac
import json
from base64 import urlsafe_b64decode
from collections.abc import Callable
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from fastapi import FastAPI
from hypothesis import given
from hypothesis import strategies as st

from gatehouse_chassis.auth.access_tokens import (
    ALGORITHMS,
    LEEWAY,
    MAX_TOKEN_CHARS,
    AccessTokenVerifier,
    InvalidToken,
    VerificationKey,
)
from testing.apps import client_of
from testing.clocks import SettableClock
from testing.tokens import LEFT_OUT, LIFE, TestIssuer, encode

ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"

clock = SettableClock()
issuer = TestIssuer(clock=clock)
good = issuer.token()


def _verifier() -> AccessTokenVerifier:
    return AccessTokenVerifier(issuer=issuer.url, audience="items", keys=issuer, clock=clock)


async def _refusal(token: str) -> str:
    with pytest.raises(InvalidToken) as refused:
        await _verifier().verify(token)
    return str(refused.value)


def _header(**changes: Any) -> str:
    return issuer.sign(issuer.header(**changes), issuer.claims())


def _with_hmac(secret: bytes, alg: str = "HS256") -> str:
    """The public key as the secret of an HMAC: the algorithm confusion of CVE-2016-5431 and its many followers."""
    signing_input = f"{encode(issuer.header(alg=alg))}.{encode(issuer.claims())}"
    digest = hmac.digest(secret, signing_input.encode(), f"sha{alg.removeprefix('HS')}")
    return f"{signing_input}.{encode(digest)}"


def _public(encoding: Encoding, layout: PublicFormat) -> bytes:
    return issuer.key.public_key().public_bytes(encoding, layout)


PEM = _public(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)


def _signed_with_padding(segment: int) -> str:
    """The right padding, which RFC 7515 section 2 leaves out, and a signature over it; PyJWT takes it."""
    texts = [json.dumps(part) for part in (issuer.header(), issuer.claims())]
    segments = [encode((text + " " * ((1 - len(text)) % 3)).encode()) for text in texts]
    segments[segment] += "=="
    signing_input = ".".join(segments)
    signature = jwt.get_algorithm_by_name("ES256").sign(signing_input.encode(), issuer.key)
    token = f"{signing_input}.{encode(signature)}"
    assert jwt.PyJWS().decode(token, issuer.key.public_key(), algorithms=["ES256"])
    return token


def _signed_over_plain_claims() -> str:
    """RFC 7797: the payload is not encoded, and `crit` says so; PyJWT understands it."""
    return jwt.PyJWS().encode(
        json.dumps(issuer.claims()).encode(),
        issuer.key,
        algorithm="ES256",
        headers=issuer.header(b64=False),
    )


def _resigned_by_another_key() -> str:
    other = TestIssuer(clock=clock)
    return other.sign(issuer.header(), issuer.claims())


def _signature(change: Callable[[bytes], bytes]) -> str:
    signing_input, _, signature = good.rpartition(".")
    return f"{signing_input}.{encode(change(urlsafe_b64decode(signature + '==')))}"


def _respelt_last_character(token: str) -> str:
    """Another base64 spelling of the same bytes: the spare bits of the last character are not zero."""
    return token[:-1] + ALPHABET[ALPHABET.index(token[-1]) + 1]


HEADER, CLAIMS, SIGNATURE = good.split(".")
DUPLICATE_CLAIM = json.dumps(issuer.claims())[:-1] + ', "sub": "admin"}'
DUPLICATE_HEADER = b'{"alg": "ES256", "typ": "at+jwt", "kid": "key-1", "kid": "key-1"}'

MALFORMED = {
    "empty": "",
    "a dot": ".",
    "two dots": "..",
    "three dots": "...",
    "one segment": HEADER,
    "two segments": f"{HEADER}.{CLAIMS}",
    "four segments": f"{good}.{SIGNATURE}",
    "five segments, as a JWE": f"{good}.{SIGNATURE}.{SIGNATURE}",
    "no header": f".{CLAIMS}.{SIGNATURE}",
    "no claims": f"{HEADER}..{SIGNATURE}",
    "no signature": f"{HEADER}.{CLAIMS}.",
    "too long": good + "A" * MAX_TOKEN_CHARS,
    "padding": f"{good}==",
    "padding of the header": f"{HEADER}=.{CLAIMS}.{SIGNATURE}",
    "signed with padding of the header": _signed_with_padding(0),
    "signed with padding of the claims": _signed_with_padding(1),
    "junk in the signature (GHSA-hxm8-2xgr-2p9m)": f"{HEADER}.{CLAIMS}.!{SIGNATURE}!",
    "junk in the claims": f"{HEADER}.{CLAIMS[:8]}$%{CLAIMS[8:]}.{SIGNATURE}",
    "detached claims": _signed_over_plain_claims(),
    "alg none without a signature": f"{encode(issuer.header(alg='none'))}.{CLAIMS}.",
    "respelt signature": _respelt_last_character(good),
    "plain base64": f"{HEADER}.{CLAIMS}.{SIGNATURE[:-2]}+/",
    "space before": f" {good}",
    "space after": f"{good} ",
    "space inside": f"{HEADER} .{CLAIMS}.{SIGNATURE}",
    "newline after": f"{good}\n",
    "newline inside": f"{HEADER}.{CLAIMS[:9]}\n{CLAIMS[9:]}.{SIGNATURE}",
    "NUL": f"{good}\0",
    "wide letters": f"{HEADER}.{CLAIMS}.\uff21{SIGNATURE[1:]}",
    "other digits": f"{HEADER}.{CLAIMS}.\u0661{SIGNATURE[1:]}",
    "lone surrogate": f"{good}\ud800",
    "impossible length": f"{HEADER}.{CLAIMS}.A",
    "Bearer twice": f"Bearer {good}",
    "quoted": f'"{good}"',
    "JSON serialisation": json.dumps({"payload": CLAIMS, "signatures": []}),
    "header is no JSON": issuer.sign(b"{", issuer.claims()),
    "header is a list": issuer.sign(b"[]", issuer.claims()),
    "header is deep": issuer.sign(b"[" * 2000, issuer.claims()),
    "header is no UTF-8": issuer.sign(b'{"alg": "\xff"}', issuer.claims()),
    "header with a byte order mark": issuer.sign(
        b"\xef\xbb\xbf" + json.dumps(issuer.header()).encode(), issuer.claims()
    ),
    "header in UTF-16": issuer.sign(json.dumps(issuer.header()).encode("utf-16"), issuer.claims()),
    "duplicate header": issuer.sign(DUPLICATE_HEADER, issuer.claims()),
}

WRONG_HEADERS = {
    "alg none": _header(alg="none"),
    "alg none without signature": f"{encode(issuer.header(alg='none'))}.{CLAIMS}.AA",
    "alg NONE": _header(alg="NONE"),
    "alg in small letters": _header(alg="es256"),
    "alg of another curve": _header(alg="ES384"),
    "alg is a list": _header(alg=["ES256"]),
    "alg is missing": _header(alg=LEFT_OUT),
    "alg is empty": _header(alg=""),
    "alg is null": _header(alg=None),
    "alg with a space": _header(alg="ES256 "),
    "alg of Bitcoin's curve": _header(alg="ES256K"),
    "alg of RSA": _header(alg="RS256"),
    "alg of Ed25519": _header(alg="EdDSA"),
    "HMAC with the public PEM": _with_hmac(PEM),
    "HMAC with the public PEM, stripped": _with_hmac(PEM.strip()),
    "HMAC-384 with the public PEM": _with_hmac(PEM, "HS384"),
    "HMAC-512 with the public PEM": _with_hmac(PEM, "HS512"),
    "HMAC with the public SSH key (CVE-2022-29217)": _with_hmac(
        _public(Encoding.OpenSSH, PublicFormat.OpenSSH)
    ),
    "HMAC with the public DER": _with_hmac(
        _public(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    ),
    "HMAC with the public point": _with_hmac(
        _public(Encoding.X962, PublicFormat.UncompressedPoint)
    ),
    "HMAC with the public JWK": _with_hmac(json.dumps(issuer.jwks()["keys"][0]).encode()),
    "HMAC with nothing": _with_hmac(b""),
    "typ is missing": _header(typ=LEFT_OUT),
    "typ of an ID token": _header(typ="JWT"),
    "typ of a logout token": _header(typ="logout+jwt"),
    "typ in capitals": _header(typ="AT+JWT"),
    "typ is a list": _header(typ=["at+jwt"]),
    "kid is missing": _header(kid=LEFT_OUT),
    "kid is unknown": _header(kid="key-2"),
    "kid is empty": _header(kid=""),
    "kid is huge": _header(kid="k" * 2000),
    "kid is a number": _header(kid=1),
    "kid is a list": _header(kid=["key-1"]),
    "kid is an object": _header(kid={"key-1": 1}),
    "kid is a path": _header(kid="../../dev/null"),
    "kid is SQL": _header(kid="' OR 1=1 --"),
    "kid is a lone surrogate": _header(kid="\ud800"),
    "jwk": _header(jwk=issuer.jwks()["keys"][0]),
    "jku": _header(jku="https://evil.example/jwks.json"),
    "x5u": _header(x5u="https://evil.example/cert.pem"),
    "x5c": _header(x5c=["MIIB"]),
    "crit": _header(crit=["exp"]),
    "crit of nothing": _header(crit=[]),
    "crit is null": _header(crit=None),
    "crit that names what is there": _header(crit=["kid"]),
    "b64 and crit": _header(crit=["b64"], b64=False),
    "b64 alone (RFC 7797)": _header(b64=False),
    "b64 as it is anyway": _header(crit=["b64"], b64=True),
    "x5t#S256": _header(**{"x5t#S256": "AA"}),
    "zip": _header(zip="DEF"),
    "cty": _header(cty="JWT"),
}

WRONG_SIGNATURES = {
    "another key": _resigned_by_another_key(),
    "truncated": _signature(lambda s: s[:-1]),
    "half": _signature(lambda s: s[:32]),
    "longer": _signature(lambda s: s + b"\0"),
    "zeros (CVE-2022-21449)": _signature(lambda s: bytes(64)),
    "ones": _signature(lambda s: b"\xff" * 64),
    "DER": _signature(lambda s: b"\x30\x44\x02\x20" + s[:32] + b"\x02\x20" + s[32:]),
    "turned round": _signature(lambda s: s[32:] + s[:32]),
    "of another token": f"{HEADER}.{CLAIMS}.{issuer.token().rpartition('.')[2]}",
    "over other claims": f"{HEADER}.{encode(issuer.claims(sub='admin'))}.{SIGNATURE}",
}

NO_TEXT: list[Any] = [LEFT_OUT, None, "", 1, True, ["x"], {}, "a\0b", "\ud800", "line\nbreak"]
NO_TIME: list[Any] = [None, True, "1800000000", [1], {}, 10**400, -(10**400), 2**53, "NaN"]
WRONG_CLAIMS: list[tuple[str, Any]] = [
    *[("iss", v) for v in (LEFT_OUT, None, "", issuer.url + "/", issuer.url[:-1], [issuer.url])],
    *[("iss", v) for v in (issuer.url.upper(), issuer.url + "\0", "https://evil.example")],
    # GHSA-75c5-xw7c-p5pm: a part of the issuer's address is "in" it.
    *[("iss", v) for v in ("h", issuer.url[7:], "localhost", {issuer.url: 1}, 1, True)],
    *[("aud", v) for v in (LEFT_OUT, None, "", [], "item", "items2", ["auth"], ["ITEMS"])],
    *[("aud", v) for v in ({"items": 1}, ["items", 1], [["items"]], True, 1, "items auth")],
    *[("aud", v) for v in ("i", "items,auth", ["items auth"], ["items", None], [None], [""])],
    *[(name, v) for name in ("exp", "iat", "nbf") for v in NO_TIME],
    *[("exp", v) for v in (LEFT_OUT, 0, -1, int(clock.now - LEEWAY))],
    *[("iat", v) for v in (LEFT_OUT, int(clock.now + LEEWAY + 1))],
    ("nbf", int(clock.now + LEEWAY + 1)),
    *[(name, v) for name in ("sub", "client_id", "jti") for v in NO_TEXT],
    *[("scope", v) for v in (None, 1, ["items:read"], "items:read\titems:write")],
]


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
