"""The file `.env`: written with random secrets, read by this package, by Compose and by people's shells.

The three readers differ in what they make of `$`, quotes and spaces, so only the spellings that all
of them read alike are accepted: a plain word, 'single quotes', or "double quotes" without `$`,
backtick and backslash.
"""

import os
import re
import secrets
import string
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from deploy.errors import DeployError
from gatehouse_chassis.secret_files import FILE
from gatehouse_chassis.services import ServiceEntry

_LINE = re.compile(
    r"""
    (?:export\s+)?
    (?P<name>[A-Za-z_][A-Za-z0-9_]*)=
    (?: '(?P<single>[^'\n]*)' | "(?P<double>[^"$`\\\n]*)" | (?P<plain>[A-Za-z0-9_.,:/@%+=-]*) )
    (?:\s+\#.*)?
    """,
    re.VERBOSE,
)


def random_password() -> str:
    """Return 20 letters and digits (119 bits), which no shell and no URL needs quoted."""
    return "".join(secrets.choice(string.ascii_letters + string.digits) for _ in range(20))


def random_secret() -> str:
    """Return 256 bits in hexadecimal digits."""
    return secrets.token_hex(32)


@dataclass(frozen=True)
class Variable:
    """One line of the file that is written: why it is there, and how its first value is made."""

    name: str
    comment: str
    make: Callable[[], str]
    of: str = ""
    """The variable that makes this one needless when it is there and empty."""


def variables(services: Mapping[str, ServiceEntry]) -> list[Variable]:
    """What the file must have, in its order: what the stack needs, and a password for each database."""
    passwords = [
        Variable(f"{service.variable_prefix}DATABASE_PASSWORD", "", random_password)
        for service in services.values()
        if service.is_ours and service.database
    ]
    return [*_FOR_THE_STACK, *passwords, _VOLUMES]


_FOR_THE_STACK = (
    Variable("ADMIN_USERNAME", "The administrator, created on the first start.", lambda: "admin"),
    Variable("ADMIN_PASSWORD", "", random_password, of="ADMIN_USERNAME"),
    Variable(
        "DEMO_USERNAME",
        "An ordinary user to try things with; without one: DEMO_USERNAME= and no DEMO_PASSWORD.",
        lambda: "demo",
    ),
    Variable("DEMO_PASSWORD", "", random_password, of="DEMO_USERNAME"),
    Variable(
        "AUTH_KEY_ENCRYPTION_SECRET",
        "Encrypts the private signing keys in auth's database, which are lost without it.",
        random_secret,
    ),
    Variable("POSTGRES_PASSWORD", "Used with Docker only, inside its networks.", random_password),
)
_VOLUMES = Variable(
    "GATEHOUSE_VOLUMES",
    "How the names of the Docker volumes begin that these passwords open: another checkout has others.",
    lambda: f"gatehouse-{secrets.token_hex(4)}",
)

_HEADER = """\
# Settings and secrets of this checkout, written by `make up`. Git ignores this file: keep it to yourself.
# Variables of the environment win over it. Every setting of docs/settings.md can be added, for instance
#   GATEHOUSE_PORT=9000
# Write values as a plain word or in 'single quotes'. Shells read it with: set -a; . ./.env; set +a
# Passwords are read when a user or a database is first created: a later change here does not change them there.
"""


def read(path: Path) -> dict[str, str]:
    """Return the variables of the file at `path`, or none when there is no such file.

    Raises DeployError, naming each line, for a spelling that the readers would not all read alike.
    """
    variables, problems = parse(path)
    if problems:
        raise DeployError("\n".join(problems))
    return variables


def parse(path: Path) -> tuple[dict[str, str], list[str]]:
    """Return the variables of the file that can be read, and a sentence for each line that cannot."""
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except FileNotFoundError:
        return {}, []
    except PermissionError:
        return {}, [
            f"{path} cannot be read: it belongs to another user. Run as that user, or make it yours: "
            f'sudo chown "$USER" {path.name}'
        ]
    except UnicodeDecodeError:
        return {}, [f"{path} is not UTF-8 text: write it anew, or delete it."]
    variables, problems = {}, []
    for number, line in enumerate(map(str.strip, lines), start=1):
        if not line or line.startswith("#"):
            continue
        match = _LINE.fullmatch(line)
        if match is None:
            name = re.split(r"[\s=]", line.removeprefix("export "), maxsplit=1)[0]
            problems.append(
                f"{path.name}, line {number} ({name}) cannot be read by shells and Docker alike: "
                "write it as NAME=word or NAME='any text'."
            )
        else:
            variables[match["name"]] = match["single"] or match["double"] or match["plain"] or ""
    return variables, problems


def complete(
    path: Path, services: Mapping[str, ServiceEntry], environ: Mapping[str, str] | None = None
) -> list[str]:
    """Write the file, or append what it lacks, and return the names of what was added.

    What the file already says is never changed, and what stands in a file that `<NAME>_FILE` names, here or in the
    environment, is not written. A file that secrets are written to gets mode 600.
    """
    known = read(path)
    told = {**known, **(environ or {})}
    missing = [
        variable
        for variable in variables(services)
        if variable.name not in known
        and known.get(variable.of) != ""
        and not told.get(f"{variable.name}{FILE}")
    ]
    if not missing:
        return []
    if path.exists():
        text = "" if path.read_bytes().endswith(b"\n") else "\n"
        text += "\n# Added by `make up`, which needs them.\n"
    else:
        text = _HEADER
    for variable in missing:
        if variable.comment:
            text += f"\n# {variable.comment}\n"
        text += f"{variable.name}={variable.make()}\n"
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600), "w") as file:
        os.fchmod(file.fileno(), 0o600)
        file.write(text)
    return [variable.name for variable in missing]
