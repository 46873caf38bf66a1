"""What a run needs to know, from the environment and then from `.env`."""

import os
import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parent.parent
ENV_FILE = ROOT / ".env"
# Where `make up` writes down the address of what it started, in the form of `.env`.
RUNNING_FILE = ROOT / "var" / "running"
EVERYWHERE = ("", "127.0.0.1", "0.0.0.0", "::")  # noqa: S104
STATE_FOLDER = ROOT / "var" / "load"


class SettingsError(Exception):
    """A setting is missing or wrong; the message says which and how to fix it."""


@dataclass(frozen=True)
class Credentials:
    """A user of the target, and the names of the variables that say who it is."""

    username: str
    password: str
    role: str

    @property
    def variables(self) -> str:
        """What to look at when the target refuses these."""
        return f"{self.role}_USERNAME and {self.role}_PASSWORD"


@dataclass(frozen=True)
class Settings:
    """Settings of a run.

    `url` is the origin to load, that of what runs of this checkout where something does; `admin`
    makes the users' accounts, and `demo` is who all users are where no administrator is known.
    Those of `.env` are of the stack of this checkout: `admin_is_from_file` keeps its
    administrator's password from any other machine. `think_seconds` is how long a user pauses
    between two tasks on average, and `allowed_hosts` are the hosts beyond loopback that may be
    loaded. The accounts come from `accounts_seed`, or where that is empty from the seed kept in
    the folder `state`.
    """

    url: str
    admin: Credentials | None
    demo: Credentials | None
    think_seconds: float
    allowed_hosts: frozenset[str]
    state: Path = STATE_FOLDER
    accounts_seed: str = ""
    admin_is_from_file: bool = False

    @classmethod
    def read(cls, environment: Mapping[str, str], env_file: Path, running_file: Path) -> "Settings":
        """Read the settings; a variable of the environment wins over the same one in `env_file`.

        The address of what runs wins over both. Raises SettingsError.
        """
        variables = {**variables_of(env_file), **environment}
        address = {**variables, **variables_of(running_file)}
        admin, demo = _credentials(variables, "ADMIN"), _credentials(variables, "DEMO")
        if admin is None and demo is None:
            raise SettingsError(
                f"Neither ADMIN_USERNAME and ADMIN_PASSWORD nor DEMO_USERNAME and DEMO_PASSWORD "
                f"are set in the environment or in {env_file.name}: `make up` writes them there, "
                f"or set them to a user of the target."
            )
        return cls(
            url=f"http://{_host(address)}:{address.get('GATEHOUSE_PORT') or 8080}",
            admin=admin,
            demo=demo,
            think_seconds=_seconds(variables, "LOADTESTS_THINK_SECONDS", default=0.5),
            allowed_hosts=frozenset(
                variables.get("LOADTESTS_ALLOWED_HOSTS", "").lower().replace(",", " ").split()
            ),
            state=Path(variables.get("LOADTESTS_STATE_FOLDER") or STATE_FOLDER),
            accounts_seed=variables.get("LOADTESTS_ACCOUNTS_SEED", ""),
            admin_is_from_file=not (
                environment.get("ADMIN_PASSWORD") or environment.get("ADMIN_PASSWORD_FILE")
            ),
        )


@cache
def current_settings() -> Settings:
    """The settings of this process, read once however many users there are.

    Raises SettingsError.
    """
    return Settings.read(os.environ, ENV_FILE, RUNNING_FILE)


def running() -> dict[str, str]:
    """What `make up` wrote down about what it started; nothing where it started nothing. Raises SettingsError."""
    return variables_of(RUNNING_FILE)


def _host(address: Mapping[str, str]) -> str:
    bind = address.get("GATEHOUSE_BIND", "")
    if bind in EVERYWHERE:
        return "localhost"
    return f"[{bind}]" if ":" in bind else bind


def _credentials(variables: Mapping[str, str], role: str) -> Credentials | None:
    username = variables.get(f"{role}_USERNAME", "")
    password = variables.get(f"{role}_PASSWORD", "") or _secret_of_file(
        variables, f"{role}_PASSWORD_FILE"
    )
    return Credentials(username, password, role) if username and password else None


def _secret_of_file(variables: Mapping[str, str], name: str) -> str:
    path = variables.get(name, "")
    try:
        return (ROOT / path).read_text(encoding="utf-8").rstrip("\r\n") if path else ""
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(f"{name} names {path!r}, which cannot be read ({error}).") from error


def variables_of(env_file: Path) -> dict[str, str]:
    """The variables of a file in the form of `.env`; none where it is missing. Raises SettingsError."""
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


def _seconds(variables: Mapping[str, str], name: str, default: float) -> float:
    text = variables.get(name) or str(default)
    try:
        seconds = float(text)
    except ValueError:
        seconds = -1.0
    if not 0 <= seconds <= 3600:
        raise SettingsError(f"{name} is {text!r}: set it to seconds between 0 and 3600.")
    return seconds
