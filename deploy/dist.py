"""The parts that other people's apps install, as wheels and sdists: `make dist`."""

import os
import zipfile
from collections.abc import Mapping
from pathlib import Path

from deploy import uv
from deploy.checkout import Checkout
from deploy.commands import run
from deploy.errors import DeployError, UsageRefused
from deploy.progress import Progress

PARTS = {"gatehouse-chassis": "gatehouse_chassis", "gatehouse-doctor": "doctor"}
"""The name of each distribution, and the folder that it is built from."""


def build(
    checkout: Checkout, name: str, into: Path, env: Mapping[str, str] = os.environ
) -> list[Path]:
    """Build the sdist of one part, and from that its wheel; return both files, the wheel first.

    The build backend is the one that uv.lock pins and `make install` has installed, so it takes no network.

    Raises DeployError when it cannot be built, with the backend's last words.
    """
    stem = name.replace("-", "_")
    for old in into.glob(f"{stem}-*"):
        old.unlink()
    run(
        [
            *(uv.find(checkout, env), "build", "--quiet", "--no-build-isolation"),
            *("--python", checkout.venv / "bin" / "python", "--out-dir", into, PARTS[name]),
        ],
        cwd=checkout.root,
        env=uv.of_installers(env),
        failed=f"{name} could not be built.",
    )
    return [*into.glob(f"{stem}-*.whl"), *into.glob(f"{stem}-*.tar.gz")]


def build_all(checkout: Checkout) -> None:
    """Build every part into `dist/`, and say how large the files are and what a wheel takes when it is installed.

    Raises UsageRefused when a file is not tracked: it would be in the wheel, and nobody else could build the same one.
    """
    untracked = _untracked(checkout.root)
    if untracked:
        raise UsageRefused(
            "Not tracked by git, but in the folder of a wheel: "
            f"{', '.join(untracked)}. Add them (git add) or move them away."
        )
    progress = Progress(len(PARTS))
    for name in PARTS:
        with progress.step(f"building {name}"):
            files = build(checkout, name, checkout.root / "dist")
        for file in files:
            progress.say(f"{file.relative_to(checkout.root)}: {_sizes(file)}")


def _untracked(root: Path) -> list[str]:
    try:
        listed = run(
            ["git", "ls-files", "--others", "--exclude-standard", "--", *PARTS.values()],
            cwd=root,
            env=os.environ,
            failed="Git does not know this folder.",
        )
    except DeployError:
        return []  # an unpacked archive holds what is tracked, and nothing else
    return listed.splitlines()


def _sizes(file: Path) -> str:
    size = f"{file.stat().st_size / 1000:,.0f} kB"
    if file.suffix != ".whl":
        return size
    with zipfile.ZipFile(file) as wheel:
        unpacked = sum(entry.file_size for entry in wheel.infolist())
    return f"{size}, {unpacked / 1000:,.0f} kB when it is installed"
