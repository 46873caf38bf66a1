"""The issuer's keys through its outages, its mistakes and its silence."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from pathlib import Path

import httpx2
import pytest
from cryptography.hazmat.primitives.asymmetric.ec import (
    EllipticCurvePrivateKey,
    EllipticCurvePublicKey,
)
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, generate_private_key
from jwt.algorithms import ECAlgorithm, RSAAlgorithm

from gatehouse_chassis.auth.access_tokens import KeysUnavailable, VerificationKey
from gatehouse_chassis.auth.issuer_keys import RETRY_AFTER, TRUST_FOR, IssuerKeys
from testing.background import beside, until
from testing.clocks import SettableClock
from testing.tokens import TestIssuer

URL = "http://auth.test/.well-known/jwks.json"
OTHER_KEY = TestIssuer(kid="key-2")

Answer = Callable[[httpx2.Request], Awaitable[httpx2.Response]]


class JwksServer:
    """The issuer's side: answers with its keys, or whatever else `answer` is set to, and counts."""

    def __init__(self) -> None:
        self.issuer = TestIssuer()
        self.asked: list[str] = []
        self.answer: Answer = self.keys
        self.may_answer = asyncio.Event()
        self.may_answer.set()

    async def keys(self, request: httpx2.Request) -> httpx2.Response:
        return httpx2.Response(200, json=self.issuer.jwks())

    async def down(self, request: httpx2.Request) -> httpx2.Response:
        raise httpx2.ConnectError("connection refused", request=request)

    def says(self, status: int, content: bytes = b"", **headers: str) -> None:
        async def say(request: httpx2.Request) -> httpx2.Response:
            return httpx2.Response(status, content=content, headers=headers)

        self.answer = say

    def client(self) -> httpx2.AsyncClient:
        async def handle(request: httpx2.Request) -> httpx2.Response:
            self.asked.append(str(request.url))
            await self.may_answer.wait()
            return await self.answer(request)

        return httpx2.AsyncClient(transport=httpx2.MockTransport(handle), follow_redirects=False)


@pytest.fixture
def server() -> JwksServer:
    return JwksServer()


@pytest.fixture
def kept_in(tmp_path: Path) -> Path:
    return tmp_path / "state" / "issuer-keys.json"


@pytest.fixture
def keys(server: JwksServer, kept_in: Path, clock: SettableClock) -> IssuerKeys:
    return IssuerKeys(URL, kept_in, client=server.client, clock=clock, timeout=0.05)


async def test_the_key_that_is_found_is_the_one_that_the_issuer_published(
    keys: IssuerKeys, server: JwksServer
) -> None:
    found = await keys.find("key-1")
    assert found is not None
    assert found == VerificationKey("ES256", server.issuer.key.public_key())
    await keys.check()


async def test_many_waiters_share_one_flight(keys: IssuerKeys, server: JwksServer) -> None:
    server.may_answer.clear()
    first = [asyncio.create_task(keys.find("key-1")) for _ in range(50)]
    await until(lambda: bool(server.asked))
    late = [asyncio.create_task(keys.find("key-1")) for _ in range(50)]
    await asyncio.sleep(0)
    server.may_answer.set()
    assert None not in await asyncio.gather(*first, *late)
    assert len(server.asked) == 1


async def test_a_new_key_is_waited_for_by_all_who_need_it(
    keys: IssuerKeys, server: JwksServer, clock: SettableClock
) -> None:
    await keys.find("key-1")
    server.issuer = OTHER_KEY
    clock.advance(RETRY_AFTER)
    server.may_answer.clear()
    first = asyncio.create_task(keys.find("key-2"))
    await until(lambda: len(server.asked) == 2)
    late = asyncio.create_task(keys.find("key-2"))
    await asyncio.sleep(0)
    server.may_answer.set()
    assert None not in await asyncio.gather(first, late)


async def test_an_unknown_key_id_makes_the_issuer_be_asked_once_in_a_while(
    keys: IssuerKeys, server: JwksServer, clock: SettableClock
) -> None:
    for number in range(100):
        assert await keys.find(f"made-up-{number}") is None
    assert len(server.asked) == 1
    clock.advance(RETRY_AFTER - 0.1)
    await keys.find("made-up")
    assert len(server.asked) == 1
    clock.advance(0.1)
    await keys.find("made-up")
    assert len(server.asked) == 2


async def test_a_failed_fetch_counts_for_the_throttle(
    keys: IssuerKeys, server: JwksServer, clock: SettableClock
) -> None:
    server.answer = server.down
    for _ in range(100):
        with pytest.raises(KeysUnavailable):
            await keys.find("key-1")
    assert len(server.asked) == 1
    server.answer = server.keys
    clock.advance(RETRY_AFTER)
    assert await keys.find("key-1") is not None


async def test_a_known_key_id_causes_no_fetch(
    keys: IssuerKeys, server: JwksServer, clock: SettableClock
) -> None:
    await keys.find("key-1")
    clock.advance(TRUST_FOR - 1)
    assert await keys.find("key-1") is not None
    assert len(server.asked) == 1


async def test_a_stale_key_is_trusted_for_a_bounded_time(
    keys: IssuerKeys, server: JwksServer, clock: SettableClock
) -> None:
    await keys.find("key-1")
    server.answer = server.down
    clock.advance(TRUST_FOR - 1)
    assert await keys.find("key-1") is not None
    await keys.check()
    clock.advance(1)
    for refused in (keys.find("key-1"), keys.find("made-up"), keys.check()):
        with pytest.raises(KeysUnavailable):
            await refused


async def test_a_service_starts_while_the_issuer_is_down(
    keys: IssuerKeys, server: JwksServer, kept_in: Path, clock: SettableClock
) -> None:
    await keys.find("key-1")
    server.answer = server.down
    clock.advance(TRUST_FOR - 1)
    restarted = IssuerKeys(URL, kept_in, client=server.client, clock=clock)
    async with beside(restarted.keep_fresh):
        assert await restarted.find("key-1") is not None
        # Being kept makes no key younger.
        clock.advance(1)
        with pytest.raises(KeysUnavailable):
            await restarted.find("key-1")


async def test_a_kept_key_from_the_future_is_not_trusted_for_longer(
    keys: IssuerKeys, server: JwksServer, kept_in: Path, clock: SettableClock
) -> None:
    await keys.find("key-1")
    server.answer = server.down
    clock.advance(-10 * TRUST_FOR)
    restarted = IssuerKeys(URL, kept_in, client=server.client, clock=clock)
    async with beside(restarted.keep_fresh):
        clock.advance(TRUST_FOR)
        with pytest.raises(KeysUnavailable):
            await restarted.find("key-1")


KEPT = json.dumps({"fetched_at": 1_800_000_000, "jwks": OTHER_KEY.jwks()})


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\xff\xfe",
        b"[]",
        b"null",
        b"{}",
        b"[" * 100_000,
        KEPT[:-9].encode(),
        KEPT.replace("1800000000", "null").encode(),
        KEPT.replace("1800000000", "NaN").encode(),
        KEPT.replace("1800000000", "1" + "0" * 400).encode(),
        b'{"fetched_at": 1800000000, "jwks": {"keys": []}}',
    ],
    ids=range(11),
)
async def test_a_damaged_kept_file_is_survived_and_replaced(
    keys: IssuerKeys, kept_in: Path, content: bytes
) -> None:
    kept_in.parent.mkdir()
    kept_in.write_bytes(content)
    async with beside(keys.keep_fresh):
        await until(lambda: b"key-1" in kept_in.read_bytes())
        assert await keys.find("key-2") is None
        assert await keys.find("key-1") is not None


async def test_a_kept_file_that_cannot_be_read_or_written_is_survived(
    keys: IssuerKeys, kept_in: Path
) -> None:
    kept_in.mkdir(parents=True)
    async with beside(keys.keep_fresh):
        assert await keys.find("key-1") is not None


async def test_the_kept_file_holds_what_the_issuer_published_and_nothing_else(
    keys: IssuerKeys, server: JwksServer, kept_in: Path
) -> None:
    await keys.find("key-1")
    assert json.loads(kept_in.read_text())["jwks"] == server.issuer.jwks()
    assert [path.name for path in kept_in.parent.iterdir()] == [kept_in.name]


OTHER_X: str = OTHER_KEY.jwks()["keys"][0]["x"]
LEADING_ZERO_LEFT_OUT = "A" * 42  # 31 bytes


def _jwks(**changes: object) -> bytes:
    return json.dumps({"keys": [{**OTHER_KEY.jwks()["keys"][0], **changes}]}).encode()


@pytest.mark.parametrize(
    "document",
    [
        b"",
        b"<html>",
        b"\xff",
        b"null",
        b"[]",
        b'{"keys": {}}',
        b'{"keys": []}',
        b'{"keys": [1, null, "x", {}]}',
        b"[" * 60_000,
        _jwks(kty="RSA"),
        _jwks(crv="P-384"),
        _jwks(alg="ES384"),
        _jwks(use="enc"),
        _jwks(kid=7),
        _jwks(x=7),
        _jwks(x="!"),
        _jwks(x=""),
        _jwks(x="AAAA"),
        _jwks(x="A" * 43),
        _jwks(x="A" * 60_000),
        _jwks(x=OTHER_X + "="),
        _jwks(x=OTHER_X[:9] + "!" + OTHER_X[9:]),
        _jwks(x=LEADING_ZERO_LEFT_OUT),
        _jwks(y=OTHER_X),
        _jwks(y=None),
        _jwks(crv="secp256k1"),
        _jwks(crv=["P-256"]),
        _jwks(kty="oct", k="c2VjcmV0", alg="HS256"),
        _jwks(kty="oct", k="c2VjcmV0"),
        _jwks(alg="none"),
        _jwks(alg=None),
        _jwks(alg=["ES256"]),
        _jwks(padding="A" * 70_000),
    ],
    ids=range(33),
)
async def test_a_document_without_a_usable_key_changes_nothing(
    keys: IssuerKeys, server: JwksServer, clock: SettableClock, kept_in: Path, document: bytes
) -> None:
    await keys.find("key-1")
    kept = kept_in.read_bytes()
    server.says(200, document)
    clock.advance(RETRY_AFTER)
    assert await keys.find("key-2") is None
    assert len(server.asked) == 2
    assert await keys.find("key-1") is not None
    assert kept_in.read_bytes() == kept


@pytest.mark.parametrize("status", [204, 301, 302, 307, 404, 429, 500, 503])
async def test_an_answer_that_is_not_200_changes_nothing_and_is_not_followed(
    keys: IssuerKeys, server: JwksServer, clock: SettableClock, status: int
) -> None:
    await keys.find("key-1")
    server.says(status, _jwks(), Location="http://evil.example/jwks.json")
    clock.advance(RETRY_AFTER)
    assert await keys.find("key-2") is None
    assert await keys.find("key-1") is not None
    assert set(server.asked) == {URL}


async def test_a_fetch_that_is_never_answered_ends(keys: IssuerKeys, server: JwksServer) -> None:
    server.may_answer.clear()
    async with asyncio.timeout(5):
        with pytest.raises(KeysUnavailable):
            await keys.find("key-1")


async def test_keys_of_other_kinds_are_passed_over(keys: IssuerKeys, server: JwksServer) -> None:
    ours = server.issuer.jwks()["keys"][0]
    del ours["alg"], ours["use"]  # both are optional (RFC 7517 section 4)
    others = [{"kty": "RSA", "kid": "rsa", "n": "AQAB", "e": "AQAB"}, {"kty": "OKP", "kid": "okp"}]
    server.says(200, json.dumps({"keys": [*others, ours], "comment": "more"}).encode())
    assert await keys.find("rsa") is None
    assert await keys.find("key-1") is not None


RSA_KEY = generate_private_key(public_exponent=65537, key_size=2048)


def _rsa_jwk(key: RSAPrivateKey = RSA_KEY, **changes: object) -> dict[str, object]:
    public = RSAAlgorithm.to_jwk(key.public_key(), as_dict=True)
    return {**public, "kid": "rsa", "alg": "RS256", "use": "sig", **changes}


async def test_a_key_of_rsa_is_taken_when_it_says_that_it_is_for_rs256(
    keys: IssuerKeys, server: JwksServer
) -> None:
    server.says(200, json.dumps({"keys": [_rsa_jwk()]}).encode())
    assert await keys.find("rsa") == VerificationKey("RS256", RSA_KEY.public_key())


@pytest.mark.parametrize(
    "unusable",
    [
        _rsa_jwk(alg="RS512"),
        _rsa_jwk(alg="ES256"),
        _rsa_jwk(alg=None),
        _rsa_jwk(e="Aw"),
        _rsa_jwk(n="A" * 342),
        _rsa_jwk(n="_" * 900),
        _rsa_jwk(n=7),
        _rsa_jwk(generate_private_key(public_exponent=65537, key_size=1024)),
    ],
    ids=range(8),
)
async def test_other_keys_of_rsa_are_passed_over(
    keys: IssuerKeys, server: JwksServer, unusable: dict[str, object]
) -> None:
    ours = server.issuer.jwks()["keys"][0]
    server.says(200, json.dumps({"keys": [unusable, ours]}).encode())
    assert await keys.find("rsa") is None
    assert await keys.find("key-1") is not None


async def test_a_private_member_that_slipped_into_the_document_is_not_taken(
    keys: IssuerKeys, server: JwksServer
) -> None:
    assert isinstance(server.issuer.key, EllipticCurvePrivateKey)
    private = ECAlgorithm.to_jwk(server.issuer.key, as_dict=True)
    assert "d" in private
    server.says(200, json.dumps({"keys": [{**private, "kid": "key-1"}]}).encode())
    found = await keys.find("key-1")
    assert found is not None
    assert isinstance(found.public, EllipticCurvePublicKey)


async def test_a_waiter_that_goes_away_does_not_end_the_fetch(
    keys: IssuerKeys, server: JwksServer
) -> None:
    server.may_answer.clear()
    gone = asyncio.create_task(keys.find("key-1"))
    await until(lambda: bool(server.asked))
    stays = asyncio.create_task(keys.find("key-1"))
    await asyncio.sleep(0)
    gone.cancel()
    with pytest.raises(asyncio.CancelledError):
        await gone
    server.may_answer.set()
    assert await stays is not None
    assert len(server.asked) == 1


async def test_the_keys_are_fetched_before_anyone_asks(
    keys: IssuerKeys, server: JwksServer
) -> None:
    async with beside(keys.keep_fresh):
        await until(lambda: bool(server.asked))
        await keys.find("key-1")
        assert len(server.asked) == 1
