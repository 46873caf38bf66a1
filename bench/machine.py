"""What a figure depends on besides the code: the machine, the versions, the revision, the day."""

import os
import platform
import re
import sqlite3
import subprocess
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

from deploy import nginx
from deploy.checkout import Checkout

_PACKAGES = ("fastapi", "starlette", "uvicorn", "uvloop", "gunicorn", "sqlalchemy", "asyncpg")


def describe(checkout: Checkout, wrk_version: str) -> dict[str, str]:
    """Each fact by its name, in the order in which a reader asks."""
    packages = ", ".join(f"{name} {version(name)}" for name in _PACKAGES)
    return {
        "Revision": _revision(checkout),
        "Date": datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"),
        "Processor": f"{_processor()}, {os.cpu_count()} cores",
        "Memory": f"{os.sysconf('SC_PAGE_SIZE') * os.sysconf('SC_PHYS_PAGES') / 1e9:.0f} GB",
        "Load average before": f"{os.getloadavg()[0]:.1f}",
        "System": f"{platform.system()} {platform.release()}, {_distribution()}",
        "Python": f"{platform.python_version()}, SQLite {sqlite3.sqlite_version}",
        "Packages": packages,
        "nginx": _nginx_version(checkout),
        "wrk": wrk_version,
    }


def _revision(checkout: Checkout) -> str:
    def git(*arguments: str) -> str:
        done = subprocess.run(
            ["git", *arguments], cwd=checkout.root, capture_output=True, text=True, check=False
        )
        return done.stdout.strip()

    revision = git("rev-parse", "--short=12", "HEAD")
    if not revision:
        return "unknown, because this is no git checkout"
    # What this very run writes is no change of what was measured.
    changed = git("status", "--porcelain", "--untracked-files=no", "--", ".", ":!docs")
    return f"{revision} with changes that are not committed" if changed else revision


def _processor() -> str:
    try:
        found = re.search(r"^model name\s*: (.+)", Path("/proc/cpuinfo").read_text(), re.MULTILINE)
    except OSError:
        found = None
    return found[1] if found else platform.machine()


def _distribution() -> str:
    try:
        return platform.freedesktop_os_release()["PRETTY_NAME"]
    except (OSError, KeyError):
        return "unknown distribution"


def _nginx_version(checkout: Checkout) -> str:
    binary = nginx.find(checkout)
    if binary is None:
        return "not installed"
    said = subprocess.run([binary, "-v"], capture_output=True, text=True, check=False).stderr
    return said.strip().rpartition("/")[2]
