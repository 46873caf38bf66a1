"""docs/behind-a-proxy.md: what it names exists, what it shows works."""

import re
import shlex
from pathlib import Path

import pytest
import uvicorn
from fastapi import FastAPI
from starlette.middleware.sessions import SessionMiddleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.types import ASGIApp

from doctor.__main__ import parser
from doctor.catalogue import KINDS
from testing.checkout import ROOT
from testing.other_nginx import running_nginx
from testing.serving import served
from tests.doctor.command import run
from tests.doctor.configuration import assert_accepted, fenced
from tests.doctor.services import service

PAGE = (ROOT / "docs" / "behind-a-proxy.md").read_text(encoding="utf-8")
PROXY_OF = {"nginx": "nginx", "caddyfile": "caddy", "haproxy": "haproxy", "apache": "apache"}
FRAGMENTS = [
    pytest.param(proxy, fragment, id=f"{proxy} {number}")
    for language, proxy in PROXY_OF.items()
    for number, fragment in enumerate(fenced(PAGE, language), start=1)
]
COMMANDS = [line for block in fenced(PAGE, "sh") for line in block.splitlines()]


def test_it_explains_every_kind_of_finding_and_no_other() -> None:
    assert set(
        re.findall(r"\[([a-z0-9-]+)\]", re.sub(r"^```.*?^```$", "", PAGE, flags=re.M | re.S))
    ) == set(KINDS)


@pytest.mark.parametrize(("proxy", "fragment"), FRAGMENTS)
def test_its_configurations_are_accepted(proxy: str, fragment: str, tmp_path: Path) -> None:
    assert_accepted(proxy, fragment, tmp_path)


@pytest.mark.parametrize("command", COMMANDS)
def test_its_commands_have_options_that_exist(command: str) -> None:
    program, *arguments = shlex.split(command)
    if program == "uvicorn":
        uvicorn.main.make_context(program, arguments)
    else:
        assert program == "gatehouse-doctor"
        parser().parse_args(arguments)


@pytest.mark.parametrize("number", range(len(fenced(PAGE, "python"))))
def test_its_python_runs(number: int) -> None:
    names = {
        "FastAPI": FastAPI,
        "SessionMiddleware": SessionMiddleware,
        "TrustedHostMiddleware": TrustedHostMiddleware,
        "app": FastAPI(),
        "secret": "a secret",
    }
    exec(fenced(PAGE, "python")[number], names)
    app = names["app"]
    assert isinstance(app, FastAPI)
    app.build_middleware_stack()


def stripped() -> ASGIApp:
    return service(websocket="/ws", servers=["."])


def kept() -> ASGIApp:
    return service(routes_prefix="/items", servers=["/"], token_url="/items/token")


@pytest.mark.parametrize(
    ("block", "app", "root_path"),
    [(0, stripped(), "/items"), (1, kept(), "")],
    ids=["strip", "keep"],
)
def test_the_two_right_ways_are_clean(
    block: int, app: ASGIApp, root_path: str, tmp_path: Path
) -> None:
    lines = fenced(PAGE, "nginx")[block]
    with (
        served(app, root_path=root_path) as port,
        running_nginx(tmp_path, lines.replace("127.0.0.1:8000", f"127.0.0.1:{port}")) as origin,
    ):
        result = run(f"{origin}/items", "--json")
    assert result.findings == [], result.output
