"""Packages of npm for a test: installed by their lock into a folder of the test run."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest


def install(scripts: Path, into: Path) -> Path:
    """A copy of `scripts` with the packages that its lock names; skips the test without Node, and fails it under CI."""
    if not (shutil.which("node") and shutil.which("npm")):
        _missing("Node is not installed. On Debian: apt-get install nodejs npm")
    shutil.copytree(scripts, into, ignore=shutil.ignore_patterns("node_modules"))
    command = ["npm", "ci", "--no-audit", "--no-fund", "--ignore-scripts"]
    installed = subprocess.run(command, cwd=into, capture_output=True, text=True, check=False)
    if installed.returncode:
        _missing(f"npm could not install {scripts.name}: {installed.stderr}")
    return into


def _missing(reason: str) -> None:
    if os.environ.get("CI"):
        pytest.fail(f"{reason} (CI must not skip what needs it)")
    pytest.skip(reason)
