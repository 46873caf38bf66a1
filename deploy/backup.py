"""`make backup` and `make restore FROM=`: the databases of all services in one folder, with a manifest.

A backup is made while the stack serves. Each database is a picture of one moment; auth's comes last, so that whoever
owns something in another one is in it. Secrets are not in it: the manifest only knows the key encryption secret again
when it sees it.
"""

import hashlib
import hmac
import json
import os
import secrets
import shutil
import subprocess
import tomllib
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from deploy import secret_files
from deploy.checkout import Checkout
from deploy.databases import ServiceDatabase
from deploy.errors import DeployError

MANIFEST = "manifest.json"
FORMAT = 1
SECRET = "AUTH_KEY_ENCRYPTION_SECRET"

Databases = Mapping[str, ServiceDatabase]


def back_up(
    checkout: Checkout, databases: Databases, environment: Mapping[str, str], mode: str
) -> Path:
    """Write a backup, and return its folder below `var/backups`.

    Raises DeployError when a database cannot be copied; then nothing is left of it.
    """
    made_at = datetime.now(UTC)
    folder = checkout.backups / made_at.strftime("%Y-%m-%dT%H-%M-%SZ")
    unfinished = folder.with_name(f"{folder.name}.unfinished")
    before = os.umask(0o077)
    try:
        unfinished.mkdir(parents=True)
        services = {}
        for name in sorted(databases, key="auth".__eq__):
            database = databases[name]
            file = unfinished / f"{name}.{'db' if database.kind == 'sqlite' else 'dump'}"
            database.dump(file)
            services[name] = {
                "database": database.kind,
                "file": file.name,
                "bytes": file.stat().st_size,
                "sha256": _sha256(file),
                "migration": database.migration(),
            }
        manifest = {
            "format": FORMAT,
            "made_at": made_at.isoformat(timespec="seconds"),
            "version": _version(checkout),
            "revision": _revision(checkout),
            "mode": mode,
            "services": services,
            "key_encryption_secret": _fingerprint(secret_files.read(environment, SECRET)),
        }
        (unfinished / MANIFEST).write_text(json.dumps(manifest, indent=2) + "\n", encoding="utf-8")
        unfinished.rename(folder)
    except FileExistsError as error:
        raise DeployError(f"{folder} is there already: wait a second.") from error
    finally:
        os.umask(before)
        shutil.rmtree(unfinished, ignore_errors=True)
    return folder


def read(folder: Path) -> dict[str, Any]:
    """The manifest of a backup whose files are all there and as they were written.

    Raises DeployError with the reason why it cannot be restored.
    """
    try:
        manifest: dict[str, Any] = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
        services = manifest["services"]
        if manifest["format"] != FORMAT:
            raise DeployError(f"{folder} was made by a newer Gatehouse: restore it with that.")
    except FileNotFoundError as error:
        raise DeployError(
            f"{folder} is no backup, because it has no {MANIFEST}. Name the folder of one: "
            "make restore FROM=var/backups/<time>"
        ) from error
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise DeployError(f"{folder / MANIFEST} cannot be read: {error!r}.") from error
    for name, service in services.items():
        file = folder / service["file"]
        if file.parent != folder:
            raise DeployError(
                f"{folder / MANIFEST} names {service['file']!r}, which is not beside it."
            )
        if not file.is_file():
            raise DeployError(f"{file} is missing, which is the database of {name}.")
        if _sha256(file) != service["sha256"]:
            raise DeployError(
                f"{file} is not what was written: its checksum differs from that in {MANIFEST}."
            )
    return manifest


def check_fits(
    manifest: Mapping[str, Any], databases: Databases, environment: Mapping[str, str]
) -> None:
    """Raise DeployError when the backup cannot be restored into these databases with this secret."""
    for name, service in manifest["services"].items():
        if name not in databases:
            raise DeployError(
                f"The backup has a database of {name}, which services.toml does not list. Put the service back first."
            )
        kind = databases[name].kind
        if service["database"] != kind:
            raise DeployError(
                f"The backup of {name} is one of {service['database']}, and {name.upper()}_DATABASE_URL names a "
                f"database of {kind}. Restore it where it came from; from SQLite to PostgreSQL: make move-database"
            )
    known = manifest.get("key_encryption_secret")
    given = [secret_files.read(environment, name) for name in (SECRET, f"{SECRET}_PREVIOUS")]
    if known and not any(_is_known(secret, known) for secret in given if secret):
        raise DeployError(
            f"{SECRET} is not the one of the time of the backup, so the signing keys in it could not be opened. Put "
            f"that one into .env; to go on with a new one, add the old one as {SECRET}_PREVIOUS (docs/secrets.md)."
        )


def restore(folder: Path, manifest: Mapping[str, Any], databases: Databases) -> None:
    """Put every database of the backup in place of what is there."""
    for name, service in manifest["services"].items():
        databases[name].restore(folder / service["file"])


def _sha256(file: Path) -> str:
    with file.open("rb") as content:
        return hashlib.file_digest(content, "sha256").hexdigest()


def _fingerprint(secret: str) -> dict[str, str] | None:
    """What knows the secret again, and from which nobody learns it."""
    if not secret:
        return None
    salt = secrets.token_hex(16)
    return {"salt": salt, "scrypt": _scrypt(secret, salt)}


def _is_known(secret: str, known: Mapping[str, str]) -> bool:
    return hmac.compare_digest(_scrypt(secret, known["salt"]), known["scrypt"])


def _scrypt(secret: str, salt: str) -> str:
    return hashlib.scrypt(secret.encode(), salt=salt.encode(), n=2**14, r=8, p=1).hex()


def _version(checkout: Checkout) -> str:
    try:
        text = (checkout.root / "pyproject.toml").read_text(encoding="utf-8")
        return str(tomllib.loads(text)["project"]["version"])
    except (OSError, KeyError, ValueError):
        return ""


def _revision(checkout: Checkout) -> str:
    """The commit of the code, where it is a clone."""
    try:
        command = ["git", "rev-parse", "HEAD"]
        done = subprocess.run(
            command, cwd=checkout.root, capture_output=True, text=True, check=False
        )
    except OSError:
        return ""
    return done.stdout.strip()
