"""What lies in a wheel and in the folder that it was built from."""

import subprocess
import zipfile
from email.message import Message
from email.parser import Parser
from pathlib import Path

from testing.checkout import ROOT

# What describes the project, beside the package.
OF_THE_PROJECT = {"LICENSE", "README.md", "hatch_build.py", "pyproject.toml"}


def in_wheel(wheel: Path) -> set[str]:
    with zipfile.ZipFile(wheel) as archive:
        return {name for name in archive.namelist() if ".dist-info/" not in name}


def in_folder(folder: str) -> set[str]:
    """The files of a folder that git tracks, or would when asked to."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(
        command, cwd=ROOT / folder, capture_output=True, text=True, check=True
    ).stdout
    return {name for name in listed.splitlines() if (ROOT / folder / name).exists()}


def metadata(wheel: Path) -> Message:
    with zipfile.ZipFile(wheel) as archive:
        [name] = [name for name in archive.namelist() if name.endswith(".dist-info/METADATA")]
        return Parser().parsestr(archive.read(name).decode())
