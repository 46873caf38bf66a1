"""What must hold before anything is changed: a sentence each for what does not."""

import os
import stat
from collections.abc import Iterable
from pathlib import Path

from deploy import ports
from deploy.errors import DeployError
from deploy.settings import Settings


def check_ports(wanted: Iterable[tuple[str, str, int]]) -> None:
    """Raise DeployError when one of `wanted` (what for, host, port) cannot be listened on."""
    for purpose, host, port in wanted:
        refusal = ports.refusal(host, port)
        if refusal is None:
            continue
        if refusal.reason != "is taken":
            who = ""
        elif refusal.holder:
            who = f" by {refusal.holder}"
        else:
            who = f" by a process that cannot be told (see: sudo ss -ltnp 'sport = :{port}')"
        raise DeployError(
            f"Port {port}, which {purpose} needs, {refusal.reason}{who}. Stop that, or choose another "
            f"port: make up GATEHOUSE_PORT={_other_port(port)} (for good: that setting in .env)"
        )


def _other_port(port: int) -> int:
    return 9080 if abs(port - 9080) > 50 else 10080


def check_folders(folders: Iterable[Path]) -> None:
    """Raise DeployError when one of `folders` cannot be written, or cannot be made."""
    for folder in folders:
        existing = next(place for place in (folder, *folder.parents) if place.exists())
        if not os.access(existing, os.W_OK | os.X_OK):
            raise DeployError(
                f"{folder} cannot be written, because {existing} belongs to {_owner(existing)}. "
                f'Run as that user, or make it yours: sudo chown -R "$USER" {existing}'
            )


def check_prefixes(settings: Settings) -> None:
    """Raise DeployError when a service is given a prefix that the rest of the stack does not know."""
    for service in settings.own_services:
        name = f"{service.variable_prefix}ROOT_PATH"
        wanted = settings.environment.get(name, service.prefix)
        if wanted.rstrip("/") != service.prefix:
            raise DeployError(
                f"{name} is {wanted!r}, but in this stack it can only be {service.prefix}, because "
                "services.toml says so to nginx, the portal and the tokens' issuer: unset it and change the "
                "prefix there, or put another one around the whole stack with GATEHOUSE_PUBLIC_URL."
            )


def check_secrets_fit_the_data(settings: Settings, databases: Iterable[str]) -> None:
    """Raise DeployError when the secrets are gone but `databases` that need them are left."""
    left = list(databases)
    if left and not settings.get("AUTH_KEY_ENCRYPTION_SECRET"):
        raise DeployError(
            f"There is no .env with secrets, but data that needs them: {', '.join(left)}. "
            "Put the file back, or remove the data: make clean"
        )


def note_on_readable_secrets(settings_file: Path) -> str | None:
    """Return a sentence when others on this machine can read the secrets, else None."""
    if stat.S_IMODE(settings_file.stat().st_mode) & 0o077:
        return "Others can read .env with its passwords: chmod 600 .env"
    return None


def local_ports(settings: Settings) -> list[tuple[str, str, int]]:
    """Return what the local processes listen on, as `check_ports` wants it."""
    wanted = [("nginx", settings.bind, settings.port)]
    for service in settings.own_services:
        name, bind = f"{service.variable_prefix}BIND", settings.binds[service.name]
        host, _, port = bind.rpartition(":")
        if not host or not port.isdigit():
            raise DeployError(
                f"{name} is {bind!r}, but it must be host:port, such as 127.0.0.1:8001."
            )
        wanted.append((f"the service behind {name}", host.strip("[]"), int(port)))
    return wanted


def _owner(path: Path) -> str:
    try:
        return path.owner()
    except (KeyError, NotImplementedError):
        return f"user {path.stat().st_uid}"
