"""The end of a run with several processes: the master waits for what its workers have measured.

Locust's master waits half a second for their last statistics, and a worker that gets a signal sends
none; but users delete their items when they leave, and every request counts.
"""

import atexit
import time

import gevent  # type: ignore[import-untyped]
import psutil
from locust.runners import STATE_CLEANUP, STATE_MISSING, MasterRunner, WorkerRunner

LONGEST_WAIT_SECONDS = 20.0


def end_with_master() -> None:
    """Leave no process of `--processes` behind, however the run ends.

    Locust forgets those that have not ended by themselves when it looks for the first time, as
    they have not when a check of the target fails.
    """
    atexit.register(_kill_children)


def _kill_children() -> None:
    for child in psutil.Process().children():
        child.kill()


class Crew:
    """The workers of a master, `expected` of them."""

    def __init__(self, master: MasterRunner, expected: int) -> None:
        self._master = master
        self._expected = expected
        self._gathered: int | None = None

    def dismiss(self) -> None:
        """Tell all workers to quit and wait until they have: what they say last is their statistics.

        Does nothing twice.
        """
        if self._gathered is not None:
            return
        told = {client.id for client in self._master.clients.all if client.state != STATE_MISSING}
        self._gathered = 0
        self._master.send_message("quit")
        deadline = time.monotonic() + LONGEST_WAIT_SECONDS
        # One that was killed falls silent, and is missing after some seconds.
        while self._waits_for(told) and time.monotonic() < deadline:
            gevent.sleep(0.05)
        self._gathered = len(told - set(self._master.clients))

    @property
    def lost(self) -> str:
        """How many of the workers never sent the rest of what they measured, as a clause; empty when all did."""
        lost = self._expected - (self._gathered or 0)
        if lost <= 0:
            return ""
        return (
            f"{lost} of {self._expected} processes of the load generator ended before the run did"
        )

    def _waits_for(self, told: set[str]) -> bool:
        clients = self._master.clients
        return any(one in clients and clients[one].state != STATE_MISSING for one in told)


def leave(worker: WorkerRunner) -> None:
    """Let the users of this worker go and send the rest of what they measured."""
    deadline = time.monotonic() + LONGEST_WAIT_SECONDS
    while worker.state == STATE_CLEANUP and time.monotonic() < deadline:
        gevent.sleep(0.05)
    worker.stop()
    worker._send_stats()  # Locust's public ways of sending do not fire `report_to_master`.
