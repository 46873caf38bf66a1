"""One line of JSON for each request."""

import json
from typing import Any

from testing.http import send
from testing.nginx import Proxy
from testing.processes import wait_until


def log_line(proxy: Proxy, request_id: str) -> Any:
    def lines() -> list[Any]:
        text = proxy.access_log.read_text()
        return [
            entry
            for entry in map(json.loads, text.splitlines())
            if entry["request_id"] == request_id
        ]

    wait_until(lambda: bool(lines()), seconds=5, what=f"{request_id} is in the access log")
    [line] = lines()
    return line


def test_a_request_is_logged_without_its_query(proxy: Proxy) -> None:
    send(proxy.url, "/items/1?token=secret", headers=[("X-Request-ID", "logged-request")])
    line = log_line(proxy, "logged-request")
    assert (line["method"], line["path"], line["status"]) == ("GET", "/items/1", 200)
    assert line["client"] == "127.0.0.1"
    assert line["seconds"] >= 0
    assert "secret" not in json.dumps(line)


def test_an_error_of_the_proxy_is_logged_with_the_path_that_was_asked_for(proxy: Proxy) -> None:
    headers = [("X-Request-ID", "logged-error"), ("User-Agent", 'a "quoted" \\ agent')]
    send(proxy.url, "/nowhere", headers=headers)
    line = log_line(proxy, "logged-error")
    assert (line["path"], line["status"], line["upstream"]) == ("/nowhere", 404, "")
    assert line["user_agent"] == 'a "quoted" \\ agent'


def test_the_client_behind_a_trusted_proxy_is_the_one_that_is_logged(trusting_proxy: Proxy) -> None:
    headers = [("X-Request-ID", "logged-client"), ("X-Forwarded-For", "203.0.113.7")]
    send(trusting_proxy.url, "/items/", headers=headers)
    assert log_line(trusting_proxy, "logged-client")["client"] == "203.0.113.7"
