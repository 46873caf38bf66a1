"""Which kinds of users load the target, and what they are told."""

from argparse import Namespace
from dataclasses import replace

from locust.env import Environment
from locust.runners import MasterRunner

from loadtests.assignment import Assignment
from loadtests.provisioning import provision
from loadtests.services import ITEMS
from loadtests.settings import current_settings
from loadtests.shapes.shape import ARRIVALS_PER_SECOND, Shape
from loadtests.users.account_reader import AccountReader
from loadtests.users.attacker import Attacker
from loadtests.users.load_user import LoadUser
from loadtests.users.open_user import SIGN_INS, TOKENS_PER_SECOND, OpenAccountUser, OpenUser
from loadtests.users.reader import Reader
from loadtests.users.service_client import ServiceClient
from loadtests.users.sign_in_crowd import SignInCrowd
from loadtests.users.writer import Writer

WITH_ITEMS: tuple[type[LoadUser], ...] = (Reader, Writer, ServiceClient, SignInCrowd, Attacker)
WITHOUT_ITEMS: tuple[type[LoadUser], ...] = (AccountReader, SignInCrowd, Attacker)
"""Who loads a stack with and without items. The sums of the weights are equal, so that the crowd is as large."""


def assign(
    environment: Environment,
    options: Namespace,
    url: str,
    users: int,
    arrivals_per_second: float = ARRIVALS_PER_SECOND,
) -> None:
    """Provision `url` for so many users and publish their assignment.

    A shape knows better than `arrivals_per_second` how they come. Raises SettingsError and
    NotReadyError.
    """
    runner, shape, settings = environment.runner, environment.shape_class, current_settings()
    workers = 1
    if isinstance(runner, MasterRunner):
        workers = max(options.expect_workers, runner.worker_count)
    at_once = min(arrivals_per_second, users)
    if isinstance(shape, Shape):
        at_once = shape.arrivals_at_once(users)
    if options.rate:
        sign_ins = min(options.rate * SIGN_INS, TOKENS_PER_SECOND)
    else:
        sign_ins = SignInCrowd.sign_ins_per_second(_crowd(users), settings.think_seconds)
    assignment = provision(
        url,
        settings,
        users=users,
        workers=workers,
        sign_ins_steadily=sign_ins,
        sign_ins_at_once=at_once,
    )
    assignment = replace(
        assignment,
        rate=options.rate,
        curve=options.curve,
        seconds=options.run_time,
        side=options.side,
    )
    assignment.publish(environment)
    environment.user_classes = list(users_for(assignment))


def users_for(assignment: Assignment) -> list[type[LoadUser]]:
    """The kinds of users that have something to do at the target of this assignment."""
    if assignment.rate:
        return [OpenUser if ITEMS in assignment.services else OpenAccountUser]
    kinds = WITH_ITEMS if ITEMS in assignment.services else WITHOUT_ITEMS
    return [kind for kind in kinds if assignment.client or kind is not ServiceClient]


def _crowd(users: int) -> float:
    return users * SignInCrowd.weight / sum(user.weight for user in WITH_ITEMS)
