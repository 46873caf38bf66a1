"""Become one program of the stack: `python -m deploy.local.launch NAME COMMAND...`.

supervisord runs this; the process id stays the same, so it watches the program itself.
"""

import os
import sys

from deploy.checkout import Checkout
from deploy.errors import DeployError
from deploy.local import leftovers
from deploy.settings import of_program
from gatehouse_chassis.services import load_services


def main(program: str, *command: str) -> None:
    """End what a killed predecessor left, note this start, and turn into `command`, which knows its own settings."""
    checkout = Checkout.here()
    try:
        leftovers.end(checkout, program)
    except DeployError as problem:
        sys.exit(str(problem))
    with leftovers.record(checkout, program).open("a") as file:
        file.write(f"{os.getpid()}\n")
    # supervisord knows the settings of all; what serves one service must not hold the secrets of another.
    environment = of_program(program, os.environ, load_services(checkout.services_file))
    os.execvpe(command[0], command, environment)  # noqa: S606  # no shell is wanted


if __name__ == "__main__":
    main(*sys.argv[1:])
