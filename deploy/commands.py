"""Run another program quietly, and show what it said only when it failed."""

import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

from deploy.errors import DeployError

SHOWN_LINES = 25


def last_lines(text: str, count: int = SHOWN_LINES) -> str:
    """Return the last `count` lines of `text`, indented so that they stand out from our own."""
    return "\n".join(f"    {line}" for line in text.rstrip().splitlines()[-count:])


def run(
    command: Sequence[str | Path],
    *,
    cwd: Path,
    env: Mapping[str, str],
    failed: str,
) -> str:
    """Run `command` and return its output.

    Raises DeployError, made of the sentence `failed` and the last lines of the output, when the
    command cannot be started or exits with anything but 0.
    """
    try:
        done = subprocess.run(
            list(map(str, command)),
            cwd=cwd,
            env=dict(env),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
            errors="replace",
        )
    except OSError as error:
        raise DeployError(f"{failed} {command[0]}: {error.strerror}.") from error
    if done.returncode != 0:
        raise DeployError(f"{failed} `{Path(command[0]).name}` said:\n{last_lines(done.stdout)}")
    return done.stdout
