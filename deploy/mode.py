"""Docker or local processes: which one `make up` takes, and why."""

import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from deploy.errors import DeployError

# An engine that is starting, or a remote one, may take its time; one that hangs must not hang `make up`.
ENGINE_TIMEOUT_S = 15


class Mode(StrEnum):
    """The two ways to run the stack."""

    DOCKER = "docker"
    LOCAL = "local"


@dataclass(frozen=True)
class Choice:
    """The mode, and the sentence that says why it was taken."""

    mode: Mode
    reason: str


def parse(text: str) -> Mode | None:
    """Return the mode that MODE= forces, or None when it is empty. Raises DeployError for others."""
    try:
        return Mode(text.lower()) if text else None
    except ValueError:
        raise DeployError(f"MODE is {text!r}, but it can only be docker or local.") from None


def choose(forced: Mode | None, docker_trouble: str | None) -> Choice:
    """Choose the mode: the forced one, else Docker where nothing stands against it.

    `docker_trouble` is what `trouble_with_docker` answered. Raises DeployError when Docker is
    forced but cannot be used.
    """
    if forced == Mode.LOCAL:
        return Choice(forced, "Local processes, because MODE=local.")
    if forced == Mode.DOCKER and docker_trouble:
        raise DeployError(
            f"MODE=docker, but {docker_trouble}. Without Docker it runs too: make up MODE=local"
        )
    if forced == Mode.DOCKER:
        return Choice(forced, "Docker, because MODE=docker.")
    if docker_trouble:
        return Choice(Mode.LOCAL, f"Local processes, because {docker_trouble}.")
    return Choice(
        Mode.DOCKER, "Docker, because its engine answers (MODE=local takes local processes)."
    )


def trouble_with_docker(env: Mapping[str, str]) -> str | None:
    """Return why Docker cannot be used, as a clause for a sentence, or None when it can."""
    if shutil.which("docker", path=env.get("PATH")) is None:
        return "docker is not installed"
    answer = _ask(["docker", "version", "--format", "{{.Server.Version}}"], env)
    if answer is not None:
        return f"no Docker engine answers ({answer})"
    if _ask(["docker", "compose", "version"], env) is not None:
        return "docker has no Compose plugin (version 2)"
    return None


def _ask(command: list[str], env: Mapping[str, str]) -> str | None:
    try:
        done = subprocess.run(
            command,
            env=dict(env),
            capture_output=True,
            text=True,
            timeout=ENGINE_TIMEOUT_S,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return f"no answer in {ENGINE_TIMEOUT_S} s"
    except OSError as error:
        return error.strerror or str(error)
    if done.returncode == 0:
        return None
    said = done.stderr.strip().splitlines()
    return said[-1].rstrip(".") if said else f"exit status {done.returncode}"
