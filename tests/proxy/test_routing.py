"""Which service a path reaches, and how it arrives there."""

import pytest
from websockets.sync.client import connect

from testing.http import send, send_raw
from testing.nginx import Proxy


@pytest.mark.parametrize(
    ("path", "service"),
    [
        ("/auth", "auth"),
        ("/auth/", "auth"),
        ("/auth/token", "auth"),
        ("/auth/users/me", "auth"),
        ("/.well-known/oauth-authorization-server/auth", "auth"),
        ("/.well-known/openid-configuration/auth", "auth"),
        ("/.well-known/oauth-protected-resource/auth", "auth"),
        ("/.well-known/oauth-protected-resource/items", "items"),
        ("/.well-known/oauth-protected-resource/items/mcp", "items"),
        ("/items", "items"),
        ("/items/", "items"),
        ("/items/1", "items"),
        ("/team/notes", "wide_notes"),
        ("/team/notes/1", "wide_notes"),
        ("/.well-known/oauth-protected-resource/team/notes", "wide_notes"),
        ("/legacy", "legacy"),
        ("/legacy/any/thing", "legacy"),
    ],
)
def test_a_path_reaches_its_service_with_the_prefix_kept(
    proxy: Proxy, path: str, service: str
) -> None:
    answer = send(proxy.url, path)
    assert (answer.json["service"], answer.json["path"]) == (service, path)


@pytest.mark.parametrize(
    "path",
    [
        "/itemsx",
        "/itemsx/1",
        "/team",
        "/team/notesx",
        "/.well-known/oauth-protected-resource/itemsx",
        "/.well-known/oauth-protected-resource/legacy",
        "/.well-known/oauth-protected-resource/legacy/mcp",
        "/item",
        "/authority/token",
        "/ITEMS/",
        "/unknown",
        "/.git/config",
    ],
)
def test_a_path_that_only_looks_like_a_service_is_not_found(proxy: Proxy, path: str) -> None:
    assert send(proxy.url, path).status == 404


@pytest.mark.parametrize(
    "path",
    [
        "/items/a%2Fb",
        "/items//a///b",
        "/items/%20%C3%A9",
        "/items/a%2fb%252F",
        "/items/a;b=c",
        "/items/a/./b/../c",
    ],
)
def test_a_path_arrives_byte_for_byte(proxy: Proxy, path: str) -> None:
    assert send(proxy.url, path).json["path"] == path


@pytest.mark.parametrize("service", ["auth", "items", "team/notes", "legacy"])
@pytest.mark.parametrize(
    "path",
    [
        "/{}/metrics",
        "/{}/metrics/",
        "/{}/metrics/anything",
        "/{}/metrics?x=1",
        "/{}//metrics",
        "//{}/metrics",
        "/{}/%6Detrics",
        "/{}%2Fmetrics",
        "/{}/x/../metrics",
        "/{}/./metrics",
        "/{}/METRICS",
        "/{}/metrics%2F",
    ],
)
def test_metrics_are_not_found_in_any_spelling(proxy: Proxy, service: str, path: str) -> None:
    answer = send(proxy.url, path.format(service))
    assert answer.status == 404
    assert answer.json["code"] == "not_found"
    assert "service" not in answer.json


def test_an_absolute_request_target_does_not_reach_metrics(proxy: Proxy) -> None:
    request = b"GET http://a/items/metrics HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"
    assert send_raw(proxy.port, request).startswith(b"HTTP/1.1 404")


def test_a_path_that_merely_contains_metrics_is_passed_on(proxy: Proxy) -> None:
    assert send(proxy.url, "/items/metricsx").json["service"] == "items"


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_an_upgrade_with_a_body_is_an_ordinary_request(proxy: Proxy, method: str) -> None:
    """The service would wait for a handshake that never ends."""
    handshake = [
        ("Connection", "Upgrade"),
        ("Upgrade", "websocket"),
        ("Sec-WebSocket-Version", "13"),
        ("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ=="),
    ]
    answer = send(proxy.url, "/items/", method=method, headers=handshake, body=b"{}", seconds=5)
    assert answer.status == 200
    assert "upgrade" not in {name.lower() for name, _ in answer.json["headers"]}


def test_a_websocket_passes(proxy: Proxy) -> None:
    with connect(f"ws://127.0.0.1:{proxy.port}/items/live", proxy=None) as websocket:
        assert websocket.recv() == "items at /items/live"


def test_no_other_upgrade_is_passed_on(proxy: Proxy) -> None:
    headers = [
        ("Connection", "Upgrade, HTTP2-Settings"),
        ("Upgrade", "h2c"),
        ("HTTP2-Settings", "AAMAAABk"),
    ]
    seen = dict(send(proxy.url, "/items/", headers=headers).json["headers"])
    assert "upgrade" not in seen
    assert "connection" not in seen


def test_an_answer_of_a_service_passes_untouched(proxy: Proxy) -> None:
    answer = send(proxy.url, "/items/?status=503&header=Retry-After:%207&header=Location:%20../x")
    assert answer.status == 503
    assert answer.json["service"] == "items"
    assert answer.headers.get_all("Retry-After") == ["7"]
    assert answer.headers["Location"] == "../x"


def test_an_etag_of_a_service_stays_strong_even_for_a_client_that_takes_gzip(proxy: Proxy) -> None:
    path = "/items/1?bytes=5000&header=ETag:%20%223%22"
    answer = send(proxy.url, path, headers=[("Accept-Encoding", "gzip")])
    assert answer.headers["ETag"] == '"3"'


def test_a_request_without_a_host_still_has_one_at_the_service(proxy: Proxy) -> None:
    answer = send_raw(proxy.port, b"GET /items/ HTTP/1.0\r\n\r\n")
    assert b'["host", "localhost"]' in answer


def test_a_service_takes_bodies_as_large_as_its_entry_says(proxy: Proxy) -> None:
    body = b"x" * 200_000
    assert send(proxy.url, "/items/", method="POST", body=body).status == 413
    assert send(proxy.url, "/team/notes/mine", method="POST", body=body).status == 200
    too_large = b"x" * 1_000_001
    assert send(proxy.url, "/team/notes/mine", method="POST", body=too_large).status == 413
