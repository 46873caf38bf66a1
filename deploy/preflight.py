"""What must hold before anything is changed: a sentence each for what does not."""

import os
import stat
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from deploy import ports
from deploy.errors import DeployError
from deploy.settings import Settings
from gatehouse_chassis.secret_files import FILE


@dataclass(frozen=True)
class Listener:
    """Where something is to listen: `setting` says on which address."""

    purpose: str
    setting: str
    host: str
    port: int


def check_ports(wanted: Iterable[Listener]) -> None:
    """Raise DeployError when one of `wanted` cannot listen."""
    for one in wanted:
        refusal = ports.refusal(one.host, one.port)
        if refusal is None:
            continue
        if refusal.no_such_address:
            raise DeployError(
                f"{one.setting} is {one.host}, but {refusal.reason}. 127.0.0.1 is for this machine alone, 0.0.0.0 for "
                "every network that it is in; `ip address` lists the others."
            )
        if refusal.reason != "is taken":
            who = ""
        elif refusal.holder:
            who = f" by {refusal.holder}"
        else:
            who = f" by a process that cannot be told (see: sudo ss -ltnp 'sport = :{one.port}')"
        raise DeployError(
            f"Port {one.port}, which {one.purpose} needs, {refusal.reason}{who}. Stop that, or choose another "
            f"port: make up GATEHOUSE_PORT={_other_port(one.port)} (for good: that setting in .env)"
        )


def _other_port(port: int) -> int:
    return 9080 if abs(port - 9080) > 50 else 10080


def check_folders(folders: Iterable[Path]) -> None:
    """Raise DeployError when one of `folders` cannot be written, or cannot be made."""
    for folder in folders:
        existing = next(place for place in (folder, *folder.parents) if place.exists())
        if not os.access(existing, os.W_OK | os.X_OK):
            raise DeployError(f"{folder} cannot be written, because {_why_not_writable(existing)}")


def _why_not_writable(folder: Path) -> str:
    if os.statvfs(folder).f_flag & os.ST_RDONLY:
        return f"{folder} is on a file system that is read-only. Run in a copy of the checkout elsewhere."
    if folder.stat().st_uid == os.geteuid():
        return f"{folder} is read-only. It is yours: chmod u+rwx {folder}"
    return (
        f"{folder} belongs to {_owner(folder)}. "
        f'Run as that user, or make it yours: sudo chown -R "$USER" {folder}'
    )


def check_secrets_fit_the_data(settings: Settings, databases: Iterable[str]) -> None:
    """Raise DeployError when the secrets are gone but `databases` that need them are left."""
    left = list(databases)
    name = "AUTH_KEY_ENCRYPTION_SECRET"
    if left and not (settings.get(name) or settings.get(f"{name}{FILE}")):
        raise DeployError(
            f"There is no .env with secrets, but data that needs them: {', '.join(left)}. "
            "Put the file back, or remove the data: make clean"
        )


def note_on_readable_secrets(settings_file: Path) -> str | None:
    """Return a sentence when others on this machine can read the secrets, else None."""
    if stat.S_IMODE(settings_file.stat().st_mode) & 0o077:
        return "Others can read .env with its passwords: chmod 600 .env"
    return None


def local_listeners(settings: Settings) -> list[Listener]:
    """Return what the local processes listen on."""
    wanted = [nginx(settings)]
    for service in settings.own_services:
        name = f"{service.variable_prefix}BIND"
        host, _, port = settings.binds[service.name].rpartition(":")
        wanted.append(Listener(f"the service behind {name}", name, host.strip("[]"), int(port)))
    return wanted


def nginx(settings: Settings) -> Listener:
    """Return what nginx listens on."""
    return Listener("nginx", "GATEHOUSE_BIND", settings.bind, settings.port)


def _owner(path: Path) -> str:
    try:
        return path.owner()
    except (KeyError, NotImplementedError):
        return f"user {path.stat().st_uid}"
