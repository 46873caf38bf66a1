"""`python -m loadtests run` and `python -m loadtests ui`: Locust with this project's defaults.

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

HERE = Path(__file__).parent
# nginx lets an address sign in five times a second, so users come no faster.
SPAWN_RATE = 5
# A user finishes its request and deletes its items in this time, or is cut off.
STOP_SECONDS = 10


def main() -> None:
    """Parse the command line and become Locust."""
    arguments = _parser().parse_args()
    command = [sys.executable, "-m", "locust", *arguments.locust_arguments(arguments)]
    os.execv(sys.executable, command)  # noqa: S606 - a shell would have nothing to do


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m loadtests",
        description="Load a running Gatehouse with Locust.",
        epilog="Exit codes of `run`: 0 every request was right, 1 some were not, 2 nothing was "
        "measured. Settings: DEMO_USERNAME and DEMO_PASSWORD (who signs in), GATEHOUSE_PORT, "
        "LOADTESTS_THINK_SECONDS (pause between two tasks, 0.5), LOADTESTS_ALLOWED_HOSTS "
        "(hosts beyond this machine that may be loaded); each from the environment or from .env.",
    )
    commands = parser.add_subparsers(required=True, metavar="run|ui")

    run = commands.add_parser("run", help="run headless, print a summary and write a report")
    run.add_argument("--users", type=_count, default=10, help="users at the peak (10)")
    run.add_argument("--time", type=_duration, default="30s", help="such as 30s, 5m or 1h30m (30s)")
    run.set_defaults(locust_arguments=_run_arguments)

    ui = commands.add_parser("ui", help="serve Locust's web page on this machine")
    ui.add_argument("--port", type=_free_port, default="8089", help="port of the web page (8089)")
    ui.set_defaults(locust_arguments=_ui_arguments)

    for command in (run, ui):
        command.add_argument("--url", help="what to load (http://localhost:$GATEHOUSE_PORT)")
    return parser


def _run_arguments(arguments: argparse.Namespace) -> list[str]:
    started = datetime.now(UTC).strftime("%Y-%m-%dT%H-%M-%SZ")
    return [
        *_common_arguments(arguments),
        "--headless",
        "--only-summary",
        "--loglevel=WARNING",
        f"--users={arguments.users}",
        f"--run-time={arguments.time}",
        f"--report-folder={HERE.parent / 'var' / 'load' / started}",
    ]


def _ui_arguments(arguments: argparse.Namespace) -> list[str]:
    return [*_common_arguments(arguments), "--web-host=127.0.0.1", f"--web-port={arguments.port}"]


def _common_arguments(arguments: argparse.Namespace) -> list[str]:
    return [
        f"--locustfile={HERE / 'locustfile.py'}",
        f"--spawn-rate={SPAWN_RATE}",
        f"--stop-timeout={STOP_SECONDS}",
        *([f"--host={arguments.url}"] if arguments.url else []),
    ]


def _count(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is no number of users: give 1 or more.")
    return int(text)


def _duration(text: str) -> str:
    if not re.fullmatch(r"(?=\d*[1-9])(\d+h)?(\d+m)?(\d+s?)?", text):
        raise argparse.ArgumentTypeError(f"{text!r} is no time: give it as 30s, 5m or 1h30m.")
    return text


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
