"""A run from several containers beside the stack: the Compose services load-master and load-worker."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from loadtests import provenance
from loadtests.settings import running

ROOT = Path(__file__).parent.parent
REPORTS = Path("var", "load")
# Inside the network of the stack; nginx listens there on this port, whatever it publishes.
URL = "http://proxy:8080"
BUDGETS = "/gatehouse/loadtests/budgets.toml"
NOT_STARTED = 2
INTERRUPTED = 130


class DistributedError(Exception):
    """The containers could not be started; the message says why and how to fix it."""


def run(workers: int, arguments: Sequence[str], budgets: Path) -> int:
    """Load the stack of this checkout from `workers` containers; return the master's exit code.

    `arguments` are those of `python -m loadtests run`, but for the file of `budgets`.
    """
    name = datetime.now(UTC).strftime("%Y-%m-%dT%H-%M-%SZ")
    try:
        if not budgets.is_file():
            raise DistributedError(f"{budgets} is no file: name one of budgets with BUDGETS=.")
        _expect_stack()
        print(f"Starting {workers} containers that load, and one that leads them ...", flush=True)
        _compose("build", "--quiet", "load-master")
        with _workers(workers), _reports_of(f"gatehouse-load-{name}") as master:
            return _lead(
                master,
                ["--volume", f"{budgets.absolute()}:{BUDGETS}:ro"],
                [f"--workers={workers}", f"--report={REPORTS / name}", *arguments],
            )
    except DistributedError as problem:
        print(f"load test not started: {problem}", file=sys.stderr)
        return NOT_STARTED
    except KeyboardInterrupt:
        return INTERRUPTED


def _expect_stack() -> None:
    try:
        found = _compose("ps", "--quiet", "--status", "running", "proxy")
    except FileNotFoundError:
        found = ""
    if not found:
        raise DistributedError(
            "WORKERS= loads from containers beside those of the stack, and it does not run in Docker: "
            "make up MODE=docker. With local processes, PROCESSES= uses several cores."
        )


@contextmanager
def _workers(count: int) -> Iterator[None]:
    try:
        _compose("up", "--detach", "--no-deps", "--scale", f"load-worker={count}", "load-worker")
        yield
    finally:
        _compose("rm", "--stop", "--force", "load-worker")


@contextmanager
def _reports_of(container: str) -> Iterator[str]:
    """Copy out what the container wrote, so that it belongs to the user who runs this."""
    try:
        yield container
    finally:
        (ROOT / REPORTS).mkdir(parents=True, exist_ok=True)
        _docker("cp", f"{container}:/gatehouse/{REPORTS}/.", str(ROOT / REPORTS))
        _docker("rm", "--force", "--volumes", container)


def _lead(container: str, options: Sequence[str], arguments: Sequence[str]) -> int:
    run = ["run", "--no-TTY", "--no-deps", "--use-aliases", "--name", container, *options]
    command = ["run", f"--url={URL}", f"--budgets={BUDGETS}", *arguments]
    running = subprocess.Popen(
        ["docker", "compose", "--profile", "load", *run, "load-master", *command],
        cwd=ROOT,
        env=_environment(),
        stdin=subprocess.DEVNULL,
        # Compose would leave the container alone at the first Ctrl-C, so it shall not hear it.
        start_new_session=True,
    )

    def end_early(*_: object) -> None:
        subprocess.run(["docker", "kill", "--signal=INT", container], capture_output=True)

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, end_early)
    return running.wait()


def _compose(*arguments: str) -> str:
    return _docker("compose", "--profile", "load", "--ansi", "never", *arguments)


def _docker(*arguments: str) -> str:
    done = subprocess.run(
        ["docker", *arguments], cwd=ROOT, env=_environment(), text=True, capture_output=True
    )
    if done.returncode != 0:
        last = (done.stderr or done.stdout).strip().rpartition("\n")[2]
        raise DistributedError(f"`docker {' '.join(arguments[:1])}` failed: {last}")
    return done.stdout.strip()


def _environment() -> dict[str, str]:
    return {
        **os.environ,
        **running(),
        # Compose labels containers with the folder that PWD names, which may be a link to this.
        "PWD": str(ROOT),
        provenance.REVISION_VARIABLE: json.dumps(provenance.revision()),
    }
