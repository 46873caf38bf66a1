"""`python -m loadtests run` and its like: Locust with this project's defaults.

Locust must patch the standard library before anything else runs, so it gets a fresh process in
place of this one, and signals and the exit code are its own.
"""

import argparse
import os
import re
import socket
import sys
from datetime import UTC, datetime
from pathlib import Path

from loadtests import capacity, compare, distributed, shapes, side_by_side
from loadtests.settings import STATE_FOLDER

HERE = Path(__file__).parent
# A user finishes its request and deletes its items in this time, or is cut off.
STOP_SECONDS = 10
WORKERS_COME_WITHIN_SECONDS = 60
RATE, DEFAULT_RATE = "rate", 50.0
CAPACITY, PROBE_TIME = "capacity", "10s"
EXIT_CODES = """\
exit codes of `run`:
  0  every budget was kept
  1  the load test itself failed
  2  nothing was measured: the target is not ready, or no request was made
  3  a budget was broken; the row is named
  4  nothing was broken, but it cannot be told whether all was kept: the run was too short or a figure too close to its
     budget (the sentence says how many more seconds it takes), it was interrupted, a process of the load generator
     ended in the middle, or requests that were due were not sent

settings, from the environment and then from .env:
  ADMIN_USERNAME, ADMIN_PASSWORD  makes an account for every user and the client of service clients
  DEMO_USERNAME, DEMO_PASSWORD    who all users are where no administrator is known
  GATEHOUSE_PORT                  port of the stack on this machine (8080)
  LOADTESTS_THINK_SECONDS         pause between two tasks (0.5)
  LOADTESTS_ALLOWED_HOSTS         hosts beyond this machine that may be loaded
  LOADTESTS_STATE_FOLDER          where reports and the seed of the accounts are kept (var/load)
  LOADTESTS_ACCOUNTS_SEED         the seed itself, where no folder is kept
"""


def main() -> None:
    """Parse the command line and become Locust, unless it asks for something that Locust has no part in."""
    arguments = _parser().parse_args()
    if "action" in arguments:
        sys.exit(arguments.action(arguments))
    if "shape" in arguments and arguments.shape == CAPACITY:
        sys.exit(_find_capacity(arguments))
    if "containers" in arguments and arguments.containers:
        sys.exit(
            distributed.run(
                arguments.containers, _container_arguments(arguments), arguments.budgets
            )
        )
    command = [sys.executable, "-m", "locust", *arguments.locust_arguments(arguments)]
    os.execv(sys.executable, command)  # noqa: S606 - a shell would have nothing to do


def _find_capacity(arguments: argparse.Namespace) -> int:
    if arguments.workers or arguments.containers:
        print(
            "load test not started: SHAPE=capacity loads from this machine: use PROCESSES= instead of WORKERS=.",
            file=sys.stderr,
        )
        return 2
    options = [
        f"--users={arguments.users}",
        f"--time={arguments.time or PROBE_TIME}",
        f"--budgets={arguments.budgets.absolute()}",
        f"--processes={arguments.processes or 1}",
    ]
    first = arguments.rate or DEFAULT_RATE
    return capacity.main(arguments.url, first, options, _reports_folder())


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m loadtests",
        description="Load a running Gatehouse with Locust.",
        epilog=EXIT_CODES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    commands = parser.add_subparsers(required=True, metavar="run|ui|worker|compare")
    _add_run(commands)
    _add_ui(commands)
    _add_worker(commands)
    _add_compare(commands)
    return parser


def _add_run(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    run = commands.add_parser(
        "run",
        help="run headless, judge the budgets and write a report",
        epilog=EXIT_CODES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    times = ", ".join(f"{shape} {time}" for shape, time in shapes.DEFAULT_TIMES.items())
    run.add_argument(
        "--shape",
        choices=[*shapes.DEFAULT_TIMES, RATE, CAPACITY],
        default="steady",
        help="steady: all users from the start (the default); steps: a fifth more of them, five "
        "times; spike: suddenly all of them; soak: they come and go for long; rate: the open model; "
        "capacity: many runs of the open model, which find the highest rate at which the budgets hold",
    )
    run.add_argument(
        "--rate",
        type=_rate,
        help="requests per second at the peak of the shape, sent at planned times whatever the "
        f"answers do and measured from them: the open model ({DEFAULT_RATE:g} with --shape=rate)",
    )
    # For two runs that `compare --base` starts.
    run.add_argument("--side", type=int, choices=(0, 1), help=argparse.SUPPRESS)
    run.add_argument("--users", type=_count, default=10, help="users at the peak (10)")
    run.add_argument("--time", type=_duration, help=f"such as 30s, 5m or 1h30m ({times})")
    _add_url(run)
    run.add_argument(
        "--budgets", type=Path, default=HERE / "budgets.toml", help="(loadtests/budgets.toml)"
    )
    run.add_argument("--report", type=Path, help="folder of the report (var/load/<time>)")
    several = run.add_mutually_exclusive_group()
    several.add_argument(
        "--processes", type=_count, help="share the users among so many processes of this machine"
    )
    several.add_argument(
        "--workers", type=_count, help="share them among so many `worker`s, which are waited for"
    )
    several.add_argument(
        "--containers",
        type=_count,
        help="share them among so many containers beside those of the stack (docker-compose.yml)",
    )
    run.set_defaults(locust_arguments=_run_arguments)


def _add_ui(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    ui = commands.add_parser("ui", help="serve Locust's web page on this machine")
    ui.add_argument("--port", type=_free_port, default="8089", help="port of the web page (8089)")
    _add_url(ui)
    ui.set_defaults(locust_arguments=_ui_arguments)


def _add_worker(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    worker = commands.add_parser("worker", help="run users for a `run --workers` elsewhere")
    worker.add_argument("--master", required=True, help="host of that run")
    worker.set_defaults(locust_arguments=_worker_arguments)


def _add_compare(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    comparison = commands.add_parser("compare", help="set two runs or two revisions side by side")
    comparison.add_argument(
        "a", nargs="?", type=Path, help="folder of a report (the last but one of var/load)"
    )
    comparison.add_argument("b", nargs="?", type=Path, help="folder of another one (the last)")
    comparison.add_argument(
        "--base",
        metavar="REVISION",
        help="load this git revision and the work tree in turns, each with a stack of its own, and say row by row "
        "which is slower",
    )
    comparison.add_argument("--rate", type=_rate, default=300.0, help="requests per second (300)")
    comparison.add_argument("--time", type=_seconds, default=240, help="such as 4m (the default)")
    comparison.set_defaults(action=_compare)


def _compare(arguments: argparse.Namespace) -> int:
    if arguments.base:
        return side_by_side.main(arguments.base, arguments.rate, arguments.time, _reports_folder())
    return compare.main(arguments.a, arguments.b, _reports_folder())


def _add_url(command: argparse.ArgumentParser) -> None:
    command.add_argument("--url", help="what to load (http://localhost:$GATEHOUSE_PORT)")


def _run_arguments(arguments: argparse.Namespace) -> list[str]:
    report = arguments.report or _reports_folder() / f"{datetime.now(UTC):%Y-%m-%dT%H-%M-%SZ}"
    several = []
    if arguments.processes and arguments.processes > 1:
        # Between each other only: at Locust's own port the workers of another run may come by.
        port = _unused_port()
        several = [
            f"--processes={arguments.processes}",
            "--master-bind-host=127.0.0.1",
            f"--master-bind-port={port}",
            f"--master-port={port}",
        ]
    if arguments.workers:
        several = [
            "--master",
            f"--expect-workers={arguments.workers}",
            f"--expect-workers-max-wait={WORKERS_COME_WITHIN_SECONDS}",
        ]
    rate = arguments.rate or (DEFAULT_RATE if arguments.shape == RATE else 0.0)
    curve = "steady" if arguments.shape == RATE else arguments.shape
    return [
        # In the open model the rate follows the shape, and the users are there from the start.
        *_common_arguments(shapes.FOLDER / f"{'steady' if rate else curve}.py"),
        *_host(arguments),
        *several,
        "--headless",
        f"--users={arguments.users}",
        f"--run-time={arguments.time or shapes.DEFAULT_TIMES[curve]}",
        f"--rate={rate}",
        f"--curve={curve}",
        *([] if arguments.side is None else [f"--side={arguments.side}"]),
        f"--budgets={arguments.budgets.absolute()}",
        f"--report-folder={report.absolute()}",
        # With it Locust prints no tables of its own: the verdict has the same figures.
        f"--json-file={report.absolute() / 'locust'}",
    ]


def _container_arguments(arguments: argparse.Namespace) -> list[str]:
    given = {"shape": arguments.shape, "users": arguments.users, "time": arguments.time}
    given |= {"url": arguments.url, "rate": arguments.rate}
    return [f"--{name}={value}" for name, value in given.items() if value]


def _ui_arguments(arguments: argparse.Namespace) -> list[str]:
    page = ["--web-host=127.0.0.1", f"--web-port={arguments.port}"]
    return [*_common_arguments(), *_host(arguments), *page]


def _worker_arguments(arguments: argparse.Namespace) -> list[str]:
    return [*_common_arguments(), "--worker", f"--master-host={arguments.master}"]


def _common_arguments(*more_files: Path) -> list[str]:
    files = ",".join(str(file) for file in (HERE / "locustfile.py", *more_files))
    return [
        f"--locustfile={files}",
        "--loglevel=WARNING",
        "--only-summary",
        f"--stop-timeout={STOP_SECONDS}",
    ]


def _host(arguments: argparse.Namespace) -> list[str]:
    return [f"--host={arguments.url}"] if arguments.url else []


def _reports_folder() -> Path:
    return Path(os.environ.get("LOADTESTS_STATE_FOLDER") or STATE_FOLDER)


def _count(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is no number: give 1 or more.")
    return int(text)


def _rate(text: str) -> float:
    try:
        rate = float(text)
    except ValueError:
        rate = 0.0
    if not 0 < rate <= 100_000:
        raise argparse.ArgumentTypeError(f"{text!r} is no rate: give requests per second above 0.")
    return rate


def _duration(text: str) -> str:
    if not re.fullmatch(r"(?=\d*[1-9])(\d+h)?(\d+m)?(\d+s?)?", text):
        raise argparse.ArgumentTypeError(f"{text!r} is no time: give it as 30s, 5m or 1h30m.")
    return text


def _seconds(text: str) -> int:
    units = {"h": 3600, "m": 60, "s": 1, "": 1}
    parts = re.findall(r"(\d+)([hms]?)", _duration(text))
    return sum(int(number) * units[unit] for number, unit in parts)


def _unused_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _free_port(text: str) -> int:
    if not text.isdecimal() or not 0 < int(text) < 65536:
        raise argparse.ArgumentTypeError(f"{text!r} is no port: give 1 to 65535.")
    with socket.socket() as probe:
        # As the web server does it, so that the port of a page closed a moment ago counts as free.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", int(text)))
        except OSError as error:
            raise argparse.ArgumentTypeError(
                f"port {text} cannot be used ({error.strerror}): "
                "choose another with PORT= or --port."
            ) from error
    return int(text)


if __name__ == "__main__":
    main()
