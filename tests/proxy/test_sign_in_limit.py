"""How often one client may try to sign in: five times a second, and twenty more at once.

A client is an IPv4 address, or the /64 of an IPv6 address, which one household has as a whole.
"""

from collections import Counter
from collections.abc import Iterable, Iterator
from itertools import cycle, islice, repeat
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
    return sign_ins_from(proxy, repeat(address, MORE_THAN_ALLOWED), path=path, method=method)


def sign_ins_from(
    proxy: Proxy, addresses: Iterable[str], *, path: str = "/auth/token", method: str = "POST"
) -> list[Answer]:
    return [
        send(
            proxy.url,
            path,
            method=method,
            headers=[("X-Forwarded-For", address)],
            body=b"grant_type=password",
        )
        for address in addresses
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


# The bytes of an address are anything, line breaks and zeros among them, and "::" stands for any number of zeros.
@pytest.mark.parametrize(
    "household",
    [
        ["2001:db8:1:2::", "2001:db8:1:2::1", "2001:0DB8:1:2:3:4:5:6", "2001:db8:1:2:ffff::"],
        ["2001:db8:a0a:d0a::a", "2001:db8:a0a:d0a:a0a:a0a:a0a:a0a", "2001:db8:a0a:d0a::5c5c"],
        ["2001::", "2001::1", "2001:0:0:0:1::", "2001::1:2:3:4", "2001::1:0:0:203.0.113.7"],
        ["::2", "::1:2", "::1:0:0:0", "::203.0.113.7", "0:0:0:0:ffff:ffff:ffff:ffff"],
        ["fe80::1", "fe80::2", "fe80::ffff:0:1", "fe80::ffff:203.0.113.7"],
    ],
    ids=lambda household: household[0],
)
def test_the_addresses_of_one_64_are_one_client(limited_proxy: Proxy, household: list[str]) -> None:
    answers = sign_ins_from(limited_proxy, islice(cycle(household), MORE_THAN_ALLOWED))
    assert 21 <= statuses(answers)[200] < MORE_THAN_ALLOWED


def test_the_next_64_is_another_client(limited_proxy: Proxy) -> None:
    assert statuses(sign_ins(limited_proxy, "2001:db8:1:2::7"))[429] > 0
    assert statuses(sign_ins_from(limited_proxy, ["2001:db8:1:3::7"]))[200] == 1
    # The same four bytes as those of an address of IPv4.
    assert statuses(sign_ins(limited_proxy, "203.0.113.7"))[429] > 0
    assert statuses(sign_ins_from(limited_proxy, ["cb00:7107::"]))[200] == 1


def test_an_ipv4_address_is_the_same_client_over_ipv6(limited_proxy: Proxy) -> None:
    spellings = [
        "203.0.113.7",
        "::ffff:203.0.113.7",
        "::ffff:cb00:7107",
        "0:0:0:0:0:ffff:cb00:7107",
    ]
    answers = sign_ins_from(limited_proxy, spellings * (MORE_THAN_ALLOWED // 4))
    assert 21 <= statuses(answers)[200] < MORE_THAN_ALLOWED
    assert statuses(sign_ins_from(limited_proxy, ["::ffff:203.0.113.8"]))[200] == 1


@pytest.mark.parametrize("site", ["cross-site", "same-site"])
def test_what_a_page_of_another_site_sends_does_not_use_up_what_the_network_may(
    limited_proxy: Proxy, site: str
) -> None:
    address = ("X-Forwarded-For", "203.0.113.7")
    from_elsewhere = [
        send(
            limited_proxy.url,
            "/auth/token",
            method="POST",
            headers=[address, ("Sec-Fetch-Site", site)],
            body=b"",
        )
        for _ in range(MORE_THAN_ALLOWED)
    ]
    assert statuses(from_elsewhere)[429] > 0
    assert statuses(sign_ins_from(limited_proxy, ["203.0.113.7"]))[200] == 1


@pytest.mark.parametrize(
    "path", ["/auth/token%0a", "/auth/token%0A/", "/auth/%0atoken", "/auth/token%00"]
)
def test_no_spelling_with_a_control_character_passes_by_the_limit(
    limited_proxy: Proxy, path: str
) -> None:
    assert statuses(sign_ins_from(limited_proxy, ["203.0.113.7"], path=path)) == {400: 1}
