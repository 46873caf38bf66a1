"""Auth is killed under load: whoever has a live token does not notice."""

import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

from testing.http import send
from testing.processes import wait_until
from testing.stack import Stack

CLIENTS = 4
REQUESTS_IN_THE_OUTAGE = 1000


class Load:
    """Clients that ask for items without a pause, and count what they are answered."""

    def __init__(self, stack: Stack, tokens: list[str]) -> None:
        self.statuses: Counter[int] = Counter()
        self._url = stack.url
        self._tokens = tokens
        self._stop = threading.Event()
        self._count = threading.Lock()

    def ask(self, client: int) -> None:
        headers = [("Authorization", f"Bearer {self._tokens[client % len(self._tokens)]}")]
        while not self._stop.is_set():
            status = send(self._url, "/items/", headers=headers).status
            with self._count:
                self.statuses[status] += 1

    def stop(self) -> None:
        self._stop.set()


def test_auth_is_killed_under_load_and_every_request_with_a_live_token_succeeds(
    each_stack: Stack,
) -> None:
    load = Load(each_stack, [each_stack.sign_in() for _ in range(CLIENTS)])
    unseen = each_stack.sign_in()
    with ThreadPoolExecutor(CLIENTS) as clients:
        asking = [clients.submit(load.ask, client) for client in range(CLIENTS)]
        try:
            wait_until(lambda: load.statuses[200] >= 100, seconds=30, what="the load is on")
            each_stack.services["auth"].kill()
            before = load.statuses.total()
            wait_until(
                lambda: load.statuses.total() >= before + REQUESTS_IN_THE_OUTAGE,
                seconds=60,
                what="enough was asked in the outage",
            )
            # A token that no worker has seen yet needs auth no more than the others.
            assert each_stack.call("GET", "/items/", token=unseen).status == 200
        finally:
            load.stop()
            each_stack.start("auth")
            each_stack.wait_for("auth")
    for client in asking:
        client.result()
    assert set(load.statuses) == {200}


def test_what_was_revoked_before_auth_died_stays_revoked_when_items_restarts(
    each_stack: Stack,
) -> None:
    demo = each_stack.demo
    tokens = each_stack.token_request(
        grant_type="password", username=demo.username, password=demo.password
    ).json
    good = each_stack.sign_in()
    each_stack.revoke(tokens["refresh_token"])
    revoked: str = tokens["access_token"]

    def is_refused() -> bool:
        answers = [each_stack.call("GET", "/items/", token=revoked) for _ in range(6)]
        return all(answer.status == 401 for answer in answers)

    wait_until(is_refused, seconds=5, what="items knows that the token is revoked")
    each_stack.services["auth"].kill()
    try:
        each_stack.restart("items")
        assert is_refused()
        assert each_stack.call("GET", "/items/", token=good).status == 200
    finally:
        each_stack.start("auth")
        each_stack.wait_for("auth")
