"""Who loads the stack, and how often each of them does what."""

import random
from contextlib import suppress

from locust import FastHttpUser, task
from locust.env import Environment

from loadtests.answers import Item, Page, WrongAnswer
from loadtests.items_client import ItemsClient
from loadtests.session import Session
from loadtests.settings import current_settings

# Titles begin with it, so that users change what load tests made and nobody's real items.
MARK = "load test"
THINGS = ("apple", "bridge", "candle", "drawer", "engine", "feather", "garden", "hammer")
MOST_OWN_ITEMS = 20


class ItemsUser(FastHttpUser):
    """A person who mostly browses and sometimes writes.

    All of them sign in as one account, as one person does in several windows: they see, change and
    delete each other's items, and so lose races now and then. On leaving, each deletes what it
    created; what a killed run leaves behind carries MARK in its title.
    """

    insecure = False
    connection_timeout = 5.0
    network_timeout = 30.0

    def __init__(self, environment: Environment) -> None:
        super().__init__(environment)
        self._settings = current_settings()
        self._items = ItemsClient(self.client, Session(self.client, self._settings))
        self._own: list[str] = []
        self._page = Page((), None)

    def wait_time(self) -> float:
        """Seconds until the next task."""
        return self._settings.think_seconds * random.uniform(0.5, 1.5)

    def on_stop(self) -> None:
        """Delete what this user created."""
        for item_id in self._own:
            with suppress(WrongAnswer):
                self._items.clean_up(item_id)

    @task(6)
    def browse(self) -> None:
        """List the newest items, and sometimes the page behind them."""
        self._page = self._items.list()
        if self._page.next_cursor and random.random() < 0.3:
            self._items.list(self._page.next_cursor)

    @task(3)
    def search(self) -> None:
        """Look for a thing by its name."""
        self._page = self._items.search(random.choice(THINGS))

    @task(10)
    def read(self) -> None:
        """Open an item of the page."""
        if not self._page.items:
            self.browse()
        if self._page.items:
            self._open(random.choice(self._page.items).id)

    @task(3)
    def create(self) -> None:
        """Write an item down."""
        if len(self._own) >= MOST_OWN_ITEMS:
            self.delete()
        title = f"{MARK}: {random.choice(THINGS)} {random.randrange(1000)}"
        self._own.append(self._items.create(title, _text()).id)

    @task(3)
    def change(self) -> None:
        """Open an item that a load test made and change it, unless another user was faster."""
        made = [item.id for item in self._page.items if item.title.startswith(MARK)]
        if not made and not self._own:
            self.create()
        item = self._open(random.choice(made or self._own))
        if item:
            self._items.change(item, _text(), may_be_gone=item.id not in self._own)

    @task(2)
    def delete(self) -> None:
        """Throw an own item away."""
        if not self._own:
            self.create()
        item_id = random.choice(self._own)
        self._items.delete(item_id)
        # Only now: an item whose deletion failed is tried again when the user leaves.
        self._own.remove(item_id)

    def _open(self, item_id: str) -> Item | None:
        return self._items.read(item_id, may_be_gone=item_id not in self._own)


def _text() -> str:
    return " ".join(random.choices(THINGS, k=random.randint(5, 30)))
