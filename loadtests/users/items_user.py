"""A user with items: it signs in once, and has some to read before its first task."""

from abc import abstractmethod
from contextlib import suppress

from locust.env import Environment

from loadtests.answers import Item, Page, WrongAnswer
from loadtests.grants import Grant
from loadtests.items_client import ItemsClient
from loadtests.popularity import popular_one
from loadtests.session import Session
from loadtests.users.load_user import LoadUser
from loadtests.users.stock import Stock


class ItemsUser(LoadUser):
    """Makes its items when it comes; deletes them and signs out when it goes."""

    abstract = True

    def __init__(self, environment: Environment) -> None:
        super().__init__(environment)
        self._session = Session(self.client, self.grant)
        self.items = ItemsClient(self.client, self._session)
        self.stock = Stock(self.items)

    @abstractmethod
    def grant(self) -> Grant:
        """How this user signs in."""

    @abstractmethod
    def shares_items(self) -> bool:
        """Whether others sign in as the same owner, and so read and delete the same items."""

    def on_start(self) -> None:
        """Make the items. What fails is a failure of the run already; the tasks try their luck."""
        with suppress(WrongAnswer):
            self.stock.fill(adopt=not self.shares_items())

    def on_stop(self) -> None:
        """Leave nothing behind but the account."""
        self.stock.clear()
        with suppress(WrongAnswer):
            self._session.sign_out()

    def read_popular(self, page: Page) -> Item | None:
        """Open one of the items of a page, most often one of its first. Raises WrongAnswer."""
        if not page.items:
            return None
        item_id = popular_one(page.items).id
        return self.items.read(item_id, may_be_gone=not self.stock.owns(item_id))
