"""What the users of a run need to know, wherever they run: it travels from the master to its workers."""

import hashlib
import hmac
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:  # Locust patches the standard library of whoever imports it.
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

    def account(self, number: int) -> Account:
        """The account with this number, from 0."""
        username = f"{ACCOUNT_PREFIX}{self._derived('names')[:6]}-{number:04}"
        return Account(username, self._derived(username))

    def _derived(self, what: str) -> str:
        return hmac.new(self.seed.encode(), what.encode(), hashlib.sha256).hexdigest()


@dataclass(frozen=True)
class Plan:
    """Whom the users sign in as, how many `workers` share them, and how long a user pauses.

    Each user has an account of `series`, and each worker `places` for such users. Where there is
    no series, everybody is the `shared` account. `client` is what service clients are; without it,
    there are none.
    """

    series: AccountSeries | None
    shared: Account | None
    client: Client | None
    workers: int
    places: int
    think_seconds: float

    def account(self, worker: int, place: int) -> Account:
        """The account of the user at this place of this worker, both from 0: nobody else has it."""
        if self.series is None:
            if self.shared is None:
                raise ValueError("a plan has a series of accounts or a shared one")
            return self.shared
        return self.series.account(worker + place * self.workers)

    def publish(self, environment: "Environment") -> None:
        """Make this the plan of the run: Locust sends its options with every order to a worker."""
        vars(environment.parsed_options)["plan"] = asdict(self)


def plan_of(environment: "Environment") -> Plan:
    """The plan that was published, by this process or by the master of this worker."""
    told: dict[str, Any] = vars(environment.parsed_options)["plan"]
    return Plan(
        series=AccountSeries(**told["series"]) if told["series"] else None,
        shared=Account(**told["shared"]) if told["shared"] else None,
        client=Client(**told["client"]) if told["client"] else None,
        workers=told["workers"],
        places=told["places"],
        think_seconds=told["think_seconds"],
    )
