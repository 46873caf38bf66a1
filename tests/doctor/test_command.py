import io
import json
import re
import sys
from contextlib import redirect_stdout
from pathlib import Path

import pytest
from starlette.responses import PlainTextResponse, Response
from starlette.types import Receive, Scope, Send

from doctor.__main__ import main
from doctor.deployment import Deployment, LimitReachedError
from doctor.examination import examine
from doctor.report import TextReport
from doctor.subject import Options
from testing.ports import free_port
from testing.serving import served
from tests.doctor.command import Terminal, run
from tests.doctor.deployments import right
from tests.doctor.proxies import Proxy
from tests.doctor.services import answering, on_uvicorn, service


def test_help_shows_examples_and_exit_codes() -> None:
    result = run("--help")
    assert result.code == 0
    assert "gatehouse-doctor https://example.com/items" in result.output
    assert "exit codes: 0 nothing found" in result.output


def test_a_clean_deployment_is_told_what_was_examined() -> None:
    with served(right()) as port:
        result = run(f"http://127.0.0.1:{port}/items")
    assert result.code == 0
    assert re.search(r"\(\d+ requests, nginx answers, made with FastAPI\)", result.output)
    assert "redirects" in result.output
    assert result.output.endswith("Nothing found.\n")
    assert "\x1b" not in result.output


def test_a_finding_shows_what_was_asked_answered_why_and_what_to_change() -> None:
    with served(Proxy(on_uvicorn(service(), root_path=""))) as port:
        result = run(f"http://127.0.0.1:{port}/items/docs")
    assert result.code == 1
    first = result.output.partition("\n1. ")[2]
    assert "[prefix-unknown]" in first
    assert f"asked     GET http://127.0.0.1:{port}/items/docs" in first
    assert "the page loads /openapi.json" in first
    assert "location /items/ {" in first
    assert "redirect-loses-prefix" in first, "a consequence is folded into its cause"
    assert "1 finding;" in first


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["example.com/items"], "give it as https://example.com/items"),
        (["http://h", "--requests", "0"], "give 1 or more"),
        (["http://h", "--timeout", "soon"], "give seconds up to 300"),
        (["http://h", "--header", "nonsense"], "give it as 'Name: value'"),
        (["http://h", "--ca-file", "missing.pem"], "there is no such file"),
        (["http://h", "--proxy", "squid"], "invalid choice"),
    ],
)
def test_a_wrong_argument_is_named_with_what_is_right(arguments: list[str], words: str) -> None:
    result = run(*arguments)
    assert result.code == 2
    assert words in result.errors


def test_an_address_that_nobody_answers_is_not_examined() -> None:
    result = run(f"http://127.0.0.1:{free_port()}/items")
    assert result.code == 2
    assert "could not examine" in result.errors
    assert "Traceback" not in result.errors


def test_a_prefix_that_the_proxy_does_not_know_is_not_examined() -> None:
    with served(right()) as port:
        result = run(f"http://127.0.0.1:{port}/orders")
    assert result.code == 2
    assert "Check the prefix" in result.errors


def test_a_login_of_the_proxy_is_named_and_can_be_given() -> None:
    inner = right()

    async def behind_a_login(scope: Scope, receive: Receive, send: Send) -> None:
        if (b"x-pass", b"yes") in scope["headers"]:
            await inner(scope, receive, send)
        else:
            login = {"www-authenticate": "Basic realm=staff"}
            await Response(status_code=401, headers=login)(scope, receive, send)

    with served(behind_a_login) as port:
        refused = run(f"http://127.0.0.1:{port}/items")
        assert refused.code == 2
        assert "--header" in refused.errors
        assert run(f"http://127.0.0.1:{port}/items", "--header", "X-Pass: yes").code == 0


def test_a_service_without_docs_is_examined_by_its_document() -> None:
    with served(right()) as port:
        result = run(f"http://127.0.0.1:{port}/items", "--spec", "openapi.json", "--json")
    assert result.code == 0
    assert result.report["services"] == ["/items"]


def test_only_safe_methods_are_used_unless_a_post_is_allowed() -> None:
    methods: list[str] = []
    inner = right()

    async def counted(scope: Scope, receive: Receive, send: Send) -> None:
        methods.append(scope.get("method", scope["type"]))
        await inner(scope, receive, send)

    with served(counted) as port:
        assert run(f"http://127.0.0.1:{port}/items").code == 0
        assert set(methods) <= {"GET", "HEAD", "OPTIONS"}
        assert run(f"http://127.0.0.1:{port}/items", "--allow-post").code == 0
        assert methods.count("POST") == 1


def test_requests_are_bounded_and_the_report_says_so() -> None:
    asked = 0
    inner = right()

    async def counted(scope: Scope, receive: Receive, send: Send) -> None:
        nonlocal asked
        asked += 1
        await inner(scope, receive, send)

    with served(counted) as port:
        result = run(f"http://127.0.0.1:{port}/items", "--requests", "9", "--json")
    assert asked == 9
    assert "After 9 requests no more were made" in result.report["notes"][-1]


def test_one_question_is_asked_once_and_no_more_than_allowed() -> None:
    with (
        served(PlainTextResponse("yes")) as port,
        Deployment(f"http://127.0.0.1:{port}", limit=1) as deployment,
    ):
        url = f"http://127.0.0.1:{port}/a"
        assert deployment.get(url) is deployment.get(url)
        with pytest.raises(LimitReachedError):
            deployment.get(url, ("X-Other", "1"))
        with pytest.raises(ValueError, match="may change something"):
            deployment.ask("DELETE", url)


def test_colours_are_for_terminals_only_and_not_with_no_color(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with (
        served(right()) as port,
        Deployment(f"http://127.0.0.1:{port}/items") as deployment,
    ):
        report = examine(deployment, Options())
    for no_color, coloured in (("", True), ("1", False)):
        monkeypatch.setenv("NO_COLOR", no_color)
        terminal = Terminal()
        TextReport(terminal).write(report)
        assert ("\x1b[" in terminal.getvalue()) is coloured


def test_what_a_server_answers_cannot_steer_the_terminal() -> None:
    hostile = answering(404, '{"detail": "\x1b[2J"}', "application/json")
    with served(Proxy(hostile)) as port:
        result = run(f"http://127.0.0.1:{port}/items")
    assert result.code == 1
    assert '{"detail": " [2J"}' in result.output
    assert "\x1b" not in result.output


def test_an_address_that_cannot_be_asked_is_noted() -> None:
    with served(
        Proxy(on_uvicorn(service(spec_url=lambda _root_path: "api/\x1bopenapi.json")))
    ) as port:
        result = run(f"http://127.0.0.1:{port}/items", "--json")
    assert result.report["services"] == ["/items"]
    assert "api/\\x1bopenapi.json" in result.report["notes"][0]


def test_json_carries_all_that_the_text_does() -> None:
    with served(Proxy(on_uvicorn(service(), root_path=""))) as port:
        [finding, *_] = run(f"http://127.0.0.1:{port}/items", "--json").report["findings"]
    assert set(finding) == {
        "id", "severity", "prefix", "title", "asked", "answered", "why", "change",
        "configuration", "causes",
    }  # fmt: skip
    assert json.dumps(finding)


def test_the_package_stands_alone() -> None:
    import doctor

    folder = Path(doctor.__file__).parent
    ours = re.compile(
        r"^(?:from|import) (?:chassis|auth_service|items_service|deploy|tests)\b", re.M
    )
    assert [file for file in folder.rglob("*.py") if ours.search(file.read_text())] == []


def test_a_reader_that_has_seen_enough_is_no_error() -> None:
    class Closed(io.StringIO):
        def write(self, text: str) -> int:
            raise BrokenPipeError

    with served(right()) as port, redirect_stdout(Closed()):
        assert main([f"http://127.0.0.1:{port}/items"]) == 0
        sys.stdout.close()
