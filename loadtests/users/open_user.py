"""Users of the open model: together they send RATE requests in a second, at planned times."""

import random
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any

from locust import task

from loadtests import shapes
from loadtests.account_client import AccountClient
from loadtests.answers import Item, WrongAnswer
from loadtests.assignment import Assignment, assignment_of
from loadtests.grants import client_credentials_grant
from loadtests.open_model import OpenModel, arrivals, planned_times
from loadtests.popularity import popular_one
from loadtests.session import Session
from loadtests.turns import is_turn_of
from loadtests.users.account_holder import AccountHolder
from loadtests.users.attacker import FORGERIES, expect_refusal
from loadtests.users.items_user import ItemsUser
from loadtests.users.sign_in_crowd import sign_in_look_and_sign_out
from loadtests.users.stock import THINGS, text

TOKENS_PER_SECOND = 4.0
"""More sign-ins would meet the limit of nginx: what is above them is another read."""


class Visits(OpenModel):
    """What people do with items, each a request or two. The weights make a hundred."""

    user: "OpenUser"

    def __init__(self, parent: Any) -> None:
        super().__init__(parent)
        self._notes: deque[Item] = deque()
        self._cursor: str | None = None
        assignment = assignment_of(self.user.environment)
        self._sign_in_share = sign_in_share(assignment.rate)
        self._client = assignment.client

    def get_next_task(self) -> Callable[[Any], None]:
        """One of the tasks by their weights, but no more sign-ins than a target lets an address make."""
        chosen: Callable[[Any], None] = super().get_next_task()  # type: ignore[no-untyped-call]
        signs_in = chosen.__name__ in ("sign_in", "sign_in_as_a_client")
        return Visits.read if signs_in and random.random() > self._sign_in_share else chosen

    @task(40)
    def read(self) -> None:
        """Open an item, most often a popular one."""
        shelf = self.user.shelf
        if shelf:
            self.user.items.read(popular_one(shelf), may_be_gone=False)
        else:
            self.list()

    @task(18)
    def list(self) -> None:
        """The newest items."""
        self._cursor = self.user.items.list().next_cursor

    @task(6)
    def next_page(self) -> None:
        """The page behind them."""
        if self._cursor:
            self.user.items.list(self._cursor)
        else:
            self.list()

    @task(8)
    def search(self) -> None:
        """The items with a word in their titles."""
        self.user.items.search(random.choice(THINGS))

    @task(7)
    def add(self) -> None:
        """Write a note down."""
        self._notes.append(self.user.stock.add())

    @task(6)
    def change(self) -> None:
        """Change the oldest note, which is nobody else's meanwhile."""
        if not self._notes:
            self.add()
            return
        self._notes.append(self.user.items.change(self._notes.popleft(), text()))

    @task(6)
    def remove(self) -> None:
        """Throw the oldest note away."""
        if not self._notes:
            self.add()
            return
        self.user.stock.remove(self._notes.popleft().id)

    @task(6)
    def attack(self) -> None:
        """Send a forged token."""
        routes = (("GET", "/items/"), ("POST", "/items/"), ("GET", "/auth/users/me"))
        expect_refusal(self.user.client, *random.choice(routes), random.choice(FORGERIES)())

    @task(2)
    def sign_in(self) -> None:
        """Sign in as a person, look at the list and sign out."""
        sign_in_look_and_sign_out(self.user)

    @task(1)
    def sign_in_as_a_client(self) -> None:
        """Get a token as a service does, or read where no client is known."""
        if self._client is None:
            self.read()
            return
        client = self._client
        Session(self.user.client, lambda: client_credentials_grant(client)).authorization()


class AccountVisits(OpenModel):
    """What people do where there are no items. The weights make a hundred."""

    user: "OpenAccountUser"

    def get_next_task(self) -> Callable[[Any], None]:
        """As for Visits."""
        chosen: Callable[[Any], None] = super().get_next_task()  # type: ignore[no-untyped-call]
        share = sign_in_share(assignment_of(self.user.environment).rate)
        signs_in = chosen.__name__ == "sign_in" and random.random() > share
        return AccountVisits.read if signs_in else chosen

    @task(91)
    def read(self) -> None:
        """Look who is signed in."""
        AccountClient(self.user.client, self.user.session).read()

    @task(6)
    def attack(self) -> None:
        """Send a forged token."""
        token = random.choice(FORGERIES)()
        expect_refusal(self.user.client, "GET", "/auth/users/me", token)

    @task(3)
    def sign_in(self) -> None:
        """Sign in as a person, look and sign out."""
        sign_in_look_and_sign_out(self.user)


SIGN_INS = 0.03
"""The part of the tasks above that get a token."""


def sign_in_share(rate: float) -> float:
    """Which part of the planned sign-ins is made at this rate."""
    return min(1.0, TOKENS_PER_SECOND / (rate * SIGN_INS))


class Punctual(AccountHolder):
    """A user with as many connections as it takes, whose tasks begin at its part of the planned times."""

    abstract = True
    concurrency = 10_000

    def context(self) -> dict[str, Any]:
        """Nothing was omitted, so nothing is corrected."""
        return {}

    def planned_times(self) -> Iterator[float]:
        """In seconds since the start of the test."""
        run: Assignment = assignment_of(self.environment)
        share_at, seconds = shapes.shape_class(run.curve).share_at, run.seconds or 0.0

        def share(second: float) -> float:
            side = run.side
            waits = side is not None and not is_turn_of(side, arrivals.started + second)
            return 0.0 if waits else share_at(second, seconds)

        return planned_times(run.rate / run.users, share, seconds)


class OpenUser(Punctual, ItemsUser):
    """Visits a stack with items."""

    tasks = [Visits]  # noqa: RUF012 - as Locust wants it
    shelf: tuple[str, ...] = ()

    def on_start(self) -> None:
        """Sign in and make what is read."""
        super().on_start()
        self.shelf = self.stock.ids


class OpenAccountUser(Punctual):
    """Visits a stack without items."""

    tasks = [AccountVisits]  # noqa: RUF012 - as Locust wants it

    def on_start(self) -> None:
        """Sign in; where that fails, the first read tries again."""
        super().on_start()
        self.session = Session(self.client, self.grant)
        with suppress(WrongAnswer):
            self.session.authorization()

    def on_stop(self) -> None:
        """Sign out."""
        with suppress(WrongAnswer):
            self.session.sign_out()
        super().on_stop()
