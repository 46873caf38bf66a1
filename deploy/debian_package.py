"""A program of a Debian package: the machine's own, or unpacked below `.local` without root."""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from deploy.checkout import Checkout
from deploy.commands import run
from deploy.errors import DeployError

# sbin is not on every user's PATH, but Debian puts servers there.
SBIN = ("/usr/local/sbin", "/usr/sbin", "/opt/homebrew/bin")

_INSTALLERS = (
    ("brew", "brew install"),
    ("dnf", "sudo dnf install"),
    ("apk", "sudo apk add"),
    ("pacman", "sudo pacman -S"),
    ("zypper", "sudo zypper install"),
)
# What a shell and the dynamic linker answer when a program cannot be run at all.
_CANNOT_RUN = (126, 127)


@dataclass(frozen=True)
class DebianPackage:
    """A package with a program of the same name, which answers `-v` with its version.

    Args:
        name: of the package, of its program, and of the folder below `.local`.
        folder: where the package keeps the program.
    """

    name: str
    folder: str = "usr/bin"

    def find(self, checkout: Checkout, env: Mapping[str, str] = os.environ) -> Path | None:
        """Return the machine's own program, else the unpacked one, else None."""
        path = os.pathsep.join((env.get("PATH", ""), *SBIN))
        installed = shutil.which(self.name, path=path)
        for candidate in (Path(installed) if installed else None, self._unpacked(checkout)):
            if candidate and _runs(candidate):
                return candidate
        return None

    def can_be_unpacked(self, env: Mapping[str, str] = os.environ) -> bool:
        """Tell whether packages can be had here without root: on Debian, Ubuntu and kin."""
        return all(shutil.which(tool, path=env.get("PATH")) for tool in ("apt-get", "dpkg-deb"))

    def how_to_install(self) -> str:
        """Return the sentence for a machine where it cannot be unpacked."""
        for tool, command in _INSTALLERS:
            if shutil.which(tool):
                return f"{self.name} is not installed: {command} {self.name}"
        return f"{self.name} is not installed: install it"

    def unpack(self, checkout: Checkout, env: Mapping[str, str] = os.environ) -> Path:
        """Fetch the distribution's package with what it lacks, and unpack it below `.local`.

        Everything apt writes goes to a private folder, because a fresh machine has empty package lists
        and an ordinary user may not refresh them. Raises DeployError when the packages cannot be had or
        do not run.
        """
        checkout.tools.mkdir(exist_ok=True)
        with tempfile.TemporaryDirectory(dir=checkout.tools, prefix=f"{self.name}-") as folder:
            work = Path(folder)
            self._fetch(work, {**env, "LC_ALL": "C", "DEBIAN_FRONTEND": "noninteractive"})
            place = checkout.tools / self.name
            shutil.rmtree(place, ignore_errors=True)
            (work / "root").rename(place)
        script = self._start_script(checkout)
        if not _runs(script):
            raise DeployError(
                f"The unpacked {self.name} does not run. Install it: sudo apt-get install {self.name}."
            )
        return script

    def _fetch(self, work: Path, env: Mapping[str, str]) -> None:
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
        failed = (
            f"{self.name} could not be fetched. Install it yourself: "
            f"sudo apt-get install {self.name}."
        )
        run(["apt-get", *options, "-q", "update"], cwd=work, env=env, failed=failed)
        run(
            [
                *("apt-get", *options, "-q", "-y", "--no-install-recommends", "--download-only"),
                *("install", "--reinstall", self.name),
            ],
            cwd=work,
            env=env,
            failed=failed,
        )
        for package in sorted(work.glob("cache/archives/*.deb")):
            run(["dpkg-deb", "-x", package, work / "root"], cwd=work, env=env, failed=failed)

    def _start_script(self, checkout: Checkout) -> Path:
        """Write the script that starts the unpacked program with the libraries unpacked beside it."""
        script = self._unpacked(checkout)
        script.parent.mkdir(exist_ok=True)
        script.write_text(
            "#!/bin/sh\n"
            'here=$(CDPATH="" cd -- "$(dirname -- "$0")/.." && pwd)\n'
            'for lib in "$here"/lib/*-linux-* "$here"/usr/lib/*-linux-*; do\n'
            '  [ -d "$lib" ] && LD_LIBRARY_PATH=$lib${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}\n'
            "done\n"
            "export LD_LIBRARY_PATH\n"
            f'exec "$here/{self.folder}/{self.name}" "$@"\n'
        )
        script.chmod(0o755)
        return script

    def _unpacked(self, checkout: Checkout) -> Path:
        return checkout.tools / self.name / "bin" / self.name


def _runs(program: Path) -> bool:
    try:
        done = subprocess.run([program, "-v"], capture_output=True, check=False)
    except OSError:
        return False
    # The status itself says nothing: wrk tells its version and then ends with 1.
    return done.returncode >= 0 and done.returncode not in _CANNOT_RUN
