import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer

from deploy import health
from testing.ports import free_port


@contextmanager
def a_service(status: int, body: bytes) -> Iterator[str]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()
        thread.join()


def test_a_ready_service_has_no_trouble() -> None:
    with a_service(200, b"{}") as url:
        assert health.trouble(url) is None


def test_what_is_not_ready_is_named() -> None:
    body = b'{"status": "not ready", "checks": {"database": "refused", "keys": "ok"}}'
    with a_service(503, body) as url:
        assert health.trouble(url) == "database: refused"


def test_another_answer_is_told_by_its_status() -> None:
    with a_service(502, b"<html>") as url:
        assert health.trouble(url) == "HTTP 502"


def test_what_probes_left_in_a_log_is_not_shown() -> None:
    log = (
        '{"service": "auth", "event": "Listening at: http://127.0.0.1:8001"}\n'
        '{"service": "auth", "path": "/x/auth/health/ready", "status": 404, "event": "request"}\n'
        '[error] connect() failed while connecting to upstream, request: "GET /items/health/live HTTP/1.1"\n'
        '  File "gatehouse_chassis/http/health.py", line 3, in readiness\n'
        "OSError: [Errno 28] No space left on device"
    )

    assert [line.split()[0] for line in health.without_probes(log).splitlines()] == [
        '{"service":',
        "File",
        "OSError:",
    ]


def test_nobody_there_is_told() -> None:
    assert health.trouble(f"http://127.0.0.1:{free_port()}/") == "connection refused"
