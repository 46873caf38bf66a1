"""The first answers: where the address leads, and that nothing is ever examined in silence."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from starlette.responses import (
    HTMLResponse,
    JSONResponse,
    PlainTextResponse,
    RedirectResponse,
    Response,
)
from starlette.types import ASGIApp, Receive, Scope, Send

from doctor.addresses import DEFAULT_PORTS, is_https_twin
from testing.ports import free_port
from testing.serving import Certificate, served
from tests.doctor.command import run
from tests.doctor.proxies import Proxy
from tests.doctor.services import answering, on_uvicorn, service


@contextmanager
def saying(words: bytes) -> Iterator[int]:
    """Listen, and answer every connection with these bytes."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            while True:
                try:
                    connection, _ = listener.accept()
                except OSError:
                    return
                with connection:
                    connection.recv(1024)
                    connection.sendall(words)

        threading.Thread(target=serve, daemon=True).start()
        yield listener.getsockname()[1]


def test_http_that_redirects_to_https_is_examined_there(
    certificate: Certificate, monkeypatch: pytest.MonkeyPatch
) -> None:
    # 80 and 443 are not free here.
    monkeypatch.setattr("doctor.checks.arrival.is_https_twin", lambda _url, _target: True)
    with served(Proxy(on_uvicorn(service())), certificate=certificate) as secure:

        async def redirect(scope: Scope, receive: Receive, send: Send) -> None:
            there = f"https://127.0.0.1:{secure}{scope['path']}"
            await RedirectResponse(there, 301)(scope, receive, send)

        with served(redirect) as port:
            trust = ("--ca-file", str(certificate.certificate))
            result = run(f"http://127.0.0.1:{port}/items", "--json", *trust)
    assert result.code == 0
    assert result.report["url"] == f"https://127.0.0.1:{secure}/items"
    assert result.report["services"] == ["/items"]
    assert "redirects to https" in result.report["notes"][0]


@pytest.mark.parametrize(
    ("url", "target", "follows"),
    [
        ("http://example.com/items", "https://example.com/items/", True),
        ("http://example.com:8443/items", "https://example.com:8443/items/", True),
        ("http://example.com:8080/items", "https://example.com/items/", False),
        ("http://example.com/items", "https://example.com:8443/items/", False),
        ("http://example.com/items", "https://example.org/items/", False),
        ("https://example.com/items", "http://example.com/items/", False),
    ],
)
def test_https_on_another_port_may_be_another_deployment(
    url: str, target: str, follows: bool
) -> None:
    assert is_https_twin(url, target) is follows


def test_https_on_another_port_is_not_examined(certificate: Certificate) -> None:
    asked = []

    async def other(scope: Scope, receive: Receive, send: Send) -> None:
        asked.append(dict(scope["headers"]))
        await PlainTextResponse("mine")(scope, receive, send)

    with (
        served(other, certificate=certificate) as secure,
        served(RedirectResponse(f"https://127.0.0.1:{secure}/items/")) as port,
    ):
        trust = ("--ca-file", str(certificate.certificate), "--header", "Cookie: mine")
        result = run(f"http://127.0.0.1:{port}/items", *trust)
    assert result.code == 2
    assert "https on another port" in result.errors
    assert not any(b"cookie" in headers for headers in asked)


def test_https_on_a_port_where_nothing_listens_is_a_lost_port(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    closed = free_port()
    monkeypatch.setitem(DEFAULT_PORTS, "https", closed)
    with served(RedirectResponse(f"https://127.0.0.1:{closed}/items/")) as port:
        result = run(f"http://127.0.0.1:{port}/items", "--json")
    assert result.findings == ["port-lost"], result.output


def test_a_page_that_is_no_service_is_not_called_clean() -> None:
    with served(HTMLResponse("<title>hello</title>")) as port:
        result = run(f"http://127.0.0.1:{port}/")
    assert result.code == 0
    assert "nothing else of a service was seen" in " ".join(result.output.split())
    assert result.output.endswith("Nothing found in what could be seen.\n")


def test_a_sign_in_page_hides_what_is_behind_it() -> None:
    page = "<script>run()</script><form><input type=password name=p></form>"
    with served(HTMLResponse(page)) as port:
        result = run(f"http://127.0.0.1:{port}/", "--json")
    assert "is a sign-in page" in result.report["unseen"][0]


def test_a_theme_of_which_nothing_is_there_is_not_said_to_be_examined() -> None:
    with served(HTMLResponse("<script>run()</script>")) as port:
        examined = run(f"http://127.0.0.1:{port}/", "--json").report["examined"]
    assert "redirects" in examined
    assert not {"servers", "content security policies"} & {*examined}


def test_a_sign_in_on_another_host_is_not_examined_in_silence() -> None:
    with served(RedirectResponse("https://login.example.com/?next=/items")) as port:
        result = run(f"http://127.0.0.1:{port}/items")
    assert result.code == 2
    assert "redirects to https://login.example.com" in result.errors
    assert "--header 'Cookie: ...'" in result.errors


def test_a_redirect_to_the_inner_name_of_the_service_is_a_finding() -> None:
    with served(RedirectResponse("http://backend:8000/items/")) as port:
        result = run(f"http://127.0.0.1:{port}/items", "--json")
    assert result.code == 1
    assert result.findings == ["host-lost"]


def test_a_loop_over_two_addresses_is_found() -> None:
    async def loop(scope: Scope, receive: Receive, send: Send) -> None:
        other = "/items/b" if scope["path"] != "/items/b" else "/items/a"
        await RedirectResponse(other)(scope, receive, send)

    with served(loop) as port:
        result = run(f"http://127.0.0.1:{port}/items", "--json")
    assert result.findings[0] == "redirect-loop", result.output


def test_a_json_service_without_docs_is_examined() -> None:
    async def service(scope: Scope, receive: Receive, send: Send) -> None:
        known = scope["path"] == "/items/"
        body = {"hello": "there"} if known else {"detail": "Not Found"}
        await JSONResponse(body, 200 if known else 404)(scope, receive, send)

    with served(Proxy(service, strips=False)) as port:
        result = run(f"http://127.0.0.1:{port}/items", "--json")
    assert result.code == 0
    assert result.report["services"] == ["/items"]
    assert "redirects" in result.report["examined"]


@pytest.mark.parametrize(
    ("words", "meaning"),
    [
        (b"\x00\x00\x12\x04\x00\x00\x00\x00\x00", "HTTP/2 only"),
        (b"", "closed the connection without an answer"),
    ],
)
def test_what_is_not_http_1_is_told_in_a_sentence(words: bytes, meaning: str) -> None:
    with saying(words) as port:
        result = run(f"http://127.0.0.1:{port}/items")
    assert result.code == 2
    assert meaning in result.errors


def test_https_asked_of_an_http_port_is_told_in_a_sentence() -> None:
    with served(answering(200, "hello")) as port:
        result = run(f"https://127.0.0.1:{port}/items")
    assert result.code == 2
    assert f"try http://127.0.0.1:{port}/items" in result.errors
    assert "SSL" not in result.errors


def test_a_certificate_that_signed_itself_names_the_option(certificate: Certificate) -> None:
    with served(answering(200, "hello"), certificate=certificate) as port:
        result = run(f"https://127.0.0.1:{port}/items")
    assert result.code == 2
    assert "--ca-file" in result.errors
    assert "SSL" not in result.errors


def test_a_body_that_cannot_be_read_is_told_in_a_sentence() -> None:
    packed = Response(b"\x1b\x03", media_type="text/html", headers={"content-encoding": "br"})
    with served(packed) as port:
        result = run(f"http://127.0.0.1:{port}/items")
    assert result.code == 2
    assert "compressed with br" in result.errors


def test_an_address_without_a_scheme_is_one_sentence() -> None:
    result = run("example.com/items")
    assert result.errors.count("\n") == 1
    assert "https://example.com/items" in result.errors
    assert "usage" not in result.errors


@pytest.mark.parametrize("page", ["/items/docs", "docs"])
def test_a_docs_page_can_be_named_below_the_prefix_or_with_it(page: str) -> None:
    with served(Proxy(on_uvicorn(service()))) as port:
        result = run(f"http://127.0.0.1:{port}/items", "--docs", page, "--json")
    assert result.report["services"] == ["/items"]
    assert result.code == 0


def refusing(app: ASGIApp, path: str, answer: ASGIApp) -> ASGIApp:
    async def choose(scope: Scope, receive: Receive, send: Send) -> None:
        await (answer if scope["path"] == path else app)(scope, receive, send)

    return choose


def test_a_description_that_fails_is_not_told_as_missing() -> None:
    fails = refusing(on_uvicorn(service()), "/openapi.json", PlainTextResponse("Oh no", 500))
    with served(Proxy(fails)) as port:
        result = run(f"http://127.0.0.1:{port}/items", "--json")
    assert result.findings[0] == "spec-fails", result.output


def test_the_services_own_503_is_not_told_as_the_proxys() -> None:
    with served(Proxy(answering(503, '{"status": "starting"}', "application/json"))) as port:
        result = run(f"http://127.0.0.1:{port}/items", "--json")
    assert result.findings == ["service-unavailable"], result.output


def test_the_proxys_own_403_is_not_told_as_the_services() -> None:
    page = "<html><center><h1>403 Forbidden</h1></center><hr><center>nginx</center></html>"
    with served(answering(403, page, "text/html")) as port:
        result = run(f"http://127.0.0.1:{port}/items", "--json")
    assert result.findings == ["proxy-refuses"], result.output


@pytest.mark.parametrize("status", [429, 503])
def test_what_could_not_be_judged_is_told(status: int) -> None:
    limited = refusing(on_uvicorn(service()), "/things", PlainTextResponse("slow down", status))
    with served(Proxy(limited)) as port:
        result = run(f"http://127.0.0.1:{port}/items", "--json")
    assert any(f"answered {status}" in note for note in result.report["notes"]), result.output


def test_nobody_listens() -> None:
    result = run(f"http://127.0.0.1:{free_port()}/items")
    assert "nothing listens there" in result.errors


def test_a_document_that_is_too_long_is_not_judged(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("doctor.deployment.MAX_BODY", 2000)
    long = JSONResponse({"openapi": "3.1.0", "paths": {}, "x": ["x" * 20_000]})
    with served(Proxy(refusing(on_uvicorn(service()), "/openapi.json", long))) as port:
        result = run(f"http://127.0.0.1:{port}/items", "--json")
    assert result.code == 0, result.output
    assert any("to be read to its end" in note for note in result.report["notes"])
