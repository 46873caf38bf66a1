"""Rotations by command on the running stack, under load, in real time: its own intervals are set short.

Which database holds the keys is a matter of tests/auth_service/keys/test_key_rotation.py, which runs on both, through
hours of a clock that the test moves. Here are the processes: two workers of each service, nginx, and the command.
"""

import asyncio
import base64
import json
import random
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from typing import Any

import jwt
import pytest

from auth_service.keys.encryption import KeyEncryption
from auth_service.keys.signing_keys import SigningKey, SigningKeys
from auth_service.keys.store import SigningKeyStore
from gatehouse_chassis.database import open_database
from testing.checkout import ROOT
from testing.http import send
from testing.processes import wait_until
from testing.stack import Stack, sqlite_stack

TOKEN_LIFE_S, AHEAD_S, REFRESH_S = 5, 15, 2
FETCH_S = 8
"""What a fetch of the keys may take on a busy machine."""
BUSY_S = 20
"""What any other step may take longer on a busy machine. Less than a key is kept after the next one signs."""

PATHS = ("/items/", "/auth/users/me")


@pytest.fixture
def quick_stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """A stack whose keys come and go within a minute."""
    described = sqlite_stack(tmp_path_factory.mktemp("rotating"))
    described.environment |= {
        "AUTH_ACCESS_TOKEN_LIFE": f"PT{TOKEN_LIFE_S}S",
        "AUTH_KEY_PUBLISHED_AHEAD": f"PT{AHEAD_S}S",
        "ITEMS_JWKS_REFRESH": f"PT{REFRESH_S}S",
    }
    with described.running() as running:
        yield running


class Load:
    """People who sign in all the time and use their tokens until these expire."""

    def __init__(self, stack: Stack) -> None:
        self.answers: Counter[int] = Counter()
        self.refused: list[str] = []
        self.kids: set[str] = set()
        self._stack = stack
        self._alive: list[tuple[float, str]] = []
        self._stop = threading.Event()

    def sign_in(self) -> None:
        while not self._stop.is_set():
            token = self._stack.sign_in()
            self.kids.add(json.loads(_decoded(token.split(".")[0]))["kid"])
            now = time.time()
            alive = [(end, token) for end, token in self._alive if end > now + 1]
            self._alive = [*alive, (now + TOKEN_LIFE_S - 1, token)]
            self._stop.wait(0.2)

    def ask(self) -> None:
        while not self._stop.is_set():
            if not (alive := self._alive):
                continue
            # The newest, the oldest and one between; seen before or not.
            for _, token in (alive[-1], alive[0], random.choice(alive)):
                path = random.choice(PATHS)
                answer = send(self._stack.url, path, headers=[_bearer(token)])
                self.answers[answer.status] += 1
                if answer.status != 200:
                    self.refused.append(f"{path}: {answer.status} {answer.body!r}")

    def has_seen(self, keys: int) -> Callable[[], bool]:
        """Whether tokens of so many keys were given."""
        return lambda: len(self.kids) == keys

    def stop(self) -> None:
        self._stop.set()


@pytest.fixture
def load(quick_stack: Stack) -> Iterator[Load]:
    load = Load(quick_stack)
    with ThreadPoolExecutor(3) as people:
        under_way = [people.submit(work) for work in (load.sign_in, load.ask, load.ask)]
        try:
            yield load
        finally:
            load.stop()
    for work in under_way:
        work.result()


@pytest.mark.parametrize("rotations", [1, pytest.param(2, marks=pytest.mark.sweep)])
def test_through_a_rotation_no_good_token_is_refused_and_no_withdrawn_key_is_accepted(
    quick_stack: Stack, load: Load, rotations: int
) -> None:
    stolen: dict[str, tuple[str, float]] = {}
    wait_until(lambda: load.answers[200] > 50, seconds=BUSY_S, what="the load is on")
    for signing in range(1, rotations + 1):
        key = signing_key(quick_stack)
        token = forged_with(key, quick_stack.sign_in())
        (rotated,) = command(quick_stack, "keys", "rotate")
        assert rotated["kid"] not in load.kids
        stolen[key.kid] = token, withdrawal(quick_stack, key)
        wait_until(load.has_seen(signing + 1), seconds=AHEAD_S + BUSY_S, what="the next key signs")
        # The old key signs no more, and is good for what it signed.
        assert statuses(quick_stack, token) == {200}
    assert load.kids == {*stolen, rotated["kid"]}

    for token, withdrawn_at in stolen.values():
        assert_refused_after(quick_stack, token, withdrawn_at)
    for token, _ in stolen.values():
        assert statuses(quick_stack, token) == {401}
    load.stop()
    assert load.refused == []
    assert load.answers.total() > 200


def assert_refused_after(stack: Stack, token: str, withdrawn_at: float) -> None:
    """Nobody accepts the token of a key any more when its end has come round to every worker."""
    wait_until(lambda: time.time() >= withdrawn_at, seconds=60, what="the key is withdrawn")
    wait_until(
        lambda: statuses(stack, token) == {401},
        seconds=REFRESH_S + FETCH_S,
        what="the withdrawn key is refused",
    )


def withdrawal(stack: Stack, key: SigningKey) -> float:
    """When the key is withdrawn, in seconds since the epoch."""
    ends = {listed["kid"]: listed["withdrawn_at"] for listed in command(stack, "keys", "list")}
    return datetime.fromisoformat(ends[key.kid]).timestamp()


def command(stack: Stack, *words: str) -> list[dict[str, Any]]:
    """What the command `gatehouse` prints."""
    done = subprocess.run(
        [sys.executable, "-m", "auth_service.cli", "--json", *words],
        cwd=ROOT,
        env=stack.environment,
        capture_output=True,
        text=True,
        check=True,
    )
    printed: list[dict[str, Any]] = json.loads(done.stdout)
    return printed


def signing_key(stack: Stack) -> SigningKey:
    """The key that signs now, as a thief of the database and of the secret has it."""

    async def steal() -> SigningKey:
        database = open_database(stack.environment["AUTH_DATABASE_URL"])
        secret = stack.environment["AUTH_KEY_ENCRYPTION_SECRET"]
        try:
            return await SigningKeys(SigningKeyStore(database), KeyEncryption(secret)).current()
        finally:
            await database.close()

    # In a thread of its own: Playwright leaves a loop running in the one of the tests.
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(asyncio.run, steal()).result()


def forged_with(key: SigningKey, token: str) -> str:
    """The token with a much later end."""
    claims = json.loads(_decoded(token.split(".")[1]))
    later = {**claims, "exp": claims["exp"] + 3600}
    return jwt.encode(later, key.pair, algorithm="ES256", headers={"typ": "at+jwt", "kid": key.kid})


def statuses(stack: Stack, token: str) -> set[int]:
    """How all workers of both services answer to the token, asked several times."""
    return {
        send(stack.url, path, headers=[_bearer(token)]).status for path in PATHS for _ in range(6)
    }


def _bearer(token: str) -> tuple[str, str]:
    return "Authorization", f"Bearer {token}"


def _decoded(part: str) -> bytes:
    return base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))
