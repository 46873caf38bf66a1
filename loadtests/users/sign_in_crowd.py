"""The sign-in crowd: people who come, look once, and go. Each costs a password hash."""

from contextlib import suppress

from locust import task

from loadtests.account_client import AccountClient
from loadtests.answers import WrongAnswer
from loadtests.assignment import assignment_of
from loadtests.items_client import ItemsClient
from loadtests.services import ITEMS
from loadtests.session import Session
from loadtests.users.account_holder import AccountHolder

QUICKEST_SIGN_IN_SECONDS = 0.05


class SignInCrowd(AccountHolder):
    """Signs in again and again."""

    weight = 1
    patience = 4.0

    @task
    def come_and_go(self) -> None:
        """Sign in, look at the list of items or at the own account, sign out."""
        sign_in_look_and_sign_out(self)

    @classmethod
    def sign_ins_per_second(cls, crowd: float, think_seconds: float) -> float:
        """How often a crowd of so many users signs in."""
        return crowd / (think_seconds * cls.patience + QUICKEST_SIGN_IN_SECONDS)


def sign_in_look_and_sign_out(user: AccountHolder) -> None:
    """One visit of a user that has no session yet."""
    session = Session(user.client, user.grant)
    try:
        if ITEMS in assignment_of(user.environment).services:
            ItemsClient(user.client, session).list()
        else:
            AccountClient(user.client, session).read()
    finally:
        with suppress(WrongAnswer):
            session.sign_out()
