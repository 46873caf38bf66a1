"""What a run needs to know, from the environment and then from `.env`."""

import os
import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

ENV_FILE = Path(__file__).parent.parent / ".env"


class SettingsError(Exception):
    """A setting is missing or wrong; the message says which and how to mend it."""


@dataclass(frozen=True)
class Settings:
    """Settings of a run.

    `url` is the origin to load, `username` and `password` sign every user in, `think_seconds` is
    how long a user pauses between two tasks on average, and `allowed_hosts` are the hosts beyond
    loopback that may be loaded.
    """

    url: str
    username: str
    password: str
    think_seconds: float
    allowed_hosts: frozenset[str]

    @classmethod
    def read(cls, environment: Mapping[str, str], env_file: Path) -> "Settings":
        """Read the settings; a variable of the environment wins over the same one in `env_file`.

        Raises SettingsError.
        """
        variables = {**_variables_of(env_file), **environment}
        return cls(
            url=f"http://localhost:{variables.get('GATEHOUSE_PORT') or 8080}",
            username=_required(variables, "DEMO_USERNAME", env_file),
            password=_required(variables, "DEMO_PASSWORD", env_file),
            think_seconds=_seconds(variables, "LOADTESTS_THINK_SECONDS", default=0.5),
            allowed_hosts=frozenset(
                variables.get("LOADTESTS_ALLOWED_HOSTS", "").lower().replace(",", " ").split()
            ),
        )


@cache
def current_settings() -> Settings:
    """The settings of this process, read once however many users there are.

    Raises SettingsError.
    """
    return Settings.read(os.environ, ENV_FILE)


def _variables_of(env_file: Path) -> dict[str, str]:
    try:
        lines = env_file.read_text(encoding="utf-8").splitlines()
    except FileNotFoundError:
        return {}
    except OSError as error:
        raise SettingsError(f"{env_file} cannot be read ({error.strerror}).") from error
    variables = {}
    for line in lines:
        name, equals, value = line.removeprefix("export ").partition("=")
        if equals and not name.lstrip().startswith("#"):
            try:
                variables[name.strip()] = "".join(shlex.split(value, comments=True))
            except ValueError as error:
                raise SettingsError(f"{name.strip()} in {env_file} has an open quote.") from error
    return variables


def _required(variables: Mapping[str, str], name: str, env_file: Path) -> str:
    value = variables.get(name, "")
    if not value:
        raise SettingsError(
            f"{name} is not set in the environment or in {env_file.name}: "
            f"`make up` writes it there, or set it to a user of the target."
        )
    return value


def _seconds(variables: Mapping[str, str], name: str, default: float) -> float:
    text = variables.get(name) or str(default)
    try:
        seconds = float(text)
    except ValueError:
        seconds = -1.0
    if not 0 <= seconds <= 3600:
        raise SettingsError(f"{name} is {text!r}: set it to seconds between 0 and 3600.")
    return seconds
