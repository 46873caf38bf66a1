"""One client sends as much as it can: everyone else goes on signing in."""

import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from threading import Event
from urllib.parse import urlencode

import pytest

from testing.http import Answer, send
from testing.nginx import running_proxy
from testing.ports import free_port
from testing.stack import Stack, User

HOUSEHOLD = "2001:db8:bad:1::"
SLOTS = 66
"""At most, of both workers of auth: a thread each or two, and 32 that wait."""


def sign_in(url: str, user: User, address: str) -> Answer:
    form = {"grant_type": "password", "username": user.username, "password": user.password}
    headers = [
        ("Content-Type", "application/x-www-form-urlencoded"),
        ("X-Forwarded-For", address),
    ]
    return send(
        url, "/token", method="POST", headers=headers, body=urlencode(form).encode(), seconds=60
    )


@contextmanager
def flood(url: str, user: User) -> Iterator[Counter[int]]:
    """Signs in again and again with the right password from a new address of the household each time; yields when the
    first is refused."""
    numbers, statuses, over, refused = count(1), Counter[int](), Event(), Event()

    def flooding() -> None:
        while not over.is_set():
            status = sign_in(url, user, f"{HOUSEHOLD}{next(numbers):x}").status
            statuses[status] += 1
            if status != 200:
                refused.set()
                time.sleep(1)  # as the answer says

    with ThreadPoolExecutor(SLOTS + 30) as pool:
        flooding_threads = [pool.submit(flooding) for _ in range(SLOTS + 30)]
        try:
            assert refused.wait(30), statuses
            yield statuses
        finally:
            over.set()
        for one in flooding_threads:
            one.result()


def test_while_one_household_floods_auth_everyone_else_signs_in(stack: Stack) -> None:
    with flood(stack.auth_url, stack.demo) as statuses:
        others = [sign_in(stack.auth_url, stack.admin, f"203.0.113.{n}").status for n in range(4)]
    assert others == [200] * 4
    assert statuses[503] > 0


@pytest.fixture
def front_door(stack: Stack, tmp_path: Path) -> Iterator[str]:
    """An nginx before the same services that knows its clients from an outer proxy, and exempts nobody."""
    with running_proxy(
        tmp_path,
        port=free_port(),
        ports={
            "auth": int(stack.auth_url.rpartition(":")[2]),
            "items": int(stack.items_url.rpartition(":")[2]),
        },
        settings={"GATEHOUSE_TRUSTED_PROXIES": "127.0.0.1"},
    ) as proxy:
        yield f"{proxy.url}/auth"


def test_nginx_lets_one_household_do_what_one_address_may(stack: Stack, front_door: str) -> None:
    with ThreadPoolExecutor(40) as pool:
        household = [f"{HOUSEHOLD}{number:x}" for number in range(40)]
        answers = pool.map(lambda address: sign_in(front_door, stack.demo, address), household)
        statuses = Counter(answer.status for answer in answers)
    assert set(statuses) == {200, 429}
    assert sign_in(front_door, stack.demo, "2001:db8:bad:2::1").status == 200
