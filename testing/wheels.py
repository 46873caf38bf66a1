"""Empty virtual environments, and the wheels to install into them without a package index."""

import re
import subprocess
import sys
import time
import zipfile
from collections.abc import Mapping
from importlib.metadata import Distribution, PackageNotFoundError, distribution
from pathlib import Path

from deploy import uv
from deploy.checkout import Checkout
from testing.checkout import ROOT

# What pip adds to a wheel's files, and what it makes of them.
_NOT_OF_THE_WHEEL = ("INSTALLER", "REQUESTED", "RECORD", "direct_url.json")


def wheelhouse(folder: Path, *more: str) -> Path:
    """Write the packages that the services run on, and `more`, to `folder` as wheels, from this very environment.

    So an installation from it resolves versions as from an index, with those that uv.lock pins and no network.
    """
    exported = subprocess.run(
        [
            *(uv.find(Checkout(ROOT)), "export", "--frozen", "--offline", "--quiet"),
            *("--no-default-groups", "--no-hashes", "--no-annotate", "--no-header"),
        ],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    for name in {*re.findall(r"^([\w.-]+)==", exported, re.MULTILINE), *more}:
        try:
            _write(distribution(name), folder)
        except PackageNotFoundError:
            continue  # of another system
    return folder


def _write(installed: Distribution, folder: Path) -> None:
    described = installed.read_text("WHEEL") or ""
    [tag, *_] = re.findall(r"^Tag: (\S+)", described, re.MULTILINE)
    name = re.sub(r"[-_.]+", "_", installed.metadata["Name"]).lower()
    files = [
        file
        for file in installed.files or ()
        if file.name not in _NOT_OF_THE_WHEEL
        and file.suffix != ".pyc"
        and ".." not in file.parts  # scripts, which are made anew
    ]
    with zipfile.ZipFile(folder / f"{name}-{installed.version}-{tag}.whl", "w") as wheel:
        for file in files:
            wheel.write(str(file.locate()), file.as_posix())
        record = f"{name}-{installed.version}.dist-info/RECORD"
        wheel.writestr(record, "".join(f"{file},,\n" for file in [*files, record]))


class Environment:
    """A virtual environment in `folder` with nothing in it.

    Args:
        wheels: the folder that packages are installed from; nothing else is asked.
    """

    def __init__(self, folder: Path, wheels: Path) -> None:
        self.folder = folder
        self._wheels = wheels
        self._uv("venv", "--quiet", "--python", sys.executable, folder)

    def install(self, *requirements: str) -> float:
        """Install into it, and return the seconds that took."""
        began = time.monotonic()
        where: list[str | Path] = ["--python", self.program("python")]
        source: list[str | Path] = ["--no-index", "--find-links", self._wheels]
        self._uv("pip", "install", "--quiet", *where, *source, *requirements)
        return time.monotonic() - began

    def program(self, name: str) -> Path:
        """The program `name` that something installed."""
        return self.folder / "bin" / name

    def run(
        self, *command: str, environment: Mapping[str, str] | None = None
    ) -> subprocess.CompletedProcess[str]:
        """Run a program of it, in its folder and with nothing of this repository."""
        return subprocess.run(
            [self.program(command[0]), *command[1:]],
            cwd=self.folder,
            env={"PATH": "/usr/bin:/bin", **(environment or {})},
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    def python(self, code: str) -> str:
        """What `code` prints; fails when it raises."""
        done = self.run("python", "-c", code)
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    def packages(self) -> set[str]:
        """The names of what is installed."""
        code = "from importlib.metadata import distributions as d; print(*(i.name for i in d()))"
        return set(self.python(code).split())

    def size(self) -> int:
        """The bytes of what is installed."""
        [packages] = self.folder.glob("lib/python*/site-packages")
        return sum(file.stat().st_size for file in packages.rglob("*") if file.is_file())

    def _uv(self, *arguments: str | Path) -> None:
        options = ("--offline", "--no-config", "--no-python-downloads")
        command: list[str | Path] = [uv.find(Checkout(ROOT)), *arguments, *options]
        # A cache of its own: what is built here is no package of anyone else's.
        command += ["--cache-dir", self._wheels / "cache"]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
