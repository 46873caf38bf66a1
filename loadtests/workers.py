"""The end of a run with several processes: the master waits for what its workers have measured.

Locust's master waits half a second for their last statistics, and a worker that gets a signal sends
none; but users delete their items when they leave, and every request counts.
"""

import atexit
import time

import gevent  # type: ignore[import-untyped]
import psutil
from locust.runners import STATE_CLEANUP, MasterRunner, WorkerRunner

LONGEST_WAIT_SECONDS = 20.0


def end_with_master() -> None:
    """Leave no process of `--processes` behind, however the run ends.

    Locust forgets those that have not ended by themselves when it looks for the first time, as
    they have not when the preflight fails.
    """
    atexit.register(_kill_children)


def _kill_children() -> None:
    for child in psutil.Process().children():
        child.kill()


def dismiss(master: MasterRunner) -> None:
    """Tell all workers to quit and wait until they have: what they say last is their statistics."""
    master.send_message("quit")
    deadline = time.monotonic() + LONGEST_WAIT_SECONDS
    while master.clients and time.monotonic() < deadline:
        gevent.sleep(0.05)


def leave(worker: WorkerRunner) -> None:
    """Let the users of this worker go and send the rest of what they measured."""
    deadline = time.monotonic() + LONGEST_WAIT_SECONDS
    while worker.state == STATE_CLEANUP and time.monotonic() < deadline:
        gevent.sleep(0.05)
    worker.stop()
    worker._send_stats()  # Locust's public ways of sending do not fire `report_to_master`.
