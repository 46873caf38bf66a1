"""Become one program of the stack: `python -m deploy.local.launch NAME COMMAND...`.

supervisord runs this; the process id stays the same, so it watches the program itself.
"""

import os
import sys

from deploy.checkout import Checkout
from deploy.errors import DeployError
from deploy.local import leftovers


def main(program: str, *command: str) -> None:
    """End what a killed predecessor left, note this start, and turn into `command`."""
    checkout = Checkout.here()
    try:
        leftovers.end(checkout, program)
    except DeployError as problem:
        sys.exit(str(problem))
    with leftovers.record(checkout, program).open("a") as file:
        file.write(f"{os.getpid()}\n")
    os.execvp(command[0], command)  # noqa: S606  # no shell is wanted


if __name__ == "__main__":
    main(*sys.argv[1:])
