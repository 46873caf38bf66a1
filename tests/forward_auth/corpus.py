"""Tries to get past a proxy that protects /dash (items:read) and /vault (auth:admin); none may reach what is behind."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import parse_qs, urljoin, urlsplit

from testing.http import send, send_raw

BROWSER = [("Accept", "text/html,*/*;q=0.8"), ("Sec-Fetch-Mode", "navigate")]
REACHED = b'"service": "dash"'
"""In every answer of the dashboard."""


@dataclass(frozen=True)
class Credentials:
    """What a person is known by: a cookie of a browser, and a token."""

    cookie: str
    token: str


def form_token(page: bytes) -> str:
    found = re.search(rb'name="form_token" value="([0-9a-f]+)"', page)
    assert found, page
    return found[1].decode()


_TARGETS = (
    *(
        "/dash",
        "/dash/",
        "//dash/",
        "/dash//",
        "/./dash/",
        "/x/../dash/",
        "/auth/../dash/",
        "/items/../dash/x",
    ),
    *(
        "/%64ash/",
        "/dash%2f",
        "/dash%2Fx",
        "/%2fdash/",
        "/auth/..%2fdash/",
        "/auth/%2e%2e/dash/",
        "/auth/..;/dash/",
    ),
    *(
        "/dash/../dash/",
        "/dash/%2e%2e/dash/x",
        "/dash;x=1/",
        "/dash/;/x",
        "/DASH/",
        "/dash/?require=",
        "/dash?x",
    ),
    *(
        "/dash/?require=user",
        "/dash/#x",
        "/dash/%00",
        "/dash/%0a",
        "/dash\\x",
        "/auth\\..\\dash/",
        "/dash/metrics",
    ),
    *(
        "/dash/auth/verify",
        "/dash/auth/sign-in",
        "/auth/verify/../../dash/",
        "/dash/.well-known/jwks.json",
    ),
    *(
        "/dash/x.css",
        "/dash/favicon.ico",
        "/dash/docs/assets/x",
        "/dash/health/live",
        "/dash/x?y=/auth/token",
    ),
    *("/vault", "/vault/", "/vault/imports/x", "/vault/imports/x/", "/%76ault/imports/x"),
    *(
        "/_verify/dash",
        "/@refused_dash",
        "http://127.0.0.1/dash/",
        "http://evil.example/dash/",
        "*",
        "dash/",
    ),
)
_METHODS = (
    *(
        "GET",
        "HEAD",
        "POST",
        "PUT",
        "PATCH",
        "DELETE",
        "OPTIONS",
        "TRACE",
        "CONNECT",
        "PROPFIND",
        "get",
        "FOO",
    ),
    *("PURGE", "QUERY"),
)
_HEADERS: tuple[tuple[tuple[str, str], ...], ...] = (
    (("Remote-User", "admin"), ("Remote-Groups", "admin"), ("Remote-Scopes", "items:read")),
    (("X-Forwarded-Uri", "/auth/sign-in"), ("X-Forwarded-Method", "OPTIONS")),
    (("X-Original-URL", "/auth/health/live"), ("X-Rewrite-URL", "/auth/health/live")),
    (("X-Original-URI", "/auth/health/live"), ("X-Original-Method", "OPTIONS")),
    (("X-HTTP-Method-Override", "OPTIONS"), ("X-Method-Override", "OPTIONS")),
    (("X-Forwarded-For", "127.0.0.1"), ("X-Real-IP", "127.0.0.1"), ("Forwarded", "for=127.0.0.1")),
    (("X-Forwarded-Prefix", "/dash"), ("X-Forwarded-Host", "localhost")),
    (("Origin", "http://localhost"), ("Access-Control-Request-Method", "GET")),
    (("Cookie", "gatehouse-session="), ("Cookie", f"gatehouse-session={'A' * 43}")),
    (("Authorization", "Basic YWRtaW46YWRtaW4="),),
    (("Authorization", "Bearer x"), ("Authorization", "Bearer y")),
    (("Authorization", "Bearer null"), ("Cookie", "gatehouse-session=null")),
    (("Connection", "close, Cookie, Authorization"),),
    (
        ("Connection", "Upgrade, HTTP2-Settings"),
        ("Upgrade", "h2c"),
        ("HTTP2-Settings", "AAMAAABkAAQAAP__"),
    ),
    (
        ("Connection", "Upgrade"),
        ("Upgrade", "websocket"),
        ("Sec-WebSocket-Version", "13"),
        ("Sec-WebSocket-Key", "x"),
    ),
    (("Content-Length", "0"), ("Transfer-Encoding", "chunked")),
    (("If-None-Match", "*"), ("If-Modified-Since", "Thu, 26 Nov 2026 00:00:00 GMT")),
    (("Range", "bytes=0-1"),),
    (("Host", "evil.example"),),
)


def _raw(
    method: str, target: str, headers: tuple[tuple[str, str], ...] = (), version: str = "1.1"
) -> bytes:
    given = {name.lower() for name, _ in headers}
    lines = [f"{method} {target} HTTP/{version}"]
    lines += [] if "host" in given else ["Host: 127.0.0.1"]
    lines += [] if "connection" in given else ["Connection: close"]
    lines += [f"{name}: {value}" for name, value in headers]
    request = "\r\n".join([*lines, "", ""]).encode("latin-1")
    is_last = "Connection: close" in lines or version == "1.0"
    # One that keeps the connection is followed by one that does not.
    return request if is_last else request + _raw("GET", "/auth/nothing")


def tries() -> Iterator[bytes]:
    """Requests of somebody who is not signed in."""
    for target in _TARGETS:
        yield _raw("GET", target)
    for method in _METHODS:
        yield _raw(method, "/dash/")
        yield _raw(method, "/vault/imports/x")
    for headers in _HEADERS:
        yield _raw("GET", "/dash/", headers)
        yield _raw("OPTIONS", "/dash/", headers)
    yield _raw("GET", "/dash/", version="1.0")
    yield b"GET /dash/\r\n\r\n"
    # A second request on a connection whose first may pass.
    allowed = b"GET /auth/health/live HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"
    yield allowed + _raw("GET", "/dash/")
    body = _raw("GET", "/dash/")
    length = b"Content-Length: %d\r\n" % len(body)
    yield b"POST /auth/nothing HTTP/1.1\r\nHost: 127.0.0.1\r\n" + length + b"\r\n" + body
    # A body that one reader sees and another does not (RFC 9112 section 6.1).
    smuggled = b"0\r\n\r\n" + body
    head = b"POST /auth/nothing HTTP/1.1\r\nHost: 127.0.0.1\r\nTransfer-Encoding: chunked\r\nContent-Length: %d\r\n\r\n"
    yield head % len(smuggled) + smuggled
    yield _raw("POST", "/dash/", (("Content-Length", "5"),)) + b"hello"
    yield _raw("POST", "/dash/", (("Expect", "100-continue"), ("Content-Length", "5"))) + b"hello"


def assert_none_passes(port: int) -> int:
    """How many tries there were."""
    passed, count = [], 0
    for request in tries():
        count += 1
        try:
            answer = send_raw(port, request, seconds=3)
        except TimeoutError:  # an unfinished handshake or body: nothing came back
            continue
        if REACHED in answer:
            passed.append(request)
    assert passed == []
    return count


def assert_rights_count(
    port: int, demo: Credentials, admin: Credentials, *, vault: bool = True
) -> None:
    """Who may passes, by cookie and by token, and who may not is told so."""
    url = f"http://127.0.0.1:{port}"
    for path, headers, status in (
        ("/dash/", [("Cookie", demo.cookie)], 200),
        ("/dash/", [("Authorization", f"Bearer {demo.token}")], 200),
        ("/dash/deep?x=1", [("Cookie", f"theme=dark; {demo.cookie}")], 200),
        ("/vault/", [("Cookie", demo.cookie)], 403),
        ("/vault/imports/x", [("Cookie", demo.cookie)], 403),
        ("/vault/", [("Authorization", f"Bearer {admin.token}")], 401),  # of another service
        ("/vault/", [("Cookie", admin.cookie)], 200),
        ("/dash/", [], 401),
    ):
        if path.startswith("/vault") and not vault:
            continue
        answer = send(url, path, headers=headers)
        assert answer.status == status, (answer.status, path, headers, answer.body)
        assert (REACHED in answer.body) is (status == 200)
        assert ("WWW-Authenticate" in answer.headers) is (status != 200)
    for method in ("POST", "PUT", "DELETE", "PATCH"):
        answer = send(
            url, "/dash/x", method=method, headers=[("Cookie", demo.cookie)], body=b"hello"
        )
        assert (answer.status, answer.json["body_bytes"]) == (200, 5)
        assert answer.json["method"] == method
    if not vault:
        return
    page = send(url, "/vault/", headers=[("Cookie", demo.cookie), *BROWSER])
    assert page.status == 403
    assert b"demo may not open this" in page.body


_CLAIMED = (
    *(
        "Remote-User",
        "remote-user",
        "REMOTE-USER",
        "Remote_User",
        "REMOTE_USER",
        "Remote-Email",
        "Remote_Email",
    ),
    *(
        "Remote-Groups",
        "Remote_Groups",
        "Remote-Scopes",
        "Remote_Scopes",
        "Remote-Client",
        "Remote_Client",
    ),
)


def assert_only_the_word_of_auth_arrives(
    port: int, demo: Credentials, *, keeps_cookies: bool = True
) -> None:
    """The client's own headers of these names are removed, and what it signs in with is not handed on.

    Args:
        keeps_cookies: whether the cookies that are not auth's arrive; Traefik takes away all or none.
    """
    url = f"http://127.0.0.1:{port}"
    claimed = [(name, "admin") for name in _CLAIMED] * 2
    for credentials in (
        [("Cookie", f"a=1; {demo.cookie}; b=2")],
        [("Cookie", f"{demo.cookie}; a=1; b=2; gatehouse-sign-in=x")],
        [("Cookie", f"a=1; b=2; {demo.cookie}")],
        [("Authorization", f"Bearer {demo.token}"), ("Cookie", "a=1; b=2")],
    ):
        seen: list[list[str]] = send(url, "/dash/", headers=[*credentials, *claimed]).json[
            "headers"
        ]
        names = [name.lower().replace("_", "-") for name, _ in seen]
        told = {name: value for name, value in seen if name.lower().startswith("remote")}
        assert "items:read" in told.pop("remote-scopes").split(), seen
        told.pop("remote-client", None) if credentials[0][0] == "Authorization" else None
        assert told == {"remote-user": "demo", "remote-groups": "user"}, seen
        assert len([name for name in names if name.startswith("remote")]) == len(
            {name for name in names if name.startswith("remote")}
        )
        assert "authorization" not in names, seen
        cookies = " ".join(value for name, value in seen if name == "cookie")
        assert "gatehouse" not in cookies, seen
        assert re.findall(r"\w=\d", cookies) == (["a=1", "b=2"] if keeps_cookies else [])


def assert_the_way_leads_back(port: int, before: str = "", *, vault: bool = True) -> None:
    """A browser is sent to the sign-in page of this deployment, which is told where it wanted to go."""
    origin = f"http://127.0.0.1:{port}"
    paths = ["/dash/", "/dash/a%20b/c?y=1&z=%2F", "/dash/x?require=user"]
    for path in [*paths, "/vault/x"] if vault else paths:
        asked = f"{origin}{before}{path}"
        for headers in (
            [],
            [("X-Forwarded-Uri", "//evil.example/")],
            [("X-Forwarded-Host", "evil.example")],
        ):
            answer = send(origin, before + path, headers=[*BROWSER, *headers])
            assert answer.status in (302, 303), answer.body
            page = urlsplit(urljoin(asked, answer.headers["Location"]))
            assert f"{page.scheme}://{page.netloc}{page.path}" == f"{origin}{before}/auth/sign-in"
            assert parse_qs(page.query)["return_to"] == [path]
            assert "no-store" in answer.headers["Cache-Control"]
    foreign = send(origin, f"{before}/dash/", headers=[*BROWSER, ("Host", "evil.example")])
    assert not foreign.headers.get("Location", "").startswith(("http", "//"))


def assert_nothing_is_cached(port: int, demo: Credentials) -> None:
    """Neither by a cache that many share nor, unasked, by the browser: what is signed out is closed."""
    answer = send(
        f"http://127.0.0.1:{port}",
        "/dash/x.css?header=Cache-Control:%20public,%20max-age=3600",
        headers=[("Cookie", demo.cookie)],
    )
    said = ", ".join(answer.headers.get_all("Cache-Control") or [])
    assert {"private", "no-cache"} <= set(re.split(r",\s*", said))
