"""The pages that nginx serves itself."""

import pytest

from testing.http import send
from testing.nginx import Proxy


@pytest.mark.parametrize(
    ("path", "media_type"),
    [
        ("/", "text/html; charset=utf-8"),
        ("/services.json", "application/json"),
        ("/docs", "text/html; charset=utf-8"),
        ("/docs/oauth2-redirect", "text/html; charset=utf-8"),
        ("/docs/assets/docs.css", "text/css; charset=utf-8"),
        ("/docs/assets/swagger-ui-init.js", "text/javascript; charset=utf-8"),
        ("/docs/assets/favicon.svg", "image/svg+xml; charset=utf-8"),
        (
            "/docs/assets/vendor/swagger-ui-dist/swagger-ui-bundle.js",
            "text/javascript; charset=utf-8",
        ),
        ("/docs/assets/vendor/swagger-ui-dist/swagger-ui.css", "text/css; charset=utf-8"),
        ("/docs/assets/vendor/redoc/bundles/redoc.standalone.js", "text/javascript; charset=utf-8"),
    ],
)
def test_a_page_has_its_media_type(proxy: Proxy, path: str, media_type: str) -> None:
    answer = send(proxy.url, path)
    assert (answer.status, answer.headers["Content-Type"]) == (200, media_type)
    assert answer.body


def test_pages_may_run_only_their_own_files(proxy: Proxy) -> None:
    for path in ("/", "/docs", "/docs/oauth2-redirect"):
        policy = send(proxy.url, path).headers["Content-Security-Policy"]
        assert policy.startswith("default-src 'self'; ")
        assert "unsafe" not in policy
    assert "img-src 'self' data:" in send(proxy.url, "/docs").headers["Content-Security-Policy"]


@pytest.mark.parametrize("path", ["/", "/docs", "/docs/assets/docs.css"])
def test_a_page_that_did_not_change_is_not_sent_again(proxy: Proxy, path: str) -> None:
    first = send(proxy.url, path)
    assert first.headers["Cache-Control"] == "no-cache"
    again = send(proxy.url, path, headers=[("If-None-Match", first.headers["ETag"])])
    assert (again.status, again.body) == (304, b"")


def test_third_party_files_are_kept_for_a_day(proxy: Proxy) -> None:
    answer = send(proxy.url, "/docs/assets/vendor/swagger-ui-dist/swagger-ui.css")
    assert answer.headers["Cache-Control"] == "public, max-age=86400"


def test_a_large_script_travels_compressed(proxy: Proxy) -> None:
    path = "/docs/assets/vendor/swagger-ui-dist/swagger-ui-bundle.js"
    plain = send(proxy.url, path)
    packed = send(proxy.url, path, headers=[("Accept-Encoding", "gzip")])
    assert packed.headers["Content-Encoding"] == "gzip"
    assert packed.headers["Vary"] == "Accept-Encoding"
    assert len(packed.body) < len(plain.body) / 2


def test_the_docs_page_with_a_slash_says_where_its_relative_addresses_hold(proxy: Proxy) -> None:
    without, answer = send(proxy.url, "/docs"), send(proxy.url, "/docs/")
    assert answer.status == 200
    assert answer.body == without.body.replace(b"<head>", b'<head><base href="../docs">')
    assert "base-uri 'self'" in answer.headers["Content-Security-Policy"]


@pytest.mark.parametrize(
    "path", ["/", "/docs", "/docs/", "/services.json", "/docs/assets/docs.css"]
)
def test_options_of_a_page_are_told(proxy: Proxy, path: str) -> None:
    answer = send(proxy.url, path, method="OPTIONS")
    assert (answer.status, answer.headers["Allow"]) == (204, "GET, HEAD, OPTIONS")


def test_the_redirect_of_a_folder_names_no_host(proxy: Proxy) -> None:
    answer = send(proxy.url, "/docs/assets/vendor/redoc")
    assert (answer.status, answer.headers["Location"]) == (301, "/docs/assets/vendor/redoc/")


@pytest.mark.parametrize(
    "path",
    [
        "/docs/assets/",
        "/docs/assets/vendor/",
        "/docs/assets/..%2F..%2Fsettings.py",
        "/docs/assets/../../chassis/settings.py",
        "/docs/assets../files.py",
        "/docs/assets/vendor../../apps.py",
    ],
)
def test_nothing_beside_the_pages_is_served(proxy: Proxy, path: str) -> None:
    assert send(proxy.url, path).status in {400, 404}
