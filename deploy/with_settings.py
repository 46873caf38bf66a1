"""Become another program, with the settings of this checkout: `python -m deploy.with_settings COMMAND...`.

Its environment is that of the local services: `.env`, what follows from `services.toml`, and before both the variables
that are set already.
"""

import os
import sys

from deploy.checkout import Checkout
from deploy.errors import DeployError
from deploy.settings import load
from gatehouse_chassis.services import ServicesError


def main(*command: str) -> None:
    """Turn into `command`; exit with status 2 and a sentence when the settings cannot be read."""
    try:
        environment = load(Checkout.here()).of_local_processes()
    except (DeployError, ServicesError) as problem:
        print(problem, file=sys.stderr)
        sys.exit(2)
    os.execvpe(command[0], command, environment)  # noqa: S606  # no shell is wanted


if __name__ == "__main__":
    main(*sys.argv[1:])
