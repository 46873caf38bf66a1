"""Clients that read and write items through nginx without rest, and keep count of every answer."""

import json
import secrets
import select
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPConnection, HTTPException
from urllib.parse import urlsplit

from testing.http import send


class Hammer:
    """What the clients did.

    Args:
        url: the origin of nginx.
        token: an access token of whoever owns the items.
        keeps_connections: whether a client uses a connection again.

    Attributes:
        failures: what was not answered as it should be, in words.
        titles: the title of each item that was created; no two are the same.
        reads: how many lists were read.
    """

    def __init__(self, url: str, token: str, keeps_connections: bool = True) -> None:
        self.failures: list[str] = []
        self.titles: list[str] = []
        self.reads = 0
        self._url = url
        self._keeps_connections = keeps_connections
        self._headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
        self._name = secrets.token_hex(4)
        self._over = threading.Event()

    @contextmanager
    def at_work(self, writers: int = 4, readers: int = 2) -> Iterator["Hammer"]:
        """Run the clients, each on a connection that it keeps."""
        clients = [
            *(threading.Thread(target=self._write, args=(n,)) for n in range(writers)),
            *(threading.Thread(target=self._read, args=(n,)) for n in range(readers)),
        ]
        for client in clients:
            client.start()
        try:
            yield self
        finally:
            self._over.set()
            for client in clients:
                client.join()

    def lost_or_doubled(self) -> list[str]:
        """The titles that the service does not have exactly once."""
        found: Counter[str] = Counter()
        cursor = ""
        while True:
            page = send(self._url, f"/items/?limit=100{cursor}", headers=[*self._headers.items()])
            assert page.status == 200, page.body
            found.update(item["title"] for item in page.json["items"])
            if not page.json["next_cursor"]:
                return [title for title in self.titles if found[title] != 1]
            cursor = f"&cursor={page.json['next_cursor']}"

    def _write(self, number: int) -> None:
        for count, connection in enumerate(self._connections()):
            # Pauses of different lengths leave connections of nginx's idle, and some for long.
            self._over.wait(0.01 * (1 + number) * (1 + count % 5))
            title = f"{self._name}-{number}-{count}"
            if self._ask(connection, "POST", "/items/", 201, json.dumps({"title": title})):
                self.titles.append(title)

    def _read(self, number: int) -> None:
        for connection in self._connections():
            self._over.wait(0.03 * (1 + number))
            if self._ask(connection, "GET", "/items/?limit=1", 200):
                self.reads += 1

    def _connections(self) -> Iterator[HTTPConnection]:
        address = urlsplit(self._url)
        connection = HTTPConnection(address.hostname or "", address.port, timeout=20)
        while not self._over.is_set():
            yield connection
            if not self._keeps_connections:
                connection.close()
        connection.close()

    def _ask(
        self,
        connection: HTTPConnection,
        method: str,
        path: str,
        expected: int,
        body: str | None = None,
    ) -> bool:
        if connection.sock and select.select([connection.sock], [], [], 0)[0]:
            connection.close()  # the server has; clients with a pool look before they use a connection again
        try:
            connection.request(method, path, body, self._headers)
            answer = connection.getresponse()
            said = answer.read()
        except (OSError, HTTPException) as error:
            connection.close()  # the next request opens it again
            self.failures.append(f"{method}: {error!r}")
            return False
        if answer.status != expected:
            self.failures.append(f"{method}: {answer.status} {said[:200]!r}")
        return answer.status == expected
