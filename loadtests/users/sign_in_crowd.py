"""The sign-in crowd: people who come, look once, and go. Each costs a password hash."""

from contextlib import suppress

from locust import task

from loadtests.answers import WrongAnswer
from loadtests.items_client import ItemsClient
from loadtests.session import Session
from loadtests.users.account_holder import AccountHolder

# Of ten users one is of the crowd, as the weights say, and it pauses for so many times the others' pause.
SHARE = 0.1
PATIENCE = 4.0
QUICKEST_SIGN_IN_SECONDS = 0.05


def sign_ins_per_second(users: int, think_seconds: float) -> float:
    """How often the crowd among so many users signs in."""
    return users * SHARE / (think_seconds * PATIENCE + QUICKEST_SIGN_IN_SECONDS)


class SignInCrowd(AccountHolder):
    """Signs in again and again."""

    weight = 1
    patience = PATIENCE

    @task
    def come_and_go(self) -> None:
        """Sign in, look at the list, sign out."""
        session = Session(self.client, self.grant)
        try:
            ItemsClient(self.client, session).list()
        finally:
            with suppress(WrongAnswer):
                session.sign_out()
