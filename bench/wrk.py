"""wrk, the load generator (https://github.com/wg/wrk): found or unpacked, run, and read."""

import os
import re
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlencode

from deploy.checkout import Checkout
from deploy.debian_package import DebianPackage
from deploy.errors import DeployError
from testing.http import send

PACKAGE = DebianPackage("wrk")
CONNECTIONS = 16
"""Requests that are under way at every moment, where a measure does not say otherwise."""

_HERE = Path(__file__).parent
_FORM_TYPE = "application/x-www-form-urlencoded"
# What a run may take beyond its duration: a slow start, and answers that come late.
_GRACE_S = 60
# A late answer is a long latency and no failure; wrk by itself gives up after 2 s.
_TIMEOUT = "30s"

_MILLISECONDS = {"us": 0.001, "ms": 1.0, "s": 1000.0, "m": 60_000.0, "h": 3_600_000.0}


class Refused(Exception):
    """A figure that is none, because something else than the right answer was measured; `str()` says what."""


@dataclass(frozen=True, slots=True)
class Request:
    """What is asked again and again.

    Args:
        url: the address of a GET; with a form, of a POST.
        token: an access token.
        cookie: of a browser in which somebody is signed in.
        form: what is posted.
        cycle: a file with a path and a token on each line, which are asked in turn instead of `url`'s.
    """

    url: str
    token: str = ""
    form: Mapping[str, str] | None = None
    cycle: Path | None = None
    cookie: str = ""

    @property
    def headers(self) -> list[tuple[str, str]]:
        """What says who asks."""
        told = {"Authorization": self.token and f"Bearer {self.token}", "Cookie": self.cookie}
        return [(name, value) for name, value in told.items() if value]


@dataclass(frozen=True, slots=True)
class Run:
    """What wrk saw: requests per second, and latencies in milliseconds."""

    requests: int
    rate: float
    p50: float
    p99: float


class Wrk:
    """The program."""

    def __init__(self, binary: Path) -> None:
        self._binary = binary

    @property
    def version(self) -> str:
        """Such as `4.1.0`."""
        said = subprocess.run([self._binary, "-v"], capture_output=True, text=True, check=False)
        found = re.search(r"\d+\.\d+\.\d+", said.stdout)
        return found[0] if found else "of unknown version"

    def run(self, request: Request, seconds: int, connections: int = CONNECTIONS) -> Run:
        """Ask as fast as the answers come, for whole seconds.

        Raises:
            Refused: an answer was not 2xx, or did not come.
        """
        if request.cycle is None:
            _refuse_unless_right(request)
        command, environment = self._command(request)
        done = subprocess.run(
            [
                *command,
                f"-d{seconds}s",
                f"-c{connections}",
                "-t1",
                "--latency",
                "--timeout",
                _TIMEOUT,
                request.url,
            ],
            env={"PATH": os.environ["PATH"], **environment},
            capture_output=True,
            text=True,
            timeout=seconds + _GRACE_S,
            check=False,
        )
        if done.returncode:
            raise Refused(f"wrk ended with {done.returncode}: {done.stderr.strip()}")
        return parse(done.stdout)

    def _command(self, request: Request) -> tuple[list[str | Path], dict[str, str]]:
        if request.cycle:
            script, environment = "cycle.lua", {"BENCH_REQUESTS": str(request.cycle)}
        elif request.form is not None:
            script, environment = "form.lua", {"BENCH_FORM": urlencode(request.form)}
        else:
            words = (("-H", f"{name}: {value}") for name, value in request.headers)
            return [self._binary, *(word for pair in words for word in pair)], {}
        return [self._binary, "-s", _HERE / script], environment


def find(checkout: Checkout) -> Wrk | None:
    """The machine's wrk, else the one that was unpacked before, else None."""
    binary = PACKAGE.find(checkout)
    return Wrk(binary) if binary else None


def bring(checkout: Checkout) -> Wrk:
    """The wrk that is there, else the distribution's, unpacked below `.local` without root.

    Raises DeployError, with a sentence that says how to fix it, where neither can be had.
    """
    if found := find(checkout):
        return found
    if not PACKAGE.can_be_unpacked():
        raise DeployError(PACKAGE.how_to_install())
    return Wrk(PACKAGE.unpack(checkout))


def parse(printed: str) -> Run:
    """What a run with `--latency` printed.

    Raises:
        Refused: an answer was an error or did not come, or there was none.
    """
    if wrong := re.search(r"Non-2xx or 3xx responses: (\d+)", printed):
        raise Refused(f"{wrong[1]} answers were errors")
    if lost := re.search(r"Socket errors: (.*)", printed):
        raise Refused(f"answers did not come: {lost[1]}")
    total = re.search(r"(\d+) requests in ", printed)
    rate = re.search(r"Requests/sec: +([\d.]+)", printed)
    if not (total and rate and int(total[1])):
        raise Refused("there was no answer")
    return Run(int(total[1]), float(rate[1]), _percentile(printed, 50), _percentile(printed, 99))


def _percentile(printed: str, percent: int) -> float:
    found = re.search(rf"^ +{percent}% +([\d.]+)(us|ms|s|m|h) *$", printed, re.MULTILINE)
    if not found:
        raise Refused(f"wrk printed no {percent}th percentile")
    return float(found[1]) * _MILLISECONDS[found[2]]


def _refuse_unless_right(request: Request) -> None:
    """Ask once and look closer than wrk does, which takes a redirect for an answer."""
    headers = request.headers
    if request.form is None:
        answer = send(request.url, headers=headers)
    else:
        headers.append(("Content-Type", _FORM_TYPE))
        body = urlencode(request.form).encode()
        answer = send(request.url, method="POST", headers=headers, body=body)
    if not 200 <= answer.status < 300:
        raise Refused(f"{request.url} answers {answer.status}")
