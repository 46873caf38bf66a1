"""Account readers: the load of a stack that has no items."""

from contextlib import suppress

from locust import task
from locust.env import Environment

from loadtests.account_client import AccountClient
from loadtests.answers import WrongAnswer
from loadtests.session import Session
from loadtests.users.account_holder import AccountHolder
from loadtests.users.reader import Reader
from loadtests.users.service_client import ServiceClient
from loadtests.users.writer import Writer


class AccountReader(AccountHolder):
    """A person who signs in once and opens the own account again and again.

    Takes the place of all users that need items, and has the weight of them all.
    """

    weight = Reader.weight + Writer.weight + ServiceClient.weight

    def __init__(self, environment: Environment) -> None:
        super().__init__(environment)
        self._session = Session(self.client, self.grant)

    @task
    def read_own_account(self) -> None:
        """Look who is signed in."""
        AccountClient(self.client, self._session).read()

    def on_stop(self) -> None:
        """Sign out."""
        with suppress(WrongAnswer):
            self._session.sign_out()
        super().on_stop()
