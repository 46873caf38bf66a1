"""One JSON object per line for machines, plain readable lines for people, colours on a terminal only."""

import json
import os
import pty
import subprocess
import sys

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
