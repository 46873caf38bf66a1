"""How often one address may try to sign in: five times a second, and twenty more at once."""

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from testing.http import Answer, send
from testing.nginx import Proxy, running_proxy
from testing.services import SAMPLE

MORE_THAN_ALLOWED = 40


@pytest.fixture
def limited_proxy(tmp_path: Path, auth_port: int, items_port: int) -> Iterator[Proxy]:
    settings = {
        "GATEHOUSE_TRUSTED_PROXIES": "127.0.0.1",
        "GATEHOUSE_RATE_LIMIT_EXEMPT": "198.51.100.0/24",
    }
    with running_proxy(
        tmp_path, services=SAMPLE, ports={"auth": auth_port, "items": items_port}, settings=settings
    ) as running:
        yield running


def sign_ins(
    proxy: Proxy, address: str, *, path: str = "/auth/token", method: str = "POST"
) -> list[Answer]:
    headers = [("X-Forwarded-For", address)]
    return [
        send(proxy.url, path, method=method, headers=headers, body=b"grant_type=password")
        for _ in range(MORE_THAN_ALLOWED)
    ]


def statuses(answers: list[Answer]) -> Counter[int]:
    return Counter(answer.status for answer in answers)


def test_too_many_sign_ins_from_one_address_are_refused(limited_proxy: Proxy) -> None:
    answers = sign_ins(limited_proxy, "203.0.113.7")
    assert 21 <= statuses(answers)[200] < MORE_THAN_ALLOWED
    refused = next(answer for answer in answers if answer.status != 200)
    assert refused.status == 429
    assert refused.headers["Retry-After"] == "1"
    assert refused.headers["Content-Type"] == "application/problem+json"
    assert refused.json["code"] == "too_many_requests"
    assert refused.json["title"] == "Too Many Requests"
    assert (
        send(
            limited_proxy.url,
            "/auth/token",
            method="POST",
            headers=[("X-Forwarded-For", "203.0.113.8")],
            body=b"",
        ).status
        == 200
    )


@pytest.mark.parametrize("path", ["/auth/%74oken", "/auth//token", "/auth/x/../token"])
def test_another_spelling_is_counted_too(limited_proxy: Proxy, path: str) -> None:
    assert statuses(sign_ins(limited_proxy, "203.0.113.7", path=path))[429] > 0


def test_an_exempt_address_is_not_counted(limited_proxy: Proxy) -> None:
    assert statuses(sign_ins(limited_proxy, "198.51.100.9"))[200] == MORE_THAN_ALLOWED


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/auth/users"),
        ("POST", "/auth/users/"),
        ("POST", "/auth/sign-up"),
        ("POST", "/auth/authorize"),
        ("POST", "/auth/users/me/password"),
        ("PUT", "/auth/users/me/email"),
    ],
)
def test_whatever_else_hashes_a_password_is_counted_too(
    limited_proxy: Proxy, method: str, path: str
) -> None:
    answers = sign_ins(limited_proxy, "203.0.113.7", path=path, method=method)
    assert statuses(answers)[429] > 0


def test_only_requests_that_hash_a_password_are_counted(limited_proxy: Proxy) -> None:
    answers = sign_ins(limited_proxy, "203.0.113.7", path="/auth/users/me")
    answers += sign_ins(limited_proxy, "203.0.113.7", method="GET")
    assert statuses(answers)[200] == 2 * MORE_THAN_ALLOWED
