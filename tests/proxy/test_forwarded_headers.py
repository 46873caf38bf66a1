"""What a service is told about the client, and whose word it is."""

import pytest

from testing.http import send
from testing.nginx import Proxy

SPOOFED = [
    ("X-Forwarded-For", "6.6.6.6"),
    ("X-Forwarded-For", "7.7.7.7"),
    ("X-Forwarded-Proto", "https"),
    ("X-Forwarded-Host", "evil.example"),
    ("X-Forwarded-Port", "666"),
    ("X-Forwarded-Prefix", "/evil"),
    ("Forwarded", "for=6.6.6.6;proto=https;host=evil.example"),
    ("Proxy", "http://evil.example"),
]


def headers_at_the_service(proxy: Proxy, *headers: tuple[str, str]) -> dict[str, str]:
    seen: list[tuple[str, str]] = send(proxy.url, "/items/", headers=headers).json["headers"]
    names = [name for name, _ in seen]
    assert len(names) == len(set(names)), f"a header arrives twice: {names}"
    return dict(seen)


def test_the_word_of_a_stranger_is_replaced(proxy: Proxy) -> None:
    seen = headers_at_the_service(proxy, *SPOOFED)
    assert seen["host"] == f"127.0.0.1:{proxy.port}"
    assert seen["x-forwarded-for"] == "127.0.0.1"
    assert seen["x-forwarded-proto"] == "http"
    absent = {"x-forwarded-host", "x-forwarded-port", "x-forwarded-prefix", "forwarded", "proxy"}
    assert absent.isdisjoint(seen)


def test_the_host_keeps_its_port(proxy: Proxy) -> None:
    seen = headers_at_the_service(proxy, ("Host", "api.example:8443"))
    assert seen["host"] == "api.example:8443"


def test_a_trusted_proxy_speaks_for_its_client(trusting_proxy: Proxy) -> None:
    seen = headers_at_the_service(
        trusting_proxy,
        ("X-Forwarded-For", "203.0.113.7"),
        ("X-Forwarded-Proto", "HTTPS"),
        ("X-Forwarded-Host", "api.example:8443"),
        ("X-Forwarded-Port", "8443"),
        ("X-Forwarded-Prefix", "/outer"),
    )
    assert seen["host"] == "api.example:8443"
    assert seen["x-forwarded-for"] == "203.0.113.7"
    assert seen["x-forwarded-proto"] == "https"
    assert seen["x-forwarded-port"] == "8443"
    assert seen["x-forwarded-prefix"] == "/outer"
    assert "x-forwarded-host" not in seen


def test_behind_two_trusted_hops_the_client_is_the_first_stranger_from_the_right(
    trusting_proxy: Proxy,
) -> None:
    seen = headers_at_the_service(
        trusting_proxy, ("X-Forwarded-For", "6.6.6.6, 203.0.113.7, 10.0.0.2")
    )
    assert seen["x-forwarded-for"] == "203.0.113.7"


def test_forwarded_is_cleared_even_from_a_trusted_proxy(trusting_proxy: Proxy) -> None:
    seen = headers_at_the_service(trusting_proxy, ("Forwarded", "for=203.0.113.7;proto=https"))
    assert "forwarded" not in seen
    assert seen["x-forwarded-proto"] == "http"


def test_a_trusted_proxy_that_says_nothing_leaves_everything_as_it_is(
    trusting_proxy: Proxy,
) -> None:
    seen = headers_at_the_service(trusting_proxy)
    assert seen["host"] == f"127.0.0.1:{trusting_proxy.port}"
    assert seen["x-forwarded-for"] == "127.0.0.1"
    assert seen["x-forwarded-proto"] == "http"
    assert {"x-forwarded-port", "x-forwarded-prefix"}.isdisjoint(seen)


@pytest.mark.parametrize("host", ["evil.example/path", "a, b", "a@b", "", "[::1"])
def test_a_forwarded_host_that_is_none_is_ignored(trusting_proxy: Proxy, host: str) -> None:
    seen = headers_at_the_service(trusting_proxy, ("X-Forwarded-Host", host))
    assert seen["host"] == f"127.0.0.1:{trusting_proxy.port}"


@pytest.mark.parametrize(
    ("said", "passed_on"),
    [
        ("https", "https"),
        ("wss", "https"),
        ("ws", "http"),
        ("gopher", "http"),
        ("http, https", "http"),
    ],
)
def test_only_a_scheme_that_exists_is_believed(
    trusting_proxy: Proxy, said: str, passed_on: str
) -> None:
    seen = headers_at_the_service(trusting_proxy, ("X-Forwarded-Proto", said))
    assert seen["x-forwarded-proto"] == passed_on
