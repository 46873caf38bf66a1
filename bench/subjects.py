"""What is measured: Gatehouse and what it is compared with, each behind its own nginx, on loopback.

Each starts when a measure first asks for it and ends with the `with` block. All of them are
children whose end the kernel sees to when this process is killed (testing/processes.py).
"""

import os
import secrets
import sys
from contextlib import ExitStack
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from types import TracebackType
from typing import Self

import pytest

from bench.sign_in import password_form
from bench.wrk import Refused, Request
from testing.http import send
from testing.nginx import Proxy, running_proxy
from testing.ports import free_port
from testing.postgres import running_postgresql
from testing.processes import Program
from testing.stack import Stack, User, sqlite_stack

WORKERS = 2
ITEMS = 100
PAGE = 20


@dataclass(frozen=True, slots=True)
class Baseline:
    """Something else than Gatehouse, served as Gatehouse is."""

    url: str
    service: Program
    proxy: Proxy
    user: User


class Subjects:
    """Whatever is measured, below one folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._running = ExitStack()

    @cached_property
    def gatehouse(self) -> Stack:
        """The stack on SQLite."""
        return self.new_gatehouse("gatehouse")

    def new_gatehouse(self, name: str) -> Stack:
        """Another stack on SQLite, for a measure that leaves much behind."""
        return self._start(sqlite_stack(self._new_folder(name)))

    @cached_property
    def gatehouse_on_postgresql(self) -> Stack:
        """The stack on a PostgreSQL server of its own.

        Raises:
            Refused: PostgreSQL is not installed.
        """
        try:
            server = self._running.enter_context(running_postgresql())
        except (pytest.skip.Exception, pytest.fail.Exception) as error:
            raise Refused(str(error)) from None
        stack = Stack(
            self._new_folder("gatehouse-on-postgresql"),
            database=server.create_database,
        )
        return self._start(stack)

    @cached_property
    def bare(self) -> Baseline:
        """A bare FastAPI application."""
        return self._baseline("bare")

    @cached_property
    def nothing(self) -> Baseline:
        """The least of an ASGI application."""
        return self._baseline("nothing")

    @cached_property
    def tutorial(self) -> Baseline:
        """The tutorial's way."""
        return self._baseline("tutorial")

    def _new_folder(self, name: str) -> Path:
        folder = self._folder / name
        folder.mkdir()
        return folder

    def _start(self, stack: Stack) -> Stack:
        return self._running.enter_context(stack.running())

    def _baseline(self, name: str) -> Baseline:
        folder, port = self._new_folder(name), free_port()
        user = User("demo", secrets.token_urlsafe(16))
        service = Program(
            name,
            [sys.executable, "-m", "bench.baselines", name],
            environment={
                "PATH": os.environ["PATH"],
                "GATEHOUSE_LOG_FORMAT": "json",
                "BASELINE_BIND": f"127.0.0.1:{port}",
                "BASELINE_WORKERS": str(WORKERS),
                "BASELINE_STATE_DIR": str(folder),
                "BASELINE_DATABASE_URL": f"sqlite:///{folder}/baseline.db",
                "BASELINE_USERNAME": user.username,
                "BASELINE_PASSWORD": user.password,
            },
            log=folder / "service.log",
        )
        self._running.enter_context(service)
        service.wait_until(lambda: _answers(port), seconds=30, what=f"{name} answers")
        proxy = running_proxy(
            folder,
            ports={"auth": port, "items": port},
            settings={"GATEHOUSE_RATE_LIMIT_EXEMPT": "127.0.0.1"},
        )
        running = self._running.enter_context(proxy)
        return Baseline(running.url, service, running, user)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._running.close()


def _answers(port: int) -> bool:
    """Whether a worker answers, whatever it says; gunicorn listens before it has one."""
    try:
        return send(f"http://127.0.0.1:{port}", "/").status > 0
    except OSError:
        return False


def reads_of(stack: Stack, items: int = ITEMS) -> tuple[Request, Request]:
    """Reads of one item and of a page, of the demo user, who now has so many more."""
    token = stack.sign_in()
    path = ""
    for number in range(items):
        answer = stack.call("POST", "/items/", token=token, json={"title": f"Item {number}"})
        if answer.status != 201:
            raise Refused(f"POST /items/ answers {answer.status}")
        path = f"/items/{answer.json['id']}"
    return Request(f"{stack.url}{path}", token), Request(f"{stack.url}/items/?limit={PAGE}", token)


def login_of(stack: Stack) -> Request:
    """The administrator's sign-in with a password: so many of the demo user's would end the session that reads."""
    return Request(f"{stack.url}/auth/token", form=password_form(stack.admin))
