"""What all users share: how they connect, and how long they pause."""

import random
from typing import Any

from locust import FastHttpUser
from locust.env import Environment
from locust.exception import StopUser
from locust.user.task import LOCUST_STATE_STOPPING

from loadtests.assignment import assignment_of
from loadtests.open_model import PunctualSession


class LoadUser(FastHttpUser):
    """A user that pauses between two tasks for as long as the assignment says, `patience` times."""

    abstract = True
    insecure = False
    connection_timeout = 5.0
    network_timeout = 30.0
    patience = 1.0

    def __init__(self, environment: Environment) -> None:
        super().__init__(environment)
        self.client = PunctualSession(
            self.host,
            environment.events.request,
            self,
            insecure=self.insecure,
            connection_timeout=self.connection_timeout,
            network_timeout=self.network_timeout,
            concurrency=self.concurrency,
        )
        # Several greenlets may share this client, and `allow_redirects` of a request is a setting of the whole client.
        self.client.client.redirect_response_codes = frozenset()  # type: ignore[misc]

    def context(self) -> dict[str, Any]:
        """How often this user would ask, for the correction of what it does not ask while it waits."""
        return {"expected_interval": assignment_of(self.environment).think_seconds * self.patience}

    def wait_time(self) -> float:
        """Seconds until the next task."""
        return (
            assignment_of(self.environment).think_seconds * self.patience * random.uniform(0.5, 1.5)
        )

    def pause(self) -> None:
        """Wait as between two tasks; a user whose run ends leaves from here."""
        # Locust's wait() would forget that the run ends.
        self.leave_if_stopping()
        self.wait()  # type: ignore[no-untyped-call]

    def leave_if_stopping(self) -> None:
        """Go from here when the run, or this user's part in it, is over."""
        if self._state == LOCUST_STATE_STOPPING:
            raise StopUser
