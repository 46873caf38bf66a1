"""The app of the README with the wheel alone: each server, a proxy in each way, the tokens of two issuers."""

import os
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from testing.checkout import ROOT
from testing.http import Answer, listens, send
from testing.other_nginx import running_nginx
from testing.ports import free_port
from testing.processes import Program
from testing.stack import Stack
from testing.wheels import Environment
from tests.clients.oidc_provider import running_oidc_provider, token_of

APP = (ROOT / "examples" / "notes.py").read_text(encoding="utf-8")
# What the page of the README has no room for: a redirect, and an absolute URL.
MORE = """

from fastapi import Request
from fastapi.responses import RedirectResponse


@app.get("/latest")
async def latest(request: Request) -> RedirectResponse:
    return RedirectResponse(request.url_for("notes"))


@app.get("/address")
async def address(request: Request) -> str:
    return str(request.url_for("notes"))
"""
SERVERS = {
    "uvicorn": "uvicorn --no-proxy-headers --host 127.0.0.1 --port {port} notes:app",
    "gunicorn": "gunicorn --bind 127.0.0.1:{port} --forwarded-allow-ips= -k uvicorn_worker.UvicornWorker notes:app",
    "hypercorn": "hypercorn --bind 127.0.0.1:{port} notes:app",
    "granian": "granian --interface asgi --host 127.0.0.1 --port {port} notes:app",
}
PUBLIC = "proxy_set_header Host $http_host;"
WAYS = {
    "stripped": ("/notes", f"location /notes/ {{ {PUBLIC} proxy_pass http://127.0.0.1:%s/; }}"),
    "kept": ("/notes", f"location /notes/ {{ {PUBLIC} proxy_pass http://127.0.0.1:%s; }}"),
    "nested": (
        "/outer/notes",
        f"location /outer/notes/ {{ {PUBLIC} proxy_set_header X-Forwarded-Prefix /outer; "
        "proxy_pass http://127.0.0.1:%s/notes/; }",
    ),
    "nested in silence": (
        "/outer/notes",
        f"location /outer/notes/ {{ {PUBLIC} proxy_pass http://127.0.0.1:%s/notes/; }}",
    ),
}


@pytest.fixture(scope="module")
def foreign_issuer(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with running_oidc_provider(tmp_path_factory.mktemp("npm")) as url:
        yield url


@pytest.fixture(scope="module")
def environment(empty_environment: Callable[[], Environment], chassis_wheel: Path) -> Environment:
    made = empty_environment()
    made.install(
        str(chassis_wheel), "uvicorn", "gunicorn", "uvicorn-worker", "hypercorn", "granian"
    )
    return made


def app_of(environment: Environment, name: str, issuer: str) -> Path:
    folder = environment.folder / name
    folder.mkdir()
    told = APP.replace("http://localhost:8080/auth", issuer).replace(
        'scopes={"notes:read"',
        'algorithms=["ES256", "RS256", "PS256", "EdDSA"], scopes={"notes:read"',
    )
    assert issuer in told
    (folder / "notes.py").write_text(told + MORE)
    return folder


def serving(environment: Environment, folder: Path, server: str) -> tuple[Program, int]:
    port = free_port()
    command, *options = SERVERS[server].format(port=port).split(" ")
    program = Program(
        server,
        [environment.program(command), *options],
        environment={"PATH": os.environ["PATH"], "PYTHONPATH": str(folder)},
        folder=folder,
        log=folder / f"{server}.log",
    )
    return program, port


@pytest.fixture(
    params=[
        name if name == "uvicorn" else pytest.param(name, marks=pytest.mark.sweep)
        for name in SERVERS
    ]
)
def port(
    request: pytest.FixtureRequest,
    environment: Environment,
    foreign_issuer: str,
) -> Iterator[int]:
    folder = app_of(environment, f"under-{request.param}", foreign_issuer)
    program, port = serving(environment, folder, request.param)
    with program:
        program.wait_until(lambda: listens(port), seconds=30, what=f"{request.param} listens")
        yield port


def get(url: str, token: str = "") -> Answer:
    return send(url, headers=[("Authorization", f"Bearer {token}")] if token else [])


def test_it_is_right_behind_a_proxy_in_every_way_and_takes_the_issuers_tokens(
    port: int,
    foreign_issuer: str,
    tmp_path: Path,
) -> None:
    token = token_of(foreign_issuer, "RS256")
    foreign = token_of(foreign_issuer, "RS256", audience="items")
    for way, (prefix, location) in WAYS.items():
        folder = tmp_path / way.replace(" ", "-")
        folder.mkdir()
        with running_nginx(folder, location % port) as origin:
            base = f"{origin}{prefix}/"
            none, wrong = get(base), get(base, foreign)
            assert (none.status, none.headers["WWW-Authenticate"]) == (401, "Bearer"), way
            assert wrong.status == 401, way
            assert 'error="invalid_token"' in wrong.headers["WWW-Authenticate"]
            good = get(base, token)
            assert (good.status, good.json) == (200, "Notes of machine"), (way, good.body)
            # Nobody can know of a prefix that no proxy announces; the redirect is relative and right all the same.
            known = base if way != "nested in silence" else f"{origin}/notes/"
            assert get(f"{base}address").json == known, way
            assert get(f"{base}latest").headers["Location"] == "./", way
            page = get(f"{base}docs").body.decode()
            for name in re.findall(r'<(?:script|link)\b[^>]*\b(?:src|href)="([^"]+)"', page):
                assert get(f"{base}{name}").status == 200, (way, name)
            assert get(f"{base}openapi.json").json["servers"] == [{"url": "."}], way


def test_it_takes_the_tokens_of_gatehouse_and_finds_what_was_revoked(
    stack: Stack, environment: Environment
) -> None:
    folder = app_of(environment, "of-gatehouse", f"{stack.url}/auth")
    # The stack grants scopes of its own services only.
    notes = folder / "notes.py"
    notes.write_text(re.sub(r'"notes(:read)?"', r'"items\1"', notes.read_text()))
    program, port = serving(environment, folder, "uvicorn")
    with program:
        program.wait_until(lambda: listens(port), seconds=30, what="uvicorn listens")
        token = stack.sign_in(stack.demo)
        answer = get(f"http://127.0.0.1:{port}/", token)
        assert answer.status == 200, answer.body
        stack.revoke(token)
        program.wait_until(
            lambda: get(f"http://127.0.0.1:{port}/", token).status == 401,
            seconds=10,
            what="the revoked token is refused",
        )


def test_the_readme_shows_this_app() -> None:
    assert f"```python\n{APP}```" in (ROOT / "README.md").read_text(encoding="utf-8")
    assert len([line for line in APP.splitlines() if line.strip()]) <= 15
