"""`make up` of a checkout without Docker: how long it takes when everything is installed, and its memory."""

import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bench.figures import spread
from bench.rows import Figure, Findings, at_most
from bench.session import Measure, Session
from bench.sign_in import access_token, password_form
from bench.wrk import Refused, Request
from deploy import settings_file
from testing.checkout import Copy
from testing.processes import pss_megabytes
from testing.stack import User

_WORK_S = 2


def _measure(session: Session) -> Findings:
    with tempfile.TemporaryDirectory(prefix="gatehouse-bench-") as folder:
        copy = Copy(Path(folder) / "gatehouse", "local")
        copy.share_packages()
        copy.environment["GATEHOUSE_RATE_LIMIT_EXEMPT"] = "127.0.0.1"
        with _up(copy):
            pass  # the first one writes .env and makes the databases, which is not what is timed
        times = []
        for number in range(1, session.plan.starts + 1):
            session.say(f"start {number} of {session.plan.starts}")
            began = time.perf_counter()
            with _up(copy):
                times.append(time.perf_counter() - began)
                if number == session.plan.starts:
                    _work(session, copy)
                    memory = {process: pss_megabytes(process) for process in copy.processes()}
    total = sum(memory.values())
    return Findings(
        (
            Figure(spread([total]), f"{len(memory)} processes, after {2 * _WORK_S} s of load"),
            Figure(spread(times), f"{len(times)} starts"),
        )
    )


@contextmanager
def _up(copy: Copy) -> Iterator[None]:
    try:
        done = copy.make("up")
        if done.returncode:
            raise Refused(f"`make up` failed: {done.stderr.strip()}")
        yield
    finally:
        copy.make("down")


def _work(session: Session, copy: Copy) -> None:
    """Let every worker do what it is there for, so that its memory is that of a service in use."""
    env, url = settings_file.read(copy.folder / ".env"), f"http://127.0.0.1:{copy.port}"
    user = User(env["DEMO_USERNAME"], env["DEMO_PASSWORD"])
    session.wrk.run(Request(f"{url}/auth/token", form=password_form(user)), _WORK_S)
    session.wrk.run(Request(f"{url}/items/", access_token(url, user)), _WORK_S)


MEASURE = Measure(
    "up",
    "`make up` and the memory of the stack",
    _measure,
    (
        at_most(
            "Memory of the whole local stack (2 x 2 workers, nginx, supervisor)", 320, " MB PSS"
        ),
        at_most("Ready after `make up` when everything is installed", 5, " s"),
    ),
)
