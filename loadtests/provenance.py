"""Where figures come from: revision, versions and machine. What cannot be found out is left out or None."""

import json
import os
import platform
import re
import subprocess
import urllib.request
from contextlib import suppress
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import psutil

ROOT = Path(__file__).parent.parent
REVISION_VARIABLE = "LOADTESTS_REVISION"
# What serves a stack of local processes is installed where Locust is.
SERVER_PACKAGES = ("fastapi", "uvicorn", "gunicorn")
TIMEOUT_SECONDS = 5.0


def revision(folder: Path = ROOT) -> dict[str, Any] | None:
    """The git commit of `folder`, and whether files differ from it (`dirty`).

    In a container there is no git: there the one who started it says it in LOADTESTS_REVISION.
    """
    given = os.environ.get(REVISION_VARIABLE)
    if given:
        known: dict[str, Any] | None = json.loads(given)
        return known
    try:
        commit = _output("git", "-C", str(folder), "rev-parse", "HEAD").strip()
        changes = _output("git", "-C", str(folder), "status", "--porcelain")
    except (OSError, subprocess.SubprocessError):
        return None
    return {"commit": commit, "dirty": bool(changes.strip())}


def versions(url: str, supervisor: psutil.Process | None) -> dict[str, str]:
    """The versions of what loads and of what is loaded.

    The target says its own; what serves it is known of this machine's local processes only, whose
    `supervisor` is given then.
    """
    found = {"Python": platform.python_version(), "Locust": version("locust")}
    with suppress(OSError, ValueError, LookupError, TypeError):
        found["Gatehouse"] = str(_openapi(url)["info"]["version"])
    if supervisor:
        for package in SERVER_PACKAGES:
            with suppress(PackageNotFoundError):
                found[package] = version(package)
        with suppress(OSError, LookupError, psutil.Error, subprocess.SubprocessError):
            found["nginx"] = _nginx_version(supervisor)
    return found


def machine() -> dict[str, Any]:
    """The machine that loads."""
    return {
        "cores": len(os.sched_getaffinity(0)),
        "processor": _processor(),
        "memory_gb": round(psutil.virtual_memory().total / 1e9, 1),
        "system": f"{platform.system()} {platform.release()}",
    }


def load_average() -> float:
    """How many programs of this machine wanted a core at once, on average of the last minute."""
    return round(os.getloadavg()[0], 1)


def _openapi(url: str) -> Any:
    # Without handlers for proxies: only the target itself may answer for the target.
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with opener.open(f"{url}/auth/openapi.json", timeout=TIMEOUT_SECONDS) as response:
        return json.load(response)


def _nginx_version(supervisor: psutil.Process) -> str:
    executables = {
        child.exe() for child in supervisor.children(recursive=True) if "nginx" in child.name()
    }
    return str(re.findall(r"nginx/(\S+)", _output(executables.pop(), "-v"))[0])


def _processor() -> str | None:
    with suppress(OSError, LookupError):
        text = Path("/proc/cpuinfo").read_text(encoding="utf-8")
        return str(re.findall(r"^model name\s*:\s*(.+)$", text, re.MULTILINE)[0])
    return platform.processor() or None


def _output(*command: str) -> str:
    done = subprocess.run(
        command,
        check=True,
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        timeout=TIMEOUT_SECONDS,
    )
    return done.stdout
