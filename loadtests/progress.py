"""One line that says how a headless run is doing."""

import sys
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:  # Locust patches the standard library in every process that imports it.
    from locust.runners import Runner

TERMINAL_INTERVAL_SECONDS = 1.0
LOG_INTERVAL_SECONDS = 10.0


def say(sentence: str) -> None:
    """Tell the person at the terminal, on stderr."""
    print(f"load test: {sentence}", file=sys.stderr, flush=True)


def show(runner: "Runner", run_seconds: float | None) -> None:
    """Report on stderr until the greenlet that runs this is killed.

    On a terminal the line is rewritten each second; elsewhere, a line is added every ten.
    """
    terminal = sys.stderr.isatty()
    interval = TERMINAL_INTERVAL_SECONDS if terminal else LOG_INTERVAL_SECONDS
    start = before = time.monotonic()
    requests_before = 0
    while True:
        time.sleep(interval)
        now, total = time.monotonic(), runner.stats.total
        end = f" of {run_seconds:.0f}" if run_seconds else ""
        text = (
            f"{now - start:.0f}{end} s  {runner.user_count} users  {total.num_requests} requests"
            f"  {(total.num_requests - requests_before) / (now - before):.0f}/s"
            f"  {total.num_failures} failed"
        )
        before, requests_before = now, total.num_requests
        print(f"\r{text}\033[K" if terminal else f"{text}\n", end="", file=sys.stderr, flush=True)


def clear() -> None:
    """Leave an empty line for what is printed next."""
    if sys.stderr.isatty():
        print("\r\033[K", end="", file=sys.stderr, flush=True)
