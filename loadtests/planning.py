"""The plan of a run that begins now, from Locust's options."""

from argparse import Namespace

from locust.env import Environment
from locust.runners import MasterRunner

from loadtests.preparation import prepare
from loadtests.settings import current_settings
from loadtests.shapes.shape import ARRIVALS_PER_SECOND, Shape
from loadtests.users.service_client import ServiceClient
from loadtests.users.sign_in_crowd import SignInCrowd


def make_plan(
    environment: Environment,
    options: Namespace,
    url: str,
    users: int,
    arrivals_per_second: float = ARRIVALS_PER_SECOND,
) -> None:
    """Prepare `url` for so many users and publish the plan for them.

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
    crowd = users * SignInCrowd.weight / sum(user.weight for user in environment.user_classes)
    plan = prepare(
        url,
        settings,
        users=users,
        workers=workers,
        sign_ins_steadily=SignInCrowd.sign_ins_per_second(crowd, settings.think_seconds),
        sign_ins_at_once=at_once,
    )
    plan.publish(environment)
    if plan.client is None:
        environment.user_classes = [
            user for user in environment.user_classes if user is not ServiceClient
        ]
