"""What nginx answers by itself has the shape of every other error (RFC 9457)."""

import json
import socket
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from gatehouse_chassis.http.body_limit import MAX_BODY_BYTES
from testing.http import Answer, send, send_raw
from testing.nginx import Proxy, running_proxy
from testing.ports import free_port
from testing.services import SAMPLE


def assert_problem(answer: Answer, *, status: int, title: str, code: str) -> None:
    assert answer.status == status
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert answer.headers["Cache-Control"] == "no-store"
    detail = answer.json["detail"]
    assert detail.endswith(".")
    assert answer.json == {
        "type": "about:blank",
        "title": title,
        "status": status,
        "detail": detail,
        "code": code,
        "request_id": answer.headers["X-Request-ID"],
    }


def test_an_unknown_path_is_not_found(proxy: Proxy) -> None:
    assert_problem(send(proxy.url, "/nowhere"), status=404, title="Not Found", code="not_found")


def test_an_unknown_path_is_not_found_for_every_method(proxy: Proxy) -> None:
    for method in ("POST", "PUT", "DELETE", "OPTIONS", "PATCH"):
        assert_problem(
            send(proxy.url, "/nowhere", method=method, body=b""),
            status=404,
            title="Not Found",
            code="not_found",
        )


def test_a_page_takes_no_post(proxy: Proxy) -> None:
    answer = send(proxy.url, "/services.json", method="POST", body=b"")
    assert_problem(answer, status=405, title="Method Not Allowed", code="method_not_allowed")
    assert answer.headers["Allow"] == "GET, HEAD, OPTIONS"


def test_a_service_that_refuses_a_method_names_its_own(proxy: Proxy) -> None:
    answer = send(proxy.url, "/items/?status=405&header=Allow:%20PUT", method="POST", body=b"")
    assert answer.headers.get_all("Allow") == ["PUT"]


@pytest.mark.parametrize(
    ("path", "size"), [("/items/", MAX_BODY_BYTES + 1), ("/auth/token", 9 * 1024)]
)
def test_a_body_that_is_too_large_is_refused(proxy: Proxy, path: str, size: int) -> None:
    answer = send(proxy.url, path, method="POST", body=b"x" * size)
    assert_problem(answer, status=413, title="Content Too Large", code="content_too_large")


def test_a_body_that_a_service_takes_arrives_whole(proxy: Proxy) -> None:
    answer = send(proxy.url, "/items/", method="POST", body=b"x" * MAX_BODY_BYTES)
    assert answer.json["body_bytes"] == MAX_BODY_BYTES


def test_an_address_that_is_too_long_is_refused(proxy: Proxy) -> None:
    answer = send(proxy.url, "/items/" + "x" * 9000)
    assert_problem(answer, status=414, title="URI Too Long", code="uri_too_long")


def test_headers_that_are_too_large_are_refused(proxy: Proxy) -> None:
    answer = send(proxy.url, "/items/", headers=[("X-Large", "x" * 9000)])
    assert_problem(
        answer,
        status=431,
        title="Request Header Fields Too Large",
        code="request_header_fields_too_large",
    )


@pytest.mark.parametrize(
    "request_line",
    [b"nonsense\r\n\r\n", b"GET /items/%00 HTTP/1.1\r\nHost: a\r\n\r\n", b"GET / HTTP/1.1\r\n\r\n"],
)
def test_what_is_no_http_is_a_bad_request(proxy: Proxy, request_line: bytes) -> None:
    head, _, body = send_raw(proxy.port, request_line).partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 400 ")
    assert b"application/problem+json" in head
    assert json.loads(body)["code"] == "bad_request"


def test_the_error_page_itself_cannot_be_asked_for(proxy: Proxy) -> None:
    assert_problem(send(proxy.url, "/_problem"), status=404, title="Not Found", code="not_found")


def test_a_head_request_gets_the_error_without_a_body(proxy: Proxy) -> None:
    answer = send(proxy.url, "/nowhere", method="HEAD")
    assert (answer.status, answer.body) == (404, b"")


def test_a_service_that_is_down_is_a_bad_gateway(tmp_path: Path) -> None:
    with running_proxy(
        tmp_path, services=SAMPLE, ports={"auth": free_port(), "items": free_port()}
    ) as proxy:
        answer = send(proxy.url, "/items/")
        assert_problem(answer, status=502, title="Bad Gateway", code="bad_gateway")
        assert answer.headers["Retry-After"] == "1"


@pytest.fixture
def port_that_never_answers() -> Iterator[int]:
    """A server whose queue is full, so that the kernel lets further connections wait."""
    with ExitStack() as sockets, socket.create_server(("127.0.0.1", 0), backlog=0) as server:
        for _ in range(3):
            client = sockets.enter_context(socket.socket())
            client.setblocking(False)
            client.connect_ex(server.getsockname())
        yield server.getsockname()[1]


def test_a_service_that_does_not_answer_in_time_is_a_gateway_timeout(
    tmp_path: Path, port_that_never_answers: int
) -> None:
    with running_proxy(
        tmp_path, services=SAMPLE, ports={"auth": free_port(), "items": port_that_never_answers}
    ) as proxy:
        answer = send(proxy.url, "/items/")
        assert_problem(answer, status=504, title="Gateway Timeout", code="gateway_timeout")


def test_a_service_has_as_long_to_answer_as_its_entry_says(tmp_path: Path) -> None:
    services = SAMPLE.replace("workers = 3", "workers = 3\nread_timeout = 1")
    with socket.create_server(("127.0.0.1", 0)) as silent:
        ports = {"auth": free_port(), "items": free_port(), "wide_notes": silent.getsockname()[1]}
        with running_proxy(tmp_path, services=services, ports=ports) as proxy:
            answer = send(proxy.url, "/team/notes/")
    assert_problem(answer, status=504, title="Gateway Timeout", code="gateway_timeout")
    assert answer.headers["Retry-After"] == "1"


def test_an_unknown_method_is_refused_before_a_service_sees_it(proxy: Proxy) -> None:
    answer = send(proxy.url, "/items/", method="BREW")
    assert_problem(answer, status=405, title="Method Not Allowed", code="method_not_allowed")
    assert answer.headers["Allow"] == "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS"


@pytest.mark.parametrize("target", [b"/items/\xff", b"/items/?q=\xff", b"/items/\xc3\xa4"])
def test_raw_bytes_in_an_address_are_refused_in_the_one_shape(proxy: Proxy, target: bytes) -> None:
    request = b"GET " + target + b" HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
    head, _, body = send_raw(proxy.port, request).partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 400 ")
    assert json.loads(body)["code"] == "bad_request"


def test_a_condition_that_a_page_does_not_meet_is_told_in_the_one_shape(proxy: Proxy) -> None:
    answer = send(proxy.url, "/", headers=[("If-Match", '"another"')])
    assert_problem(answer, status=412, title="Precondition Failed", code="precondition_failed")
