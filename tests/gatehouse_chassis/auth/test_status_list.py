"""Revoked tokens at a service: within one fetch, through outages and restarts, and whatever the list looks like."""

import json
import zlib
from base64 import urlsafe_b64decode
from pathlib import Path
from typing import Any

import httpx2
import pytest

from gatehouse_chassis.auth.access_tokens import AccessTokenVerifier, InvalidToken
from gatehouse_chassis.auth.status_list import MAX_INDEXES, StatusList, StatusListUnavailable
from testing.background import beside, until
from testing.clocks import SettableClock
from testing.tokens import LEFT_OUT, TestIssuer, encode

URL = "http://auth.test/status-list"


class ListServer:
    """The issuer's side: publishes `document`, or is down where that is None, and counts."""

    def __init__(self, issuer: TestIssuer) -> None:
        self.document: str | None = issuer.status_list()
        self.answers: list[int] = []

    def client(self) -> httpx2.AsyncClient:
        def handle(request: httpx2.Request) -> httpx2.Response:
            if self.document is None:
                self.answers.append(0)
                raise httpx2.ConnectError("connection refused", request=request)
            tag = f'W/"{hash(self.document)}"'
            status = 304 if request.headers.get("if-none-match") == tag else 200
            self.answers.append(status)
            content = self.document if status == 200 else ""
            return httpx2.Response(status, text=content, headers={"ETag": tag})

        return httpx2.AsyncClient(transport=httpx2.MockTransport(handle))


@pytest.fixture
def server(issuer: TestIssuer) -> ListServer:
    return ListServer(issuer)


@pytest.fixture
def kept_in(tmp_path: Path) -> Path:
    return tmp_path / "state" / "status-list.jwt"


@pytest.fixture
def revoked(
    server: ListServer, issuer: TestIssuer, kept_in: Path, clock: SettableClock
) -> StatusList:
    return StatusList(
        URL,
        uri=f"{issuer.url}/status-list",
        kept_in=kept_in,
        keys=issuer,
        client=server.client,
        clock=clock,
        refresh_after=0.01,
    )


@pytest.fixture
def verifier(issuer: TestIssuer, revoked: StatusList, clock: SettableClock) -> AccessTokenVerifier:
    return AccessTokenVerifier(
        issuer=issuer.url, audience="items", keys=issuer, revocations=revoked, clock=clock
    )


async def test_a_token_that_is_remembered_is_refused_once_it_is_revoked(
    verifier: AccessTokenVerifier, revoked: StatusList, issuer: TestIssuer, server: ListServer
) -> None:
    token, other = (issuer.token(status=issuer.status(index)) for index in (5, 6))
    async with beside(revoked.keep_fresh):
        assert await verifier.verify(token) is await verifier.verify(token)
        server.document = issuer.status_list({5})
        await until(lambda: revoked.is_revoked(5))
        for _ in range(2):
            with pytest.raises(InvalidToken, match="the token was revoked"):
                await verifier.verify(token)
        await verifier.verify(other)


async def test_a_token_that_was_never_seen_is_refused_when_it_is_revoked(
    verifier: AccessTokenVerifier, revoked: StatusList, issuer: TestIssuer, server: ListServer
) -> None:
    server.document = issuer.status_list({5})
    async with beside(revoked.keep_fresh):
        await until(lambda: revoked.is_revoked(5))
        with pytest.raises(InvalidToken, match="the token was revoked"):
            await verifier.verify(issuer.token(status=issuer.status(5)))


@pytest.mark.parametrize("index", [0, 1, 7, 8, 63])
async def test_the_bits_are_packed_as_the_draft_says(
    revoked: StatusList, issuer: TestIssuer, server: ListServer, index: int
) -> None:
    server.document = issuer.status_list({index})
    async with beside(revoked.keep_fresh):
        await until(lambda: revoked.is_revoked(index))
        assert [at for at in range(64) if revoked.is_revoked(at)] == [index]


async def test_the_example_of_the_draft_is_understood(
    revoked: StatusList, issuer: TestIssuer, server: ListServer
) -> None:
    """Section 4.1: the statuses 1001 1101 1100 0101, the first in the lowest bit, are the bytes B9 A3."""
    packed = encode(zlib.compress(b"\xb9\xa3"))
    server.document = issuer.status_list(status_list={"bits": 1, "lst": packed})
    async with beside(revoked.keep_fresh):
        await until(lambda: revoked.is_revoked(0))
        assert "".join(str(int(revoked.is_revoked(at))) for at in range(16)) == "1001110111000101"


async def test_a_place_outside_of_the_list_is_no_good_token_s(
    verifier: AccessTokenVerifier, revoked: StatusList, issuer: TestIssuer
) -> None:
    async with beside(revoked.keep_fresh):
        await until(lambda: revoked.is_revoked(64))
        with pytest.raises(InvalidToken):
            await verifier.verify(issuer.token(status=issuer.status(64)))
        await verifier.verify(issuer.token(status=issuer.status(63)))


@pytest.mark.parametrize(
    "status",
    [
        {},
        [],
        "x",
        1,
        {"status_list": {}},
        {"status_list": []},
        {"status_list": {"idx": 1}},
        {"status_list": {"idx": 1, "uri": "https://evil.example/status-list"}},
        *[
            {"status_list": {"idx": index, "uri": "http://localhost:8080/auth/status-list"}}
            for index in (None, True, "1", -1, 1.0, 2**32, [1])
        ],
    ],
)
async def test_a_token_with_no_right_place_is_refused(
    verifier: AccessTokenVerifier, issuer: TestIssuer, status: Any
) -> None:
    with pytest.raises(InvalidToken):
        await verifier.verify(issuer.token(status=status))


async def test_a_list_that_is_unchanged_is_not_sent_again(
    revoked: StatusList, server: ListServer
) -> None:
    async with beside(revoked.keep_fresh):
        await until(lambda: len(server.answers) >= 3)
    assert server.answers[:3] == [200, 304, 304]


async def test_while_the_issuer_is_down_the_last_list_stands(
    revoked: StatusList, issuer: TestIssuer, server: ListServer, clock: SettableClock
) -> None:
    server.document = issuer.status_list({5})
    async with beside(revoked.keep_fresh):
        await until(lambda: revoked.is_revoked(5))
        server.document = None
        clock.advance(24 * 3600)
        await until(lambda: server.answers.count(0) >= 3)
        assert revoked.is_revoked(5)
        assert not revoked.is_revoked(6)
        await revoked.check()
        server.document = issuer.status_list({6})
        await until(lambda: revoked.is_revoked(6))


async def test_a_service_that_restarts_while_the_issuer_is_down_knows_the_list(
    revoked: StatusList, issuer: TestIssuer, server: ListServer, kept_in: Path
) -> None:
    server.document = issuer.status_list({5})
    async with beside(revoked.keep_fresh):
        await until(kept_in.exists)
    server.document = None
    restarted = StatusList(URL, uri=revoked.uri, kept_in=kept_in, keys=issuer, client=server.client)
    async with beside(restarted.keep_fresh):
        await until(lambda: restarted.is_revoked(5))
        await restarted.check()
    assert [path.name for path in kept_in.parent.iterdir()] == [kept_in.name]


async def test_without_any_list_no_token_is_revoked_and_the_service_is_not_ready(
    verifier: AccessTokenVerifier, revoked: StatusList, issuer: TestIssuer, server: ListServer
) -> None:
    server.document = None
    async with beside(revoked.keep_fresh):
        await until(lambda: bool(server.answers))
        await verifier.verify(issuer.token(status=issuer.status(5)))
        with pytest.raises(StatusListUnavailable):
            await revoked.check()


def _packed(bits: bytes) -> dict[str, Any]:
    return {"bits": 1, "lst": encode(zlib.compress(bits))}


@pytest.mark.parametrize(
    "claims",
    [
        {"sub": LEFT_OUT},
        {"sub": "https://evil.example/status-list"},
        {"exp": 1},
        {"exp": "never"},
        {"status_list": LEFT_OUT},
        {"status_list": []},
        {"status_list": {"bits": 1}},
        {"status_list": {"bits": 2, "lst": encode(zlib.compress(bytes(8)))}},
        {"status_list": {"bits": 1, "lst": 7}},
        {"status_list": {"bits": 1, "lst": ""}},
        {"status_list": {"bits": 1, "lst": "é"}},
        {"status_list": {"bits": 1, "lst": encode(b"not packed")}},
        {"status_list": {"bits": 1, "lst": encode(zlib.compress(bytes(800))[:-4])}},
        {"status_list": _packed(b"")},
        {"status_list": _packed(bytes(MAX_INDEXES // 8 + 1))},
        {"status_list": _packed(bytes(64 * 1024 * 1024))},
    ],
    ids=range(16),
)
async def test_a_list_that_is_not_right_changes_nothing(
    revoked: StatusList, issuer: TestIssuer, server: ListServer, claims: dict[str, Any]
) -> None:
    server.document = issuer.status_list({5})
    async with beside(revoked.keep_fresh):
        await until(lambda: revoked.is_revoked(5))
        server.document = issuer.status_list({6}, **claims)
        seen = len(server.answers)
        await until(lambda: server.answers[seen:].count(200) >= 2)
        assert revoked.is_revoked(5)
        assert not revoked.is_revoked(6)


async def test_a_list_that_the_issuer_did_not_sign_changes_nothing(
    revoked: StatusList, issuer: TestIssuer, server: ListServer, clock: SettableClock
) -> None:
    good = issuer.status_list({5})
    claims = json.loads(urlsafe_b64decode(good.split(".")[1] + "=="))
    forged = [
        TestIssuer(clock=clock).status_list(),
        TestIssuer(clock=clock, kid="other").status_list(),
        issuer.sign(issuer.header(), claims),
        issuer.sign(issuer.header(typ="JWT"), claims),
        good[:-1],
        good + "\n",
        "",
        "<html>",
        "x" * 400_000,
    ]
    server.document = good
    async with beside(revoked.keep_fresh):
        await until(lambda: revoked.is_revoked(5))
        for document in forged:
            server.document = document
            seen = len(server.answers)
            await until(lambda seen=seen: server.answers[seen:].count(200) >= 2)  # type: ignore[misc]
            assert revoked.is_revoked(5)


async def test_the_longest_possible_list_is_read(
    revoked: StatusList, issuer: TestIssuer, server: ListServer
) -> None:
    """Random bits do not compress."""
    import random

    bits = random.Random(1).randbytes(MAX_INDEXES // 8 - 1) + b"\x80"
    server.document = issuer.status_list(status_list=_packed(bits))
    async with beside(revoked.keep_fresh):
        await until(lambda: revoked.is_revoked(MAX_INDEXES - 1))


@pytest.mark.parametrize("content", [b"", b"\xff", b"a.b.c", b"x" * 100_000])
async def test_a_damaged_kept_list_is_survived_and_replaced(
    revoked: StatusList, issuer: TestIssuer, server: ListServer, kept_in: Path, content: bytes
) -> None:
    kept_in.parent.mkdir()
    kept_in.write_bytes(content)
    server.document = issuer.status_list({5})
    async with beside(revoked.keep_fresh):
        await until(lambda: kept_in.read_bytes() == (server.document or "").encode())
        assert revoked.is_revoked(5)


async def test_a_list_that_cannot_be_kept_counts_all_the_same(
    revoked: StatusList, issuer: TestIssuer, server: ListServer, kept_in: Path
) -> None:
    kept_in.mkdir(parents=True)
    server.document = issuer.status_list({5})
    async with beside(revoked.keep_fresh):
        await until(lambda: revoked.is_revoked(5))
