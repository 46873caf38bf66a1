"""What all shapes share: they honour --users and --run-time, and end the run."""

from abc import abstractmethod

from locust import LoadTestShape

ARRIVALS_PER_SECOND = 4.0
"""How fast users come unless a shape is about their coming: nginx lets an address sign in five times a second."""


class Shape(LoadTestShape):
    """A share of the users, or in the open model of the rate, for every moment.

    Locust starts and stops users until there are as many; the run ends when its time is over.
    `sudden` is a shape whose users come at once.
    """

    abstract = True
    use_common_options = True
    sudden = False
    # The second of the last tick, and how many users were wanted then.
    _before: tuple[float, float] = (-1.0, 0.0)

    @staticmethod
    @abstractmethod
    def share_at(second: float, duration: float) -> float:
        """How much of the peak is wanted, 0 to 1, so long after the start of a run of `duration` seconds."""

    @classmethod
    def arrivals_at_once(cls, peak: int) -> float:
        """How many users come within one second at most."""
        return min(ARRIVALS_PER_SECOND, peak)

    def tick(self) -> tuple[int, float] | None:
        """The number of users for now, and how fast to get there; None at the end of the run."""
        if self.runner is None or self.runner.environment.parsed_options is None:
            raise RuntimeError("a shape is for a runner with --users and --run-time")
        options, there = self.runner.environment.parsed_options, self.runner.user_count
        second = self.get_run_time()  # type: ignore[no-untyped-call]
        if second >= options.run_time:
            return None
        # What is wanted in a second, which is how long Locust takes to get there.
        users = options.num_users * self.share_at(second + 1, options.run_time)
        if not self.sudden:
            # By the clock, not by those who are there: a slow machine does not make them come more slowly.
            since, wanted_then = self._before
            users = min(users, wanted_then + (second - since) * ARRIVALS_PER_SECOND)
        self._before = (second, users)
        wanted = max(1, min(round(users), options.num_users))
        return wanted, max(1.0, abs(wanted - there))
