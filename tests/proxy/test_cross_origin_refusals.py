"""A page on an allowed origin can read what nginx itself answers for a service: too large, too many, not there."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from gatehouse_chassis.http.body_limit import MAX_BODY_BYTES
from testing.http import Answer, send
from testing.nginx import Proxy, running_proxy
from testing.ports import free_port
from testing.services import SAMPLE

FRONT_END = "https://app.example.com"
STAGING = "http://localhost:5173"


@pytest.fixture(scope="module")
def proxy(
    tmp_path_factory: pytest.TempPathFactory, auth_port: int, items_port: int
) -> Iterator[Proxy]:
    folder: Path = tmp_path_factory.mktemp("cross-origin")
    ports = {"auth": auth_port, "items": items_port, "wide_notes": free_port(), "legacy": 1}
    settings = {
        "AUTH_CORS_ORIGINS": FRONT_END,
        "ITEMS_CORS_ORIGINS": f"{FRONT_END}, {STAGING}",
        "WIDE_NOTES_CORS_ORIGINS": FRONT_END,
    }
    with running_proxy(folder, services=SAMPLE, ports=ports, settings=settings) as running:
        yield running


def ask(
    proxy: Proxy, path: str, origin: str = FRONT_END, method: str = "GET", size: int = 0
) -> Answer:
    return send(
        proxy.url, path, method=method, headers=[("Origin", origin)], body=b"x" * size or None
    )


def assert_readable(answer: Answer, status: int, origin: str = FRONT_END) -> None:
    assert answer.status == status
    assert answer.headers.get_all("Access-Control-Allow-Origin") == [origin]
    assert "Origin" in answer.headers.get_all("Vary", [])
    assert answer.headers["Access-Control-Expose-Headers"] == "Retry-After, X-Request-ID"


@pytest.mark.parametrize("origin", [FRONT_END, STAGING])
def test_a_body_that_is_too_large(proxy: Proxy, origin: str) -> None:
    answer = ask(proxy, "/items/", origin, "POST", MAX_BODY_BYTES + 1)
    assert_readable(answer, 413, origin)


def test_a_service_that_is_away(proxy: Proxy) -> None:
    assert_readable(ask(proxy, "/team/notes/?page=2"), 502)


def test_a_well_known_document_of_a_service_that_is_away(proxy: Proxy) -> None:
    assert_readable(ask(proxy, "/.well-known/oauth-protected-resource/team/notes"), 502)


def test_too_many_sign_ins(proxy: Proxy) -> None:
    answers = [ask(proxy, "/auth/token", method="POST", size=1) for _ in range(40)]
    refused = next(answer for answer in answers if answer.status == 429)
    assert_readable(refused, 429)


@pytest.mark.parametrize(
    ("path", "origin"),
    [
        ("/team/notes/", STAGING),  # of another service
        ("/team/notes/", "https://app.example.com.evil.example"),
        ("/team/notes/", "https://appXexample.com"),
        ("/team/notes/", "https://APP.example.com /"),
        ("/team/notes/", "null"),
        ("/team/notesx", FRONT_END),
        ("/nowhere", FRONT_END),
    ],
)
def test_what_is_not_allowed_reads_nothing(proxy: Proxy, path: str, origin: str) -> None:
    answer = ask(proxy, path, origin)
    assert answer.status in (404, 502)
    assert "Access-Control-Allow-Origin" not in answer.headers


def test_what_the_service_says_stands(proxy: Proxy) -> None:
    said = "header=Access-Control-Allow-Origin:%20*"
    answer = ask(proxy, f"/items/?{said}")
    assert answer.headers.get_all("Access-Control-Allow-Origin") == ["*"]
    assert "Origin" not in answer.headers.get_all("Vary", [])
