"""The whole stack as it runs without Docker: every service of services.toml with two workers, and nginx."""

import os
import secrets
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from json import dumps
from pathlib import Path
from urllib.parse import urlencode

from deploy.settings import Settings
from testing.http import Answer, listens, send
from testing.nginx import Proxy, running_proxy
from testing.ports import free_port
from testing.processes import Program
from testing.services import LISTED, OURS, USER_SCOPES


@dataclass(frozen=True)
class User:
    """Who signs in."""

    username: str
    password: str


class Stack:
    """A running stack.

    Attributes:
        url: the public origin, nginx.
        urls: the services' own addresses by name, which the public does not reach.
        admin, demo: the users that the first start creates.
        services: the gunicorn master of each service, by name.
        proxy: nginx.
        environment: what every process of the services is told.
    """

    def __init__(
        self,
        folder: Path,
        *,
        database: Callable[[str], str],
        public_url: str = "",
        services: str = "",
        upstreams: Mapping[str, int] | None = None,
    ) -> None:
        """`database` returns the URL of a service's database.

        `services` is the text of our `services.toml` with more entries, whose programs listen on `upstreams`.
        """
        self.folder = folder
        self.admin = User("admin", secrets.token_urlsafe(16))
        self.demo = User("demo", secrets.token_urlsafe(16))
        self._port = free_port()
        self._ports = {service.name: free_port() for service in OURS}
        self.url = f"http://127.0.0.1:{self._port}"
        self._services = services
        self._upstreams = upstreams or {}
        self.urls = {name: f"http://127.0.0.1:{port}" for name, port in self._ports.items()}
        given = {
            "PATH": os.environ["PATH"],
            "HOME": str(folder),
            "GATEHOUSE_PUBLIC_URL": public_url or self.url,
            "GATEHOUSE_LOG_FORMAT": "json",
            "AUTH_KEY_ENCRYPTION_SECRET": secrets.token_hex(32),
            "ADMIN_USERNAME": self.admin.username,
            "ADMIN_PASSWORD": self.admin.password,
            "DEMO_USERNAME": self.demo.username,
            "DEMO_PASSWORD": self.demo.password,
        }
        if services:
            (folder / "services.toml").write_text(services, encoding="utf-8")
            given["GATEHOUSE_SERVICES"] = str(folder / "services.toml")
        for service in OURS:
            given[f"{service.variable_prefix}WORKERS"] = "2"
            given[f"{service.variable_prefix}STATE_DIR"] = str(folder / service.name)
            if service.database:
                given[f"{service.variable_prefix}DATABASE_URL"] = database(service.name)
        self.environment = Settings(
            environment=given,
            bind="127.0.0.1",
            port=self._port,
            services=LISTED,
            binds={name: f"127.0.0.1:{port}" for name, port in self._ports.items()},
        ).of_local_processes()
        self.services: dict[str, Program] = {}
        self.proxy: Proxy

    @property
    def auth_url(self) -> str:
        """The own address of auth."""
        return self.urls["auth"]

    @property
    def items_url(self) -> str:
        """The own address of items."""
        return self.urls["items"]

    @contextmanager
    def running(self) -> Iterator["Stack"]:
        """Migrate, serve, and yield when every part is ready."""
        for name in self._ports:
            (self.folder / name).mkdir()
        with ExitStack() as parts:
            parts.callback(self._stop_services)
            migrations = [self._run(one.name, "migrate") for one in OURS if one.database]
            for migration in migrations:
                parts.callback(migration.stop)  # of one that was interrupted
            for migration in migrations:
                assert migration.wait(seconds=60) == 0, migration.log_tail()
            self.proxy = parts.enter_context(
                running_proxy(
                    self.folder,
                    port=self._port,
                    ports={**self._ports, **self._upstreams},
                    services=self._services,
                    # The tests sign in more often than people do.
                    settings={"GATEHOUSE_RATE_LIMIT_EXEMPT": "127.0.0.1"},
                )
            )
            for name in self._ports:
                self.start(name)
            for name in self._ports:
                self.wait_for(name)
            yield self

    def start(self, name: str) -> None:
        """Start the service `name` without waiting for it."""
        self.services[name] = self._run(name, "serve")

    def wait_for(self, name: str) -> None:
        """Wait until the service `name` is ready."""
        port = self._ports[name]

        def is_ready() -> bool:
            url = f"http://127.0.0.1:{port}"
            return listens(port) and send(url, "/health/ready").status == 200

        self.services[name].wait_until(is_ready, seconds=30, what=f"{name} is ready")

    def restart(self, name: str) -> None:
        """Stop the service `name` as an operator does, and start it again."""
        self.services[name].stop()
        self.start(name)
        self.wait_for(name)

    def get(self, path: str) -> Answer:
        """Ask through nginx, as nobody."""
        return send(self.url, path)

    def call(
        self,
        method: str,
        path: str,
        *,
        token: str | None = None,
        json: object = None,
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        """Send a request through nginx, with a bearer token and a JSON body where given."""
        sent = dict(headers or {})
        if token is not None:
            sent["Authorization"] = f"Bearer {token}"
        body = None
        if json is not None:
            sent["Content-Type"] = "application/json"
            body = dumps(json).encode()
        return send(self.url, path, method=method, headers=[*sent.items()], body=body)

    def token_request(self, **form: str) -> Answer:
        """POST the form to the token endpoint through nginx."""
        return self._post_form("/auth/token", form)

    def revoke(self, token: str) -> None:
        """Revoke an access or refresh token of the built-in client (RFC 7009)."""
        answer = self._post_form("/auth/revoke", {"token": token})
        assert answer.status == 200, answer.body

    def _post_form(self, path: str, form: Mapping[str, str]) -> Answer:
        return send(
            self.url,
            path,
            method="POST",
            headers=[("Content-Type", "application/x-www-form-urlencoded")],
            body=urlencode(form).encode(),
        )

    def make_user(self, user: User, **profile: str) -> str:
        """Make `user` as an administrator does, and return the id."""
        body = {"username": user.username, "password": user.password, **profile}
        answer = self.call("POST", "/auth/users", token=self.sign_in_as_admin(), json=body)
        assert answer.status == 201, answer.body
        made: str = answer.json["id"]
        return made

    def sign_in_as_admin(self) -> str:
        """Return an access token that may administer users."""
        return self.sign_in(self.admin, scope="auth:admin")

    def sign_in(self, user: User | None = None, **form: str) -> str:
        """Return an access token of `user`, by default of the demo user and for all that users may do."""
        user = user or self.demo
        asked = {"scope": USER_SCOPES, **form}
        answer = self.token_request(
            grant_type="password", username=user.username, password=user.password, **asked
        )
        assert answer.status == 200, answer.body
        token: str = answer.json["access_token"]
        return token

    def _run(self, name: str, command: str) -> Program:
        return Program(
            f"{name} {command}",
            [sys.executable, "-m", LISTED[name].package, command],
            environment=self.environment,
            log=self.folder / f"{name}.log",
        )

    def _stop_services(self) -> None:
        for service in self.services.values():
            service.stop()


def sqlite_stack(folder: Path, public_url: str = "") -> Stack:
    """Describe a stack on one SQLite file for each service; its own address is what tokens name as their issuer."""
    return Stack(
        folder,
        public_url=public_url,
        database=lambda name: f"sqlite:///{folder}/{name}/{name}.db",
    )
