"""A user's items: made when it comes, deleted when it goes, so that a run leaves none behind."""

import random
from contextlib import suppress

from loadtests.answers import Item, WrongAnswer
from loadtests.items_client import PAGE_LIMIT, ItemsClient

# Titles begin with it: what a killed run left behind is found by it.
MARK = "load test"
THINGS = ("apple", "bridge", "candle", "drawer", "engine", "feather", "garden", "hammer")
# More than a page, so that there is a second one.
LEAST = PAGE_LIMIT + 5


class Stock:
    """The items that one user made."""

    def __init__(self, items: ItemsClient) -> None:
        self._items = items
        self._ids: list[str] = []

    def fill(self, *, adopt: bool) -> None:
        """Make items until there are enough to read, after those of a killed run if it may `adopt` them.

        Raises WrongAnswer.
        """
        if adopt:
            found = self._items.list_all_before()
            # A list has the newest first.
            self._ids = [item.id for item in found if item.title.startswith(MARK)][::-1]
        while len(self._ids) < LEAST:
            self._keep(self._items.create_before(title(), text()))

    @property
    def ids(self) -> tuple[str, ...]:
        """All of them, the oldest first."""
        return tuple(self._ids)

    def owns(self, item_id: str) -> bool:
        """Whether only this user deletes this item."""
        return item_id in self._ids

    def add(self) -> Item:
        """A new item, as a task makes it. Raises WrongAnswer."""
        return self._keep(self._items.create(title(), text()))

    def remove_oldest(self) -> None:
        """Delete an item, as a task does it. Raises WrongAnswer."""
        self.remove(self._ids[0])

    def remove(self, item_id: str) -> None:
        """Delete this item, as a task does it. Raises WrongAnswer."""
        self._items.delete(item_id)
        # Only now: an item whose deletion failed is tried again when the user leaves.
        self._ids.remove(item_id)

    def clear(self) -> None:
        """Delete everything."""
        for item_id in self._ids:
            with suppress(WrongAnswer):
                self._items.delete_after(item_id)

    def _keep(self, item: Item) -> Item:
        self._ids.append(item.id)
        return item


def title() -> str:
    """A title that says where the item is from, with a thing in it to search for."""
    return f"{MARK}: {random.choice(THINGS)} {random.randrange(1000)}"


def text() -> str:
    """A description of some words."""
    return " ".join(random.choices(THINGS, k=random.randint(5, 30)))
