"""Writers: each of their requests is a transaction."""

from locust import task

from loadtests.users.account_holder import AccountHolder
from loadtests.users.items_user import ItemsUser
from loadtests.users.stock import text


class Writer(AccountHolder, ItemsUser):
    """A person who keeps notes: writes one down, opens it, changes it, and throws the oldest away."""

    weight = 2

    @task
    def keep_notes(self) -> None:
        """The life of a note."""
        note = self.stock.add()
        self.pause()
        current = self.items.read(note.id, may_be_gone=False)
        self.pause()
        self.items.change(current or note, text())
        self.pause()
        self.stock.remove_oldest()
