"""nginx: the machine's own, or the distribution's package unpacked without root."""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Mapping
from pathlib import Path

from deploy.checkout import Checkout
from deploy.commands import run

# sbin is not on every user's PATH, but Debian puts nginx there.
SBIN = ("/usr/local/sbin", "/usr/sbin", "/opt/homebrew/bin")


def find(checkout: Checkout, env: Mapping[str, str] = os.environ) -> Path | None:
    """Return the nginx to run: NGINX, else the machine's own, else the unpacked one, else None."""
    if env.get("NGINX"):
        return Path(env["NGINX"])
    path = os.pathsep.join((env.get("PATH", ""), *SBIN))
    installed = shutil.which("nginx", path=path)
    for candidate in (Path(installed) if installed else None, _unpacked(checkout)):
        if candidate and _runs(candidate):
            return candidate
    return None


def can_be_unpacked(env: Mapping[str, str] = os.environ) -> bool:
    """Tell whether packages can be had here without root: on Debian, Ubuntu and kin."""
    return all(shutil.which(tool, path=env.get("PATH")) for tool in ("apt-get", "dpkg-deb"))


def how_to_install() -> str:
    """Return the sentence for a machine where it cannot be unpacked."""
    if shutil.which("brew"):
        return "nginx is not installed: brew install nginx"
    for tool, command in (
        ("dnf", "dnf install"),
        ("apk", "apk add"),
        ("pacman", "pacman -S"),
        ("zypper", "zypper install"),
    ):
        if shutil.which(tool):
            return f"nginx is not installed: sudo {command} nginx"
    return "nginx is not installed: install it, or say where it is with NGINX=/path/to/nginx"


def unpack(checkout: Checkout, env: Mapping[str, str] = os.environ) -> Path:
    """Fetch the distribution's nginx with what it lacks, and unpack it below `.local/nginx`.

    Everything apt writes goes to a private folder, because a fresh machine has empty package lists
    and an ordinary user may not refresh them. Raises DeployError when the packages cannot be had or
    do not run.
    """
    checkout.tools.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(dir=checkout.tools, prefix="nginx-") as folder:
        work = Path(folder)
        for part in ("lists/partial", "cache/archives/partial", "root"):
            (work / part).mkdir(parents=True)
        options = [
            *("-o", f"Dir::State::lists={work}/lists"),
            *("-o", f"Dir::Cache={work}/cache"),
            # Locks lie in /var/lib/dpkg, where only root may write; nothing is installed.
            *("-o", "Debug::NoLocking=1"),
            # The user _apt could not enter a private folder.
            *("-o", "APT::Sandbox::User="),
        ]
        failed = "nginx could not be fetched. Install it yourself: sudo apt-get install nginx."
        quiet = {**env, "LC_ALL": "C", "DEBIAN_FRONTEND": "noninteractive"}
        run(["apt-get", *options, "-q", "update"], cwd=work, env=quiet, failed=failed)
        run(
            [
                *("apt-get", *options, "-q", "-y", "--no-install-recommends", "--download-only"),
                *("install", "--reinstall", "nginx"),
            ],
            cwd=work,
            env=quiet,
            failed=failed,
        )
        for package in sorted(work.glob("cache/archives/*.deb")):
            run(["dpkg-deb", "-x", package, work / "root"], cwd=work, env=quiet, failed=failed)
        place = checkout.tools / "nginx"
        shutil.rmtree(place, ignore_errors=True)
        (work / "root").rename(place)
    return _start_script(checkout, env)


def _start_script(checkout: Checkout, env: Mapping[str, str]) -> Path:
    """Write the script that starts the unpacked nginx with the libraries unpacked beside it."""
    place = checkout.tools / "nginx"
    script = _unpacked(checkout)
    script.parent.mkdir(exist_ok=True)
    script.write_text(
        "#!/bin/sh\n"
        'here=$(CDPATH="" cd -- "$(dirname -- "$0")/.." && pwd)\n'
        'for lib in "$here"/lib/*-linux-* "$here"/usr/lib/*-linux-*; do\n'
        '  [ -d "$lib" ] && LD_LIBRARY_PATH=$lib${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}\n'
        "done\n"
        "export LD_LIBRARY_PATH\n"
        'exec "$here/usr/sbin/nginx" "$@"\n'
    )
    script.chmod(0o755)
    run(
        [script, "-v"],
        cwd=place,
        env=env,
        failed="The unpacked nginx does not run. Install it: sudo apt-get install nginx.",
    )
    return script


def _unpacked(checkout: Checkout) -> Path:
    return checkout.tools / "nginx" / "bin" / "nginx"


def _runs(program: Path) -> bool:
    try:
        return subprocess.run([program, "-v"], capture_output=True, check=False).returncode == 0
    except OSError:
        return False
