"""uv, which installs the locked packages: the one on PATH, or a private one below `.local/`.

https://docs.astral.sh/uv/reference/cli/#uv-sync
"""

import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from deploy.checkout import Checkout
from deploy.commands import run
from deploy.errors import DeployError

PINNED = "0.13.9"
OLDEST = (0, 9)  # pyproject.toml says the same to uv itself.

SERVICES = ("--inexact", "--no-default-groups", "--group", "local")
EVERYTHING = ("--all-groups",)


def sync(
    checkout: Checkout, groups: Sequence[str] = SERVICES, env: Mapping[str, str] = os.environ
) -> None:
    """Install what uv.lock says for `groups` into `.venv`; quick when nothing changed.

    Raises DeployError when the packages cannot be had, with uv's own last words.
    """
    command: list[str | Path] = [find(checkout, env), "sync", "--locked", "--quiet", *groups]
    if not has_packages(checkout):
        # Named only here: a working environment keeps its own Python, and with it what else is installed there.
        command += ["--python", sys.executable]
    with _advice_on_authorities():
        run(
            command,
            cwd=checkout.root,
            env={**of_installers(env), "UV_PYTHON_DOWNLOADS": "never"},
            failed="The packages of uv.lock could not be installed.",
        )


def find(checkout: Checkout, env: Mapping[str, str] = os.environ) -> Path:
    """Return a uv that is new enough, installing the pinned one privately where there is none."""
    on_path = shutil.which("uv", path=env.get("PATH"))
    if on_path and (_version(Path(on_path)) or (0,)) >= OLDEST:
        return Path(on_path)
    private = checkout.tools / "uv"
    binary = private / "bin" / "uv"
    if _version(binary) != tuple(map(int, PINNED.split("."))):
        _install(private, checkout.root, env)
    return binary


def _install(private: Path, root: Path, env: Mapping[str, str]) -> None:
    private.parent.mkdir(exist_ok=True)
    # Built aside and moved into place, so that an interrupted installation is not taken for a finished one.
    with tempfile.TemporaryDirectory(dir=private.parent, prefix="uv-") as folder:
        python = Path(folder) / "bin" / "python"
        try:
            run(
                [sys.executable, "-m", "venv", folder],
                cwd=root,
                env=env,
                failed="No virtual environment could be made.",
            )
        except DeployError as problem:
            package = f"python{sys.version_info.major}.{sys.version_info.minor}-venv"
            raise DeployError(
                f"{problem}\nOn Debian and Ubuntu this mends it: sudo apt-get install {package}\n"
                "With uv on PATH it is not needed: "
                "https://docs.astral.sh/uv/getting-started/installation/"
            ) from problem
        with _advice_on_authorities():
            run(
                [
                    *(python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"),
                    f"uv=={PINNED}",
                ],
                cwd=root,
                env=of_installers(env),
                failed=f"uv {PINNED} could not be installed from the package index: is it reachable?",
            )
        (private / "bin").mkdir(parents=True, exist_ok=True)
        (Path(folder) / "bin" / "uv").replace(private / "bin" / "uv")


def _version(uv: Path) -> tuple[int, ...] | None:
    try:
        said = subprocess.run([uv, "--version"], capture_output=True, text=True, check=False).stdout
    except OSError:
        return None
    match = re.match(r"uv (\d+)\.(\d+)\.(\d+)", said)
    return tuple(map(int, match.groups())) if match else None


def has_packages(checkout: Checkout) -> bool:
    """Whether there is an environment that works; its packages may be older than uv.lock."""
    python = checkout.venv / "bin" / "python"
    try:
        return subprocess.run([python, "-c", ""], capture_output=True, check=False).returncode == 0
    except OSError:
        return False


def of_installers(env: Mapping[str, str]) -> dict[str, str]:
    """The environment of uv and pip; pip knows the setting of both under a name of its own."""
    # An activated environment would be warned about, and PYTHONHOME or PYTHONPATH would leak into the new one.
    kept = {k: v for k, v in env.items() if k not in {"VIRTUAL_ENV", "PYTHONHOME", "PYTHONPATH"}}
    return {"PIP_CERT": kept["SSL_CERT_FILE"], **kept} if kept.get("SSL_CERT_FILE") else kept


@contextmanager
def _advice_on_authorities() -> Iterator[None]:
    """Say what helps where the network signs with an authority of its own."""
    try:
        yield
    except DeployError as problem:
        if not re.search(r"certificate|UnknownIssuer", str(problem), re.IGNORECASE):
            raise
        raise DeployError(
            f"{problem}\nIf this network signs with an authority of its own, name its file: "
            "SSL_CERT_FILE=/path/to/ca.pem (for good: that setting in .env)."
        ) from problem
