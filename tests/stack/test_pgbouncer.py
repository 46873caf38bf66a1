"""The whole stack behind a PgBouncer in transaction mode, which it finds by itself."""

from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from testing.http import send
from testing.pgbouncer import running_pgbouncer
from testing.postgres import running_postgresql
from testing.stack import Stack

CLIENTS = 4
ROUNDS = 25


@pytest.fixture(scope="module")
def pooled_stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    with running_postgresql() as server, running_pgbouncer(server, mode="transaction") as port:

        def database(name: str) -> str:
            server.create_database(name)
            return f"postgresql://anyone@127.0.0.1:{port}/{name}"

        described = Stack(tmp_path_factory.mktemp("pooled-stack"), database=database)
        with described.running() as running:
            yield running


def test_every_request_succeeds_although_connections_are_shared(pooled_stack: Stack) -> None:
    stack = pooled_stack
    statuses: Counter[int] = Counter()
    refused: list[bytes] = []

    def use(client: int) -> None:
        token = stack.sign_in()
        for round_ in range(ROUNDS):
            created = stack.call(
                "POST", "/items/", token=token, json={"title": f"{client} {round_}"}
            )
            item = f"/items/{created.json['id']}"
            read = stack.call("GET", item, token=token)
            changed = stack.call(
                "PATCH",
                item,
                token=token,
                json={"title": "changed"},
                headers={"If-Match": read.headers["ETag"]},
            )
            listed = stack.call("GET", "/items/?limit=20", token=token)
            me = stack.call("GET", "/auth/users/me", token=token)
            answers = (created, read, changed, listed, me)
            statuses.update(answer.status for answer in answers)
            refused.extend(answer.body for answer in answers if answer.status >= 400)

    with ThreadPoolExecutor(CLIENTS) as clients:
        for done in [clients.submit(use, client) for client in range(CLIENTS)]:
            done.result()
    assert refused == []
    assert statuses == {201: CLIENTS * ROUNDS, 200: 4 * CLIENTS * ROUNDS}
    for url in stack.urls.values():
        ready = send(url, "/health/ready")
        assert (ready.status, ready.json["checks"]["writes"]) == (200, "ok")
