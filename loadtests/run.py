"""What was asked for: the options of a run, as the report shows them."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from locust.env import Environment
from locust.runners import MasterRunner

from loadtests.assignment import assignment_of

BY_HAND = "by hand"


@dataclass(frozen=True)
class Run:
    """A run: `users` at the peak, for `seconds` unless it is stopped, below `budgets`.

    `rate` is that of the open model, in requests per second at the peak, and 0 in the closed model.
    `workers` is 0 where this process is the only one. `think_seconds` is how long a user pauses,
    and `weights` say how many users of each kind there are.
    """

    url: str
    shape: str
    users: int
    rate: float
    seconds: float | None
    workers: int
    budgets: Path
    think_seconds: float
    weights: Mapping[str, float]


def run_of(environment: Environment) -> Run:
    """What this process, which is no worker, was asked for."""
    options = environment.parsed_options
    if options is None:
        raise ValueError("Locust has read no options")
    runner, shape, assignment = (
        environment.runner,
        environment.shape_class,
        assignment_of(environment),
    )
    return Run(
        url=environment.host or "",
        shape=(assignment.curve if assignment.rate else type(shape).__name__.lower())
        if shape
        else BY_HAND,
        users=options.num_users or 1,
        rate=assignment.rate,
        seconds=options.run_time,
        workers=assignment.workers if isinstance(runner, MasterRunner) else 0,
        budgets=Path(options.budgets),
        think_seconds=assignment.think_seconds,
        weights={user.__name__: user.weight for user in environment.user_classes},
    )
