"""An environment of its own for the applications, below .cache/: they are too many for the project's."""

import hashlib
import subprocess
import sys
from pathlib import Path

from testing.checkout import ROOT

FOLDER = ROOT / ".cache" / "foreign"
REQUIREMENTS = Path(__file__).with_name("requirements.txt")
PROGRAMS = Path(__file__).with_name("programs")
BIN = FOLDER / "venv" / "bin"


def prepare() -> None:
    """Install the applications once, and again when the list of them has changed."""
    wanted = hashlib.sha256(REQUIREMENTS.read_bytes()).hexdigest()
    stamp = FOLDER / "installed"
    if stamp.is_file() and stamp.read_text() == wanted:
        return
    FOLDER.mkdir(parents=True, exist_ok=True)
    subprocess.run([sys.executable, "-m", "venv", FOLDER / "venv"], check=True)
    install: list[str | Path] = [BIN / "pip", "install", "--quiet", "--disable-pip-version-check"]
    subprocess.run([*install, "-r", REQUIREMENTS], check=True)
    stamp.write_text(wanted)
