"""Bring running containers to the code of this checkout, one service after the other, while they serve."""

from deploy.docker import DockerStack
from deploy.progress import Progress


def upgrade(stack: DockerStack, progress: Progress) -> None:
    """Build, migrate and replace the replicas of each service, and replace nginx where it has changed.

    Raises DeployError; then what was not replaced yet serves as before.
    """
    with progress.step("building images"):
        stack.build()
    for service in stack.services:
        with progress.step(f"migrating and replacing {service}"):
            count = stack.replace(service)
        progress.say(
            f"{service}: {count} {'replica was' if count == 1 else 'replicas were'} replaced."
        )
    with progress.step("replacing what else has changed"):
        renewed = stack.renew_what_changed()
    for name in sorted(renewed):
        progress.say(
            f"{name} has changed. While its one container was replaced, it did not answer."
        )


def steps(stack: DockerStack) -> int:
    """How many steps `upgrade` has."""
    return len(stack.services) + 2
