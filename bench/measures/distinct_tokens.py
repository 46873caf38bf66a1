"""How reads change with the number of access tokens in use: a worker remembers the last ones that it verified."""

import asyncio
import json
import math
from base64 import urlsafe_b64decode
from pathlib import Path
from uuid import uuid4

from auth_service.keys.encryption import KeyEncryption
from auth_service.keys.signing_keys import SigningKeys
from auth_service.keys.store import SigningKeyStore
from bench.measures.growth import findings, point
from bench.rows import Findings
from bench.session import Measure, Session
from bench.subjects import WORKERS, reads_of
from bench.wrk import Request
from gatehouse_chassis.auth.access_tokens import TOKEN_TYPE
from gatehouse_chassis.database import open_database
from testing.stack import Stack

COUNTS = (10, 100, 1_000, 10_000, 100_000)
_LONGEST_WARM_UP_S = 10


def _measure(session: Session) -> Findings:
    stack = session.subjects.gatehouse
    one, _ = reads_of(stack)
    path = one.url.removeprefix(stack.url)
    session.say(f"signing {COUNTS[-1]:,} tokens")
    tokens = asyncio.run(_tokens(stack, one.token, COUNTS[-1]))
    points = []
    for count in COUNTS:
        session.say(f"{count:,} tokens")
        reads = _reads(stack.folder / "tokens.txt", path, tokens[:count], stack.url)
        # Each worker sees each token, so that what is measured is what goes on and not how it began.
        rate = session.wrk.run(reads, 1).rate
        session.wrk.run(reads, min(math.ceil(2 * WORKERS * count / rate), _LONGEST_WARM_UP_S))
        points.append(point(session, reads))
    return findings("tokens", "tokens in use", COUNTS, {"one item": points})


def _reads(file: Path, path: str, tokens: list[str], url: str) -> Request:
    file.write_text("".join(f"{path} {token}\n" for token in tokens))
    return Request(url, cycle=file)


async def _tokens(stack: Stack, like: str, count: int) -> list[str]:
    """Tokens that differ in their `jti` alone, signed with the key of the auth service."""
    claims = json.loads(urlsafe_b64decode(like.split(".")[1] + "=="))
    database = open_database(stack.environment["AUTH_DATABASE_URL"])
    try:
        keys = SigningKeys(
            SigningKeyStore(database),
            KeyEncryption(stack.environment["AUTH_KEY_ENCRYPTION_SECRET"]),
        )
        key = await keys.current()
    finally:
        await database.close()
    return [key.sign(TOKEN_TYPE, {**claims, "jti": uuid4().hex}) for _ in range(count)]


MEASURE = Measure(
    "distinct-tokens",
    "reads with 10 to 100,000 tokens in use",
    _measure,
    block="tokens",
    quick=False,
)
