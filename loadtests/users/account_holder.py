"""A user with an account that no other user of the run has, in whichever process."""

import time
from typing import ClassVar

from locust.runners import LocalRunner, WorkerRunner

from loadtests.assignment import Account, assignment_of
from loadtests.grants import Grant, password_grant
from loadtests.places import Places
from loadtests.services import scopes_of_users
from loadtests.users.load_user import LoadUser

LOOK_AGAIN_SECONDS = 0.1


class AccountHolder(LoadUser):
    """Takes an account when it comes, and leaves it to the next one when it goes."""

    abstract = True
    places: ClassVar[Places] = Places()
    _place: int | None = None

    @property
    def account(self) -> Account:
        """Whom this user signs in as, from its start on."""
        if self._place is None:
            raise ValueError("only a user that has started has an account")
        runner = self.environment.runner
        worker = runner.worker_index if isinstance(runner, LocalRunner | WorkerRunner) else 0
        return assignment_of(self.environment).account(worker, self._place)

    def grant(self) -> Grant:
        """How this user signs in."""
        return password_grant(
            self.account, scopes_of_users(assignment_of(self.environment).services)
        )

    def shares_items(self) -> bool:
        """Whether all users are the demo user."""
        return self.account.shared

    def on_start(self) -> None:
        """Take an account; when Locust moves users between workers, one may have to leave first."""
        while (place := self.places.take(assignment_of(self.environment).places)) is None:
            self.leave_if_stopping()
            time.sleep(LOOK_AGAIN_SECONDS)
        self._place = place
        super().on_start()

    def on_stop(self) -> None:
        """Let another user have the account."""
        if self._place is None:
            return
        super().on_stop()  # type: ignore[no-untyped-call]
        self.places.give_back(self._place)
