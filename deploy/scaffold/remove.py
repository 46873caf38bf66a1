"""`make service-remove NAME=items`: what `make service` makes goes, and its panel on the portal; data stays."""

import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from deploy import sync
from deploy.checkout import Checkout
from deploy.errors import DeployError, UsageRefused
from deploy.scaffold import services_file
from gatehouse_chassis.services import ServiceEntry, parse_services

# Every token comes from it.
INDISPENSABLE = "auth"


def remove(checkout: Checkout, name: str, *, stop: Callable[[], object], ask: bool = True) -> str:
    """Take the service out and return what was left.

    Args:
        checkout: where.
        name: which.
        stop: stops what runs of this checkout, which would miss the files.
        ask: ask on the terminal first.

    Raises:
        UsageRefused: there is no such service, or it cannot be spared.
        DeployError: the answer was no, or there is nobody to ask.
    """
    old = checkout.services_file.read_text(encoding="utf-8")
    services = parse_services(checkout.services_file, old)
    if not name:
        raise UsageRefused("Say which service: make service-remove NAME=items")
    if name == INDISPENSABLE:
        raise UsageRefused("auth cannot be removed: every other service takes its tokens.")
    if name not in services:
        raise UsageRefused(f"There is no service {name}: services.toml has {', '.join(services)}.")
    service = services[name]
    new = services_file.without_entry(old, name)
    doomed = [path for path in _paths(service) if (checkout.root / path).exists()]

    print("This stops the stack, where it runs, and removes:")
    for path in doomed:
        note = _uncommitted(checkout, path)
        print(f"  {path}{'/' if (checkout.root / path).is_dir() else ''}{note}")
    print(f"  the entry [{name}] of services.toml, and what is made from it")
    if ask:
        _ask(name)

    stop()
    checkout.services_file.write_text(new, encoding="utf-8")
    for path in doomed:
        if (checkout.root / path).is_dir():
            shutil.rmtree(checkout.root / path)
        else:
            (checkout.root / path).unlink()
    sync.sync_with_pages(checkout)
    return _report(checkout, service)


def _paths(service: ServiceEntry) -> list[Path]:
    paths = []
    if service.package:
        paths += [Path(service.package), Path("tests") / service.package]
    if service.panel:
        paths.append(Path("proxy") / "site" / service.panel)
    return paths


def _uncommitted(checkout: Checkout, path: Path) -> str:
    """A warning when git could not bring the files back."""
    status = ["git", "status", "--porcelain", "--ignored", "--", str(path)]
    try:
        done = subprocess.run(
            status, cwd=checkout.root, capture_output=True, text=True, check=False
        )
    except OSError:
        return ""
    changed = [line for line in done.stdout.splitlines() if "__pycache__" not in line]
    return "  (with changes that are not committed)" if changed else ""


def _ask(name: str) -> None:
    if not sys.stdin.isatty():
        raise DeployError(
            "There is no terminal to ask on, so nothing was removed. In scripts say so: "
            f"make service-remove NAME={name} YES=1"
        )
    if input("Remove it? Its data stays. [y/N] ").strip().lower() not in {"y", "yes"}:
        raise DeployError("Nothing was removed.")


def _report(checkout: Checkout, service: ServiceEntry) -> str:
    lines = [f"Removed {service.name}. Next: make up"]
    if service.package and service.database:
        lines += ["", f"The data of {service.name} stays. To remove it for good:"]
        folder = checkout.data / service.name
        if folder.exists():
            lines.append(f"  rm -r {folder.relative_to(checkout.root)}    (local processes)")
        lines.append(
            "  docker compose exec postgres psql -U postgres "
            f"-c 'DROP DATABASE \"{service.name}\"' -c 'DROP ROLE \"{service.name}\"'    (Docker)"
        )
    return "\n".join(lines)
