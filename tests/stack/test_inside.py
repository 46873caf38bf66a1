"""What the inside of the stack says about itself, and what of it the public sees."""

import json
import re
from functools import partial
from pathlib import Path

import pytest

from testing.http import send, send_raw
from testing.processes import wait_until
from testing.stack import Stack

SERVICES = ("auth", "items")


def is_in(text: str, log: Path) -> bool:
    return text in log.read_text()


@pytest.mark.parametrize("service", SERVICES)
def test_health_is_public(each_stack: Stack, service: str) -> None:
    assert each_stack.get(f"/{service}/health/live").status == 200
    ready = each_stack.get(f"/{service}/health/ready")
    assert (ready.status, ready.json["status"]) == (200, "ready")
    assert ready.json["checks"]["database"] == "ok"


@pytest.mark.parametrize("service", SERVICES)
def test_metrics_are_for_the_inside_only(each_stack: Stack, service: str) -> None:
    own_url = {"auth": each_stack.auth_url, "items": each_stack.items_url}[service]
    inside = send(own_url, "/metrics")
    assert inside.status == 200
    assert b"http_server_request_duration_seconds" in inside.body
    for path in (
        "/metrics",
        f"/{service}/metrics",
        f"/{service}/%6Detrics",
        f"/{service}/metrics/",
    ):
        outside = each_stack.get(path)
        assert (outside.status, outside.json["code"]) == (404, "not_found")


def test_metrics_count_what_both_workers_answered(each_stack: Stack) -> None:
    line = re.compile(rb'_count\{.*route="/health/live".*\} ([0-9.]+)')

    def count() -> float:
        return sum(map(float, line.findall(send(each_stack.items_url, "/metrics").body)))

    before = count()
    for _ in range(20):
        each_stack.get("/items/health/live")
    wait_until(lambda: count() >= before + 20, seconds=5, what="20 requests more are counted")


def test_a_request_id_goes_from_the_client_to_both_logs_and_back(each_stack: Stack) -> None:
    request_id = "followed-through-the-stack"
    answer = each_stack.call("GET", "/items/", headers={"X-Request-ID": request_id})
    assert answer.headers.get_all("X-Request-ID") == [request_id]
    assert answer.json["request_id"] == request_id
    for log in (each_stack.proxy.access_log, each_stack.services["items"].log):
        wait_until(partial(is_in, request_id, log), seconds=5, what=f"{log.name} has it")


def test_a_service_logs_the_client_that_nginx_saw(each_stack: Stack) -> None:
    headers = {"X-Request-ID": "logged-by-items", "X-Forwarded-For": "6.6.6.6"}
    each_stack.call("GET", "/items/", headers=headers)
    log = each_stack.services["items"].log
    wait_until(partial(is_in, "logged-by-items", log), seconds=5, what="the line is there")
    [line] = [line for line in log.read_text().splitlines() if "logged-by-items" in line]
    assert json.loads(line)["client"] == "127.0.0.1"


@pytest.mark.parametrize("service", ["auth", "items"])
def test_an_upgrade_to_a_protocol_that_no_route_speaks_does_not_hang(
    stack: Stack, service: str
) -> None:
    port = {"auth": stack.auth_url, "items": stack.items_url}[service]
    handshake = [("Connection", "Upgrade"), ("Upgrade", "websocket"), ("Sec-WebSocket-Key", "x")]
    answer = send(port, "/nowhere", method="POST", headers=handshake, body=b"{}", seconds=5)
    assert (answer.status, answer.json["code"]) == (404, "not_found")


@pytest.mark.parametrize("service", ["auth", "items"])
def test_every_line_that_a_service_logs_is_one_json_object(stack: Stack, service: str) -> None:
    url = {"auth": stack.auth_url, "items": stack.items_url}[service]
    port = int(url.rpartition(":")[2])
    send_raw(port, b"this is not HTTP\r\n\r\n")
    program = stack.services[service]
    program.wait_until(
        lambda: "Invalid HTTP request" in program.log_tail(10_000),
        seconds=5,
        what="uvicorn's own complaint is in the log",
    )
    for line in program.log_tail(10_000).splitlines():
        assert isinstance(json.loads(line), dict), line


def test_nobody_else_may_read_what_the_services_store(stack: Stack) -> None:
    stored = [path for name in ("auth", "items") for path in (stack.folder / name).rglob("*")]
    assert {"auth.db", "items.db"} <= {path.name for path in stored}
    assert [path for path in stored if path.is_file() and path.stat().st_mode & 0o077] == []
