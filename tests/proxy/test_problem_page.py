"""Whoever opens an address of nginx itself with a browser gets a page for an error (proxy/gateway/problem.html)."""

import re
from pathlib import Path
from urllib.parse import urljoin

import pytest

from testing.http import send
from testing.nginx import Proxy, running_proxy
from testing.ports import free_port
from testing.services import SAMPLE

CHROMIUM = "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,*/*;q=0.8"


@pytest.mark.parametrize(
    "path", ["/nope", "/nope/", "/a/b/c", "/docs/nope", "/?x=/a/b/", "/items/metrics"]
)
@pytest.mark.parametrize("outer", ["", "/outer", "/a/b"])
def test_a_browser_gets_a_page_whose_way_home_is_right_below_any_prefix(
    proxy: Proxy, path: str, outer: str
) -> None:
    method = "POST" if path.startswith("/?") else "GET"
    answer = send(proxy.url, path, method=method, headers=[("Accept", CHROMIUM)])

    assert answer.status in (404, 405)
    assert answer.headers["Content-Type"] == "text/html; charset=utf-8"
    assert "Accept" in (answer.headers.get_all("Vary") or [])
    assert answer.headers["Cache-Control"] == "no-store"
    page = answer.body.decode()
    assert f"Status {answer.status} · " in page
    assert f"Request {answer.headers['X-Request-ID']}" in page
    assert "<!--#" not in page
    references = re.findall(r'(?:href|src)="([^"]*)"', page)
    assert {urljoin(f"https://example.com{outer}{path}", one) for one in references} == {
        f"https://example.com{outer}/",
        f"https://example.com{outer}/docs/assets/site.css",
        f"https://example.com{outer}/docs/assets/favicon.svg",
    }


@pytest.mark.parametrize(
    "accept", ["*/*", "application/json", "application/problem+json, text/html", "text/html;q=0"]
)
def test_a_program_gets_the_document(proxy: Proxy, accept: str) -> None:
    answer = send(proxy.url, "/nope", headers=[("Accept", accept)])
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert answer.headers["Vary"] == "Accept"
    assert answer.json["code"] == "not_found"


def test_the_page_of_a_service_that_is_down_offers_to_try_again(tmp_path: Path) -> None:
    with running_proxy(
        tmp_path, services=SAMPLE, ports={"auth": free_port(), "items": free_port()}
    ) as proxy:
        answer = send(proxy.url, "/items/docs", headers=[("Accept", CHROMIUM)])
    assert answer.status == 502
    assert b'<a href="">Try again</a>' in answer.body
    assert "style-src" in answer.headers["Content-Security-Policy"] or (
        "default-src 'self'" in answer.headers["Content-Security-Policy"]
    )


def test_the_error_page_itself_cannot_be_asked_for(proxy: Proxy) -> None:
    assert send(proxy.url, "/_problem_page").status == 404
    assert send(proxy.url, "/problem.html").status == 404


@pytest.mark.parametrize(
    ("path", "content_type", "says"),
    [
        ("/favicon.ico", "image/svg+xml; charset=utf-8", b"<svg"),
        ("/robots.txt", "text/plain; charset=utf-8", b"Disallow: /auth/"),
    ],
)
def test_what_browsers_and_robots_ask_every_site_for_is_there(
    proxy: Proxy, path: str, content_type: str, says: bytes
) -> None:
    answer = send(proxy.url, path)
    assert (answer.status, answer.headers["Content-Type"]) == (200, content_type)
    assert says in answer.body
    assert send(proxy.url, path, method="HEAD").status == 200
    assert send(proxy.url, path, method="OPTIONS").headers["Allow"] == "GET, HEAD, OPTIONS"


def test_password_managers_are_sent_to_where_a_password_is_changed(proxy: Proxy) -> None:
    answer = send(proxy.url, "/.well-known/change-password")
    assert answer.status == 302
    # Relative, so right below every prefix.
    assert answer.headers["Location"] == "../auth/password-reset"


def test_security_txt_names_whom_to_tell_and_expires_within_a_year(
    tmp_path: Path, ports: dict[str, int], proxy: Proxy
) -> None:
    settings = {"GATEHOUSE_SECURITY_CONTACT": "mailto:security@example.com"}
    with running_proxy(tmp_path, services=SAMPLE, ports=ports, settings=settings) as named:
        answer = send(named.url, "/.well-known/security.txt")
    assert (answer.status, answer.headers["Content-Type"]) == (200, "text/plain; charset=utf-8")
    lines = answer.body.decode().splitlines()
    assert lines[0] == "Contact: mailto:security@example.com"
    assert re.fullmatch(r"Expires: 20\d\d-12-31T23:59:59Z", lines[1])
    # Whom to tell here nobody but the operator can say.
    assert send(proxy.url, "/.well-known/security.txt").status == 404
