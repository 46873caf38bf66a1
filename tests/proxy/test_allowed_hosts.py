"""Under which names the stack is served: every one, unless GATEHOUSE_ALLOWED_HOSTS lists some."""

from collections.abc import Iterator

import pytest

from testing.http import Answer, send, send_raw
from testing.nginx import Proxy, running_proxy
from testing.services import SAMPLE


@pytest.fixture(scope="module")
def picky_proxy(tmp_path_factory: pytest.TempPathFactory, ports: dict[str, int]) -> Iterator[Proxy]:
    settings = {
        "GATEHOUSE_ALLOWED_HOSTS": "api.example.com, *.example.org [2001:db8::1]",
        "GATEHOUSE_TRUSTED_PROXIES": "127.0.0.1",
    }
    folder = tmp_path_factory.mktemp("picky-proxy")
    with running_proxy(folder, services=SAMPLE, ports=ports, settings=settings) as running:
        yield running


def ask(proxy: Proxy, host: str, path: str = "/items/", **headers: str) -> Answer:
    more = [(name.replace("_", "-"), value) for name, value in headers.items()]
    return send(proxy.url, path, headers=[("Host", host), *more])


@pytest.mark.parametrize(
    "host",
    [
        "api.example.com",
        "API.example.com:8443",
        "a.example.org",
        "a.b.example.org:80",
        "[2001:db8::1]",
        "[2001:DB8::1]:8080",
        "localhost",
        "localhost:8080",
        "127.0.0.1",
        "[::1]:8080",
    ],
)
def test_a_listed_host_and_this_machine_are_served(picky_proxy: Proxy, host: str) -> None:
    assert ask(picky_proxy, host).status == 200


@pytest.mark.parametrize("path", ["/", "/docs", "/items/", "/auth/authorize?state=x", "/nowhere"])
@pytest.mark.parametrize(
    "host",
    [
        "evil.example",
        "api.example.com.evil.example",
        "evil-api.example.com",
        "apiXexample.com",
        "example.org",
        "example.org.evil.example",
        "localhost.evil.example",
        "127.0.0.12",
        "203.0.113.7",
    ],
)
def test_another_host_is_not_served_and_the_setting_named(
    picky_proxy: Proxy, host: str, path: str
) -> None:
    answer = ask(picky_proxy, host, path)
    assert (answer.status, answer.json["code"]) == (421, "misdirected_request")
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert "GATEHOUSE_ALLOWED_HOSTS" in answer.json["detail"]


def test_behind_a_trusted_proxy_the_name_that_it_forwards_counts(picky_proxy: Proxy) -> None:
    inside = "backend.internal"
    assert ask(picky_proxy, inside, X_Forwarded_Host="api.example.com").status == 200
    assert ask(picky_proxy, inside, X_Forwarded_Host="evil.example").status == 421
    assert ask(picky_proxy, inside).status == 421


def test_http_1_0_without_a_host_is_served(picky_proxy: Proxy) -> None:
    assert b" 200 " in send_raw(picky_proxy.port, b"GET /items/ HTTP/1.0\r\n\r\n").splitlines()[0]


def test_without_the_setting_every_name_is_served(proxy: Proxy) -> None:
    assert ask(proxy, "any.example").status == 200
