"""One line of JSON for each request."""

import json
from pathlib import Path
from typing import Any

from testing.http import send
from testing.nginx import Proxy, running_proxy
from testing.ports import free_port
from testing.processes import wait_until
from testing.services import SAMPLE


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


def error_log(proxy: Proxy) -> str:
    return proxy.access_log.parents[1].joinpath("nginx.log").read_text()


def test_a_refused_request_is_in_the_access_log_and_its_query_in_none(proxy: Proxy) -> None:
    for number in range(40):
        send(
            proxy.url,
            "/auth/sign-up?token=secret-of-a-mail",
            method="POST",
            headers=[("X-Request-ID", f"refused-{number}"), ("Referer", "http://x/?code=secret")],
        )
    assert log_line(proxy, "refused-39")["status"] == 429
    assert "secret" not in proxy.access_log.read_text()
    assert "secret" not in error_log(proxy)


def test_nor_is_it_when_a_service_does_not_answer_or_a_file_is_missing(tmp_path: Path) -> None:
    nobody = {"auth": free_port(), "items": free_port()}
    with running_proxy(tmp_path, services=SAMPLE, ports=nobody) as proxy:
        query = "?token=secret-of-a-mail"
        assert send(proxy.url, f"/auth/sign-up/confirm{query}").status == 502
        assert send(proxy.url, f"/docs/assets/missing.js{query}").status == 404
        assert send(proxy.url, f"/items/{query}", method="POST", body=b"x" * 200_000).status == 413
        log_line(proxy, send(proxy.url, f"/nowhere{query}").headers["X-Request-ID"] or "")
        assert "secret" not in error_log(proxy)
