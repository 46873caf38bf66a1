"""The files that Compose hands to containers as secrets, so that no container has them in its environment.

They are written at each start below `var/secrets`, a folder that only its owner can enter. The files themselves can be
read by everyone who can enter it: a container sees the one file that it is given, as another user than the owner.
"""

import os
from collections.abc import Mapping

from deploy.checkout import Checkout
from deploy.errors import DeployError
from gatehouse_chassis.secret_files import read_secret
from gatehouse_chassis.services import ServiceEntry

OF_THE_STACK = ("POSTGRES_PASSWORD", "ADMIN_PASSWORD", "DEMO_PASSWORD")
OF_AUTH = (
    "AUTH_KEY_ENCRYPTION_SECRET",
    "AUTH_KEY_ENCRYPTION_SECRET_PREVIOUS",
    "AUTH_SMTP_URL",
)


def names(services: Mapping[str, ServiceEntry]) -> list[str]:
    """Every secret that a container may be handed."""
    own = [
        f"{service.variable_prefix}{name}"
        for service in services.values()
        if service.is_ours and service.database
        for name in ("DATABASE_URL", "DATABASE_PASSWORD")
    ]
    return [*OF_THE_STACK, *OF_AUTH, *own]


def write(
    checkout: Checkout, environment: Mapping[str, str], services: Mapping[str, ServiceEntry]
) -> None:
    """Write every secret into its file; one that is not set gets an empty file, which no container is told of.

    Raises DeployError with a sentence for each that cannot be read.
    """
    values = values_of(environment, services)
    folder = checkout.secrets
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    folder.chmod(0o700)
    for name, value in values.items():
        path = folder / name
        path.write_text(value, encoding="utf-8")
        path.chmod(0o644)
    if os.geteuid() == 0:
        owner = checkout.root.stat()
        for path in (folder.parent, folder, *folder.iterdir()):
            os.chown(path, owner.st_uid, owner.st_gid)


def values_of(
    environment: Mapping[str, str], services: Mapping[str, ServiceEntry]
) -> dict[str, str]:
    """Each secret; a service without a database of its own choice gets the URL of the one in the stack."""
    values, problems = {}, []
    for name in names(services):
        try:
            values[name] = read(environment, name)
        except DeployError as problem:
            problems.append(str(problem))
    if problems:
        raise DeployError("\n".join(problems))
    for name in [name for name in values if name.endswith("_DATABASE_URL") and not values[name]]:
        password = values[f"{name.removesuffix('URL')}PASSWORD"]
        role = name.removesuffix("_DATABASE_URL").lower()
        values[name] = f"postgresql://{role}:{password}@postgres:5432/{role}"
    return values


def read(environment: Mapping[str, str], name: str) -> str:
    """The secret, from its variable or from the file that `<NAME>_FILE` names; nothing where neither is set.

    Raises DeployError when both are set, or the file cannot be read or is empty.
    """
    try:
        return read_secret(environment, name)
    except ValueError as problem:
        raise DeployError(str(problem)) from problem
