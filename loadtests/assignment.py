"""What the users of a run need to know, wherever they run: it travels from the master to its workers."""

import hashlib
import hmac
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:  # Locust patches the standard library in every process that imports it.
    from locust.env import Environment

ACCOUNT_PREFIX = "loadtest-"


@dataclass(frozen=True)
class Account:
    """Whom a user signs in as. Several users at once share the same one if it is `shared`."""

    username: str
    password: str
    shared: bool = False


@dataclass(frozen=True)
class Client:
    """An OAuth client that gets tokens for itself."""

    client_id: str
    client_secret: str


@dataclass(frozen=True)
class AccountSeries:
    """The load tests' own accounts: a seed makes the names and passwords of all of them."""

    seed: str

    @property
    def beginning(self) -> str:
        """How all their names begin, and no others."""
        return f"{ACCOUNT_PREFIX}{self._derived('names')[:6]}-"

    def account(self, number: int) -> Account:
        """The account with this number, from 0."""
        username = f"{self.beginning}{number:04}"
        return Account(username, self._derived(username))

    def _derived(self, what: str) -> str:
        return hmac.new(self.seed.encode(), what.encode(), hashlib.sha256).hexdigest()


@dataclass(frozen=True)
class Assignment:
    """Which services are loaded, whom the users sign in as, how many `workers` share them, how long a user pauses.

    In the open model the `users` send `rate` requests in a second at the peak of the shape `curve`, for `seconds`,
    and of two runs that take turns only in those of its `side`;
    in the closed model, where users pause, the rate is 0.

    Each user has an account of `series`, and each worker `places` for such users. Where there is
    no series, all users are the `shared` account. `client` is what service clients are; without it,
    there are none.
    """

    services: frozenset[str]
    series: AccountSeries | None
    shared: Account | None
    client: Client | None
    workers: int
    places: int
    think_seconds: float
    users: int
    rate: float = 0.0
    curve: str = "steady"
    seconds: float | None = None
    side: int | None = None

    def account(self, worker: int, place: int) -> Account:
        """The account of the user at this place of this worker, both from 0: no other user has it."""
        if self.series is None:
            if self.shared is None:
                raise ValueError("an assignment has a series of accounts or a shared one")
            return self.shared
        return self.series.account(worker + place * self.workers)

    def publish(self, environment: "Environment") -> None:
        """Make this the assignment of the run: Locust sends its options with every order to a worker."""
        vars(environment.parsed_options)["assignment"] = {
            **asdict(self),
            "services": sorted(self.services),
        }


def assignment_of(environment: "Environment") -> Assignment:
    """The assignment that was published, by this process or by the master of this worker."""
    published: dict[str, Any] = vars(environment.parsed_options)["assignment"]
    return Assignment(
        **{
            **published,
            "services": frozenset(published["services"]),
            "series": AccountSeries(**published["series"]) if published["series"] else None,
            "shared": Account(**published["shared"]) if published["shared"] else None,
            "client": Client(**published["client"]) if published["client"] else None,
        }
    )
