"""Every answer carries the same protection, whoever gave it."""

from urllib.parse import quote

import pytest

from testing.http import send
from testing.nginx import Proxy

LOCKED = "default-src 'none'; frame-ancestors 'none'"


@pytest.mark.parametrize(
    "path",
    [
        "/items/",
        "/items/?status=500",
        "/auth/token",
        "/nowhere",
        "/items/metrics",
        "/docs",
        "/docs/",
        "/services.json",
        "/docs/assets/docs.css",
        "/docs/assets/vendor/swagger-ui-dist/swagger-ui.css",
    ],
)
def test_every_answer_is_protected(proxy: Proxy, path: str) -> None:
    headers = send(proxy.url, path).headers
    assert headers.get_all("X-Content-Type-Options") == ["nosniff"]
    assert headers.get_all("X-Frame-Options") == ["DENY"]
    assert headers.get_all("Referrer-Policy") == ["no-referrer"]
    [policy] = headers.get_all("Content-Security-Policy") or []
    assert "frame-ancestors 'none'" in policy
    assert "unsafe" not in policy
    assert headers["Server"] == "nginx"
    assert headers["Strict-Transport-Security"] is None


def test_an_answer_without_a_policy_may_load_nothing(proxy: Proxy) -> None:
    assert send(proxy.url, "/items/").headers["Content-Security-Policy"] == LOCKED
    assert send(proxy.url, "/nowhere").headers["Content-Security-Policy"] == LOCKED


def test_a_page_of_a_service_without_a_policy_keeps_its_styles(proxy: Proxy) -> None:
    answer = send(proxy.url, "/items/?header=Content-Type:%20text/html;%20charset=utf-8")
    policy = answer.headers["Content-Security-Policy"]
    assert policy == "object-src 'none'; base-uri 'self'; frame-ancestors 'none'"


@pytest.mark.parametrize("policy", ["default-src 'self'", "default-src 'self'; img-src data:"])
def test_the_policy_of_a_service_stands_alone(proxy: Proxy, policy: str) -> None:
    header = quote(f"Content-Security-Policy: {policy}")
    answer = send(proxy.url, f"/items/docs?header={header}")
    assert answer.headers.get_all("Content-Security-Policy") == [policy]


def test_what_a_service_says_twice_is_heard_once(proxy: Proxy) -> None:
    answer = send(proxy.url, "/items/?header=X-Content-Type-Options:%20nosniff")
    assert answer.headers.get_all("X-Content-Type-Options") == ["nosniff"]


@pytest.mark.parametrize("path", ["/items/", "/nowhere", "/docs"])
def test_https_at_the_outer_proxy_brings_strict_transport_security(
    trusting_proxy: Proxy, path: str
) -> None:
    over_https = send(trusting_proxy.url, path, headers=[("X-Forwarded-Proto", "https")])
    over_http = send(trusting_proxy.url, path, headers=[("X-Forwarded-Proto", "http")])
    assert over_https.headers["Strict-Transport-Security"] == "max-age=31536000"
    assert over_http.headers["Strict-Transport-Security"] is None
