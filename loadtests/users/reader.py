"""Readers: most of what a service does is answer them."""

import random

from locust import task

from loadtests.users.account_holder import AccountHolder
from loadtests.users.items_user import ItemsUser
from loadtests.users.stock import THINGS


class Reader(AccountHolder, ItemsUser):
    """A person who browses: the newest items, the page behind them, and what a search finds."""

    weight = 5

    @task
    def browse(self) -> None:
        """Open items of three pages, the popular ones again and again."""
        page = self.items.list()
        for _ in range(3):
            self.pause()
            self.read_popular(page)
        if page.next_cursor:
            self.pause()
            self.items.list(page.next_cursor)
        self.pause()
        found = self.items.search(random.choice(THINGS))
        self.pause()
        self.read_popular(found)
