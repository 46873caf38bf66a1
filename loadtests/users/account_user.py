"""A user with an account that no other user of the run has, in whichever process."""

from typing import ClassVar

from locust.env import Environment
from locust.runners import LocalRunner, WorkerRunner

from loadtests.grants import Grant, password_grant
from loadtests.places import Places
from loadtests.plan import plan_of
from loadtests.users.load_user import LoadUser


class AccountUser(LoadUser):
    """Takes an account when it comes, and leaves it to the next one when it goes."""

    abstract = True
    places: ClassVar[Places] = Places()

    def __init__(self, environment: Environment) -> None:
        super().__init__(environment)
        self._place = self.places.take()
        runner = environment.runner
        worker = runner.worker_index if isinstance(runner, LocalRunner | WorkerRunner) else 0
        self.account = plan_of(environment).account(worker, self._place)

    def grant(self) -> Grant:
        """How this user signs in."""
        return password_grant(self.account)

    def on_stop(self) -> None:
        """Let another user have the account."""
        self.places.give_back(self._place)
