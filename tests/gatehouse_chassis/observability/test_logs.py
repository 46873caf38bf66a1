"""One JSON object per line for machines, plain readable lines for people, colours on a terminal only."""

import json
import os
import pty
import subprocess
import sys
from select import PIPE_BUF

import pytest

from testing.checkout import ROOT

PROGRAM = """
import logging, sys
import structlog
from gatehouse_chassis.observability.logs import configure_logging

configure_logging(service="probe", level="info", style=sys.argv[1])
log = structlog.get_logger("gatehouse_chassis.probe")
structlog.contextvars.bind_contextvars(request_id="the-request")
log.info("request", path="/a\\nb \\x1b[31mred", odd=object)
log.debug("not_shown")
logging.getLogger("gunicorn.error").warning("from %s", "elsewhere")
try:
    password = "hunter2"
    1 / 0
except ZeroDivisionError:
    log.exception("failed")
    logging.getLogger("uvicorn.error").exception("failed_too")
"""


def _lines(style: str) -> list[str]:
    ended = subprocess.run(
        [sys.executable, "-c", PROGRAM, style],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=30,
        check=True,
    )
    assert ended.stdout == ""
    return ended.stderr.splitlines()


@pytest.mark.parametrize("style", ["json", "auto"])
def test_every_line_is_one_json_object_with_the_same_names(style: str) -> None:
    lines = [json.loads(line) for line in _lines(style)]
    assert [line["event"] for line in lines] == [
        "request",
        "from elsewhere",
        "failed",
        "failed_too",
    ]
    assert [line["level"] for line in lines] == ["info", "warning", "error", "error"]
    for line in lines:
        assert line["service"] == "probe"
        assert line["request_id"] == "the-request"
        assert line["timestamp"].endswith("Z")
    assert lines[0]["path"] == "/a\nb \x1b[31mred"
    for failure in lines[2:]:
        assert "ZeroDivisionError" in failure["exception"]
        assert "hunter2" not in failure["exception"].replace('password = "hunter2"', "")


def test_text_for_a_file_has_no_colours_and_one_line_for_each_event() -> None:
    lines = _lines("text")
    assert "\x1b" not in "\n".join(lines)
    (request,) = [line for line in lines if "the-request" in line and "/a" in line]
    assert "\\n" in request
    assert lines[lines.index(request) + 1].count("from elsewhere") == 1
    assert sum("ZeroDivisionError: division by zero" in line for line in lines) == 2
    assert not any("hunter2" in line for line in lines)


def test_a_terminal_gets_text_with_colours_but_not_those_of_a_client() -> None:
    ours, theirs = pty.openpty()
    with subprocess.Popen(
        [sys.executable, "-c", PROGRAM, "auto"],
        cwd=ROOT,
        stdout=subprocess.DEVNULL,
        stderr=theirs,
        env={**os.environ, "TERM": "xterm"},
    ) as program:
        os.close(theirs)
        said = _read(ours)
    assert program.returncode == 0
    assert "\x1b[" in said
    assert "\x1b[31mred" not in said
    assert "hunter2" not in said


def _read(terminal: int) -> str:
    """Everything until the program has closed its end, which Linux reports as an error."""
    said = b""
    try:
        while piece := os.read(terminal, 65_536):
            said += piece
    except OSError:
        pass
    finally:
        os.close(terminal)
    return said.decode()


REQUESTS = """
import asyncio, sys
from gatehouse_chassis.observability.logs import RequestLine, configure_logging, request_logger

class Writes:
    def isatty(self):
        return False

    def flush(self):
        pass

    def write(self, text):
        print(text.count(chr(10)), len(text), text.splitlines()[-1])

sys.stderr = Writes()
configure_logging(service="probe", level="info", style="json")
log_request = request_logger()

async def turns():
    for requests in (1, 3, 40):
        for number in range(requests):
            log_request(RequestLine("GET", "/", f"/{number}", 200, 0.5, None, "the-request", is_routine=False))
        await asyncio.sleep(0)
    log_request(RequestLine("GET", "/", "/last", 200, 0.5, None, "the-request", is_routine=False))

asyncio.run(turns())
"""


def test_the_lines_of_one_turn_are_written_at_once_but_no_more_than_a_pipe_keeps_together() -> None:
    ended = subprocess.run(
        [sys.executable, "-c", REQUESTS],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=30,
        check=True,
    )
    writes = [line.split(" ", 2) for line in ended.stdout.splitlines()]
    lines = [int(count) for count, _, _ in writes]
    assert lines[:2] == [1, 3]
    assert sum(lines) == 1 + 3 + 40 + 1
    assert len(lines) < 10
    assert all(int(size) <= PIPE_BUF for _, size, _ in writes)
    # The turn that ends the loop is written too.
    assert json.loads(writes[-1][2])["path"] == "/last"
