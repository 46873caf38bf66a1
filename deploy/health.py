"""Ask the stack whether it is ready."""

import http.client
import json
import re
import urllib.error
import urllib.request
from collections.abc import Iterable

from gatehouse_chassis.services import ServiceEntry

TIMEOUT_S = 3
_PROBE = re.compile(r"/health/(live|ready)\b")

# Settings of an HTTP proxy for the internet must not stand between us and this machine.
_opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))


def paths(services: Iterable[ServiceEntry]) -> dict[str, str]:
    """What to ask below nginx's address, by name; nginx itself is ready when it serves the portal."""
    return {**{one.name: f"{one.prefix}/health/ready" for one in services}, "nginx": "/"}


def trouble(url: str) -> str | None:
    """Return None when `url` answers 2xx, else a clause that says what is not ready."""
    try:
        with _opener.open(url, timeout=TIMEOUT_S):
            return None
    except urllib.error.HTTPError as error:
        with error:
            return _failed_checks(error.read()) or f"HTTP {error.code}"
    except urllib.error.URLError as error:
        return str(getattr(error.reason, "strerror", None) or error.reason).lower()
    except (OSError, http.client.HTTPException) as error:
        return str(error) or type(error).__name__


def without_probes(log: str) -> str:
    """Return `log` without the lines that requests for health left: they drown what went wrong."""
    return "".join(line for line in log.splitlines(keepends=True) if not _PROBE.search(line))


def _failed_checks(body: bytes) -> str | None:
    """Return what the readiness document names, such as `database: connection refused`."""
    try:
        checks = json.loads(body)["checks"]
        return ", ".join(f"{name}: {said}" for name, said in checks.items() if said != "ok") or None
    except (ValueError, LookupError, TypeError, AttributeError):
        return None
