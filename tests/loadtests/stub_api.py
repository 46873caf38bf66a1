"""A stand-in for Gatehouse: the routes that the load tests call, and faults to switch on."""

import json
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit
from uuid import uuid4

DEMO, ADMIN = ("reader", "right horse"), ("admin", "correct battery")
CLIENT_ID, CLIENT_SECRET = "client-1", "staple"
SIGN_INS_AT_ONCE = 20
TIMESTAMP = "2026-01-02T03:04:05+00:00"


class StubApi(ThreadingHTTPServer):
    """The server and all it knows. `faults` names what it does wrong at the moment."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.url = f"http://127.0.0.1:{self.server_port}"
        self.lock = threading.RLock()
        self.faults: set[str] = set()
        self.token_life = 600
        self.token_ends: dict[str, float] = {}
        self.token_owners: dict[str, str] = {}
        self.refresh_tokens: dict[str, str] = {}
        self.grants: Counter[str] = Counter()
        self.passwords = dict([DEMO, ADMIN])
        self.disabled: set[str] = set()
        self.sign_ins: Counter[str] = Counter()
        self.clients: list[dict[str, str]] = []
        self.items: dict[str, dict[str, str]] = {}
        self.versions: Counter[str] = Counter()
        self.calls_of_absent_services = 0

    def add_item(self, owner: str, title: str, description: str = "") -> dict[str, str]:
        """Store a new item."""
        item = {
            "id": str(uuid4()),
            "title": title,
            "description": description,
            "owner_id": owner,
            "created_at": TIMESTAMP,
            "updated_at": TIMESTAMP,
        }
        self.items[item["id"]] = item
        self.versions[item["id"]] = 1
        return item

    def handle_error(self, *_: Any) -> None:
        """Say nothing of connections that end in the middle, as those of a killed run do."""
        if not isinstance(sys.exception(), ConnectionError):
            raise

    @contextmanager
    def running(self) -> Iterator["StubApi"]:
        """Serve in a thread."""
        thread = threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            yield self
        finally:
            self.shutdown()
            thread.join()
            self.server_close()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: StubApi

    def _answer(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode()
        path = urlsplit(self.path).path
        with self.server.lock:
            if path == "/services.json":
                self._list_services()
            elif path.startswith("/items/") and "items is absent" in self.server.faults:
                self.server.calls_of_absent_services += 1
                self._send(404, {})
            elif path in ("/auth/health/ready", "/items/health/ready"):
                self._health(path.split("/")[1])
            elif path == "/auth/token":
                self._token(_first_values(body))
            elif path == "/auth/revoke":
                self.server.refresh_tokens.pop(_first_values(body)["token"], None)
                self._send(200, {})
            elif not path.startswith(("/items/", "/auth/users", "/auth/clients")):
                self._send(404, {})
            elif not self._authorized():
                self._send(401, {}, {"WWW-Authenticate": 'Bearer error="invalid_token"'})
            elif path == "/auth/users/me":
                self._send(200, {"username": self._owner()})
            elif path == "/auth/users":
                self._users(body)
            elif path.startswith("/auth/users/"):
                self._change_user(path.rpartition("/")[2], json.loads(body))
            elif path.startswith("/auth/clients"):
                self._clients(path)
            elif path == "/items/" and self.command == "GET":
                self._list(_first_values(urlsplit(self.path).query))
            elif path == "/items/" and self.command == "POST":
                self._create(json.loads(body))
            elif path.removeprefix("/items/") in self._own_items():
                self._item(path.removeprefix("/items/"), body)
            else:
                self._send(404, {})

    do_GET = do_POST = do_PATCH = do_DELETE = _answer  # noqa: N815 - http.server looks for these

    def _list_services(self) -> None:
        names = ["auth", "items"]
        if "items is absent" in self.server.faults:
            names.remove("items")
        if "notes is there" in self.server.faults:
            names.append("notes")
        self._send(200, [{"name": name, "prefix": f"{name}/"} for name in names])

    def _health(self, service: str) -> None:
        if f"{service} is down" in self.server.faults:
            self._send(502, {})
        elif f"{service} is not ready" in self.server.faults:
            checks = {"database": "does not answer", "disk": "ok"}
            self._send(503, {"status": "not ready", "checks": checks})
        else:
            self._send(200, {"status": "ready", "checks": {"database": "ok"}})

    def _token(self, form: dict[str, str]) -> None:
        if "too many sign-ins" in self.server.faults:
            self._send(429, {}, {"Retry-After": "7"})
            return
        self.server.grants[form["grant_type"]] += 1
        limited = "sign-ins are limited" in self.server.faults
        if limited and self.server.grants.total() > SIGN_INS_AT_ONCE:
            self._send(429, {}, {"Retry-After": "1"})
            return
        owner = self._who_is_granted(form)
        if owner is None:
            self._send(400, {"error": "invalid_grant"})
            return
        access_token, refresh_token = uuid4().hex, uuid4().hex
        self.server.token_ends[access_token] = time.monotonic() + self.server.token_life
        self.server.token_owners[access_token] = owner
        self.server.refresh_tokens[refresh_token] = owner
        self._send(
            200,
            {
                "access_token": access_token,
                "token_type": "Bearer",
                "expires_in": self.server.token_life,
                "refresh_token": refresh_token,
            },
        )

    def _who_is_granted(self, form: dict[str, str]) -> str | None:
        match form:
            case {"grant_type": "password", "username": username, "password": password}:
                self.server.sign_ins[username] += 1
                if username in self.server.disabled:
                    return None
                return username if self.server.passwords.get(username) == password else None
            case {"grant_type": "client_credentials", "client_secret": secret}:
                return CLIENT_ID if secret == CLIENT_SECRET else None
            case {"grant_type": "refresh_token", "refresh_token": refresh_token}:
                return self.server.refresh_tokens.pop(refresh_token, None)
        return None

    def _authorized(self) -> bool:
        if "every token is good" in self.server.faults:
            return True
        alive = self.server.token_ends.get(self._token_sent(), 0.0) > time.monotonic()
        return alive and "items refuses tokens" not in self.server.faults

    def _token_sent(self) -> str:
        return self.headers.get("Authorization", "").removeprefix("Bearer ")

    def _owner(self) -> str:
        return self.server.token_owners.get(self._token_sent(), "nobody")

    def _own_items(self) -> dict[str, dict[str, str]]:
        owner, items = self._owner(), self.server.items
        return {key: item for key, item in items.items() if item["owner_id"] == owner}

    def _users(self, body: str) -> None:
        if self.command == "GET":
            users = [
                {"id": name, "username": name, "disabled": name in self.server.disabled}
                for name in self.server.passwords
                if "loadtest-" in name
            ]
            self._send(200, {"items": users, "next_cursor": None})
            return
        if "accounts cannot be made" in self.server.faults:
            self._send(422, {})
            return
        new = json.loads(body)
        taken = new["username"] in self.server.passwords
        self.server.passwords.setdefault(new["username"], new["password"])
        self._send(409 if taken else 201, {})

    def _change_user(self, username: str, change: dict[str, bool]) -> None:
        if change["disabled"]:
            self.server.disabled.add(username)
        else:
            self.server.disabled.discard(username)
        self._send(200, {})

    def _clients(self, path: str) -> None:
        if self.command == "GET":
            self._send(200, {"items": self.server.clients, "next_cursor": None})
        elif self.command == "DELETE":
            self.server.clients.clear()
            self._send(204)
        elif path == "/auth/clients":
            self.server.clients.append({"client_id": CLIENT_ID, "name": "load test"})
            self._send(201, {"client_id": CLIENT_ID, "client_secret": CLIENT_SECRET})
        else:
            self._send(200, {"client_secret": CLIENT_SECRET})

    def _list(self, query: dict[str, str]) -> None:
        word = query.get("q", "").lower()
        newest_first = reversed(self._own_items().values())
        found = [item for item in newest_first if word in item["title"].lower()]
        start, limit = int(query.get("cursor", 0)), int(query.get("limit", 20))
        end = start + limit
        page = {"items": found[start:end], "next_cursor": str(end) if end < len(found) else None}
        self._send(200, page)

    def _create(self, body: dict[str, str]) -> None:
        item = self.server.add_item(self._owner(), body["title"], body.get("description", ""))
        headers = {"ETag": '"1"', "Location": f"/items/{item['id']}"}
        self._send(201, item, headers)

    def _item(self, item_id: str, body: str) -> None:
        item, etag = self.server.items[item_id], f'"{self.server.versions[item_id]}"'
        if self.command == "DELETE":
            del self.server.items[item_id]
            self._send(204)
            return
        if self.command == "PATCH":
            if self.headers["If-Match"] != etag:
                self._send(412, {})
                return
            item.update(json.loads(body))
            self.server.versions[item_id] += 1
            etag = f'"{self.server.versions[item_id]}"'
        if "items lack a title" in self.server.faults:
            item = {name: value for name, value in item.items() if name != "title"}
        self._send(200, item, {"ETag": etag})

    def _send(self, status: int, body: Any = None, headers: dict[str, str] | None = None) -> None:
        payload = b"" if body is None else json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        if status != 204:
            self.send_header("Content-Length", str(len(payload)))
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(payload)

    def log_message(self, *_: Any) -> None:
        """Say nothing: a run makes thousands of requests."""


def _first_values(query: str) -> dict[str, str]:
    return {name: values[0] for name, values in parse_qs(query).items()}


if __name__ == "__main__":
    with StubApi().running() as stub:
        print(stub.url, flush=True)  # noqa: T201 - for whoever started it
        while True:
            time.sleep(1)
