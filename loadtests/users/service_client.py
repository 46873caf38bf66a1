"""Service clients: programs that sign in as themselves (RFC 6749 section 4.4)."""

from locust import task

from loadtests.assignment import assignment_of
from loadtests.grants import Grant, client_credentials_grant
from loadtests.users.items_user import ItemsUser


class ServiceClient(ItemsUser):
    """A program that keeps a list in step: it reads what is there, adds an entry and removes one.

    All of them are one registered client, as the instances of a service are, and so share items.
    """

    weight = 1

    def grant(self) -> Grant:
        """The client's own credentials."""
        client = assignment_of(self.environment).client
        if client is None:
            raise ValueError("a service client needs an assignment with a client")
        return client_credentials_grant(client)

    def shares_items(self) -> bool:
        return True

    @task
    def synchronise(self) -> None:
        """One round."""
        page = self.items.list()
        for _ in range(3):
            self.pause()
            self.read_popular(page)
        self.pause()
        self.stock.add()
        self.pause()
        self.stock.remove_oldest()
