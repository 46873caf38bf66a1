"""Ctrl-C and SIGTERM end a run in the same way: the users leave, and then comes the verdict.

Locust listens for SIGTERM only once its shape is through, and Python raises KeyboardInterrupt in
whichever user is running, which then leaves its items behind. So both are taken to the main
greenlet, where Locust expects a KeyboardInterrupt.
"""

import signal
import sys
from types import FrameType

import gevent  # type: ignore[import-untyped]
from locust.runners import STATE_INIT, Runner, WorkerRunner

from loadtests.progress import say
from loadtests.verdict import NOTHING_MEASURED

SIGNALS = (signal.SIGINT, signal.SIGTERM)
MASTER_SAYS_SO_WITHIN_SECONDS = 1.0


def exit_on_signals() -> None:
    """Until there is something to judge, a signal ends the process, and Locust its workers with it."""
    for number in SIGNALS:
        signal.signal(number, _exit)


def judge_on_signals(runner: Runner, *, headless: bool) -> None:
    """From now on a signal ends the run as its time does; a second one ends the process at once.

    Call this in the main greenlet. Ctrl-C reaches the master and its workers together. A worker
    leaves the master the time to tell it the same, because users can be stopped only once.
    """
    main = gevent.getcurrent()

    def interrupt() -> None:
        for watcher in watchers:
            watcher.cancel()
        if isinstance(runner, WorkerRunner):
            gevent.sleep(MASTER_SAYS_SO_WITHIN_SECONDS)
        elif headless and runner.state == STATE_INIT:
            _say_what_was_interrupted()
            gevent.kill(main, SystemExit(NOTHING_MEASURED))
            return
        gevent.kill(main, KeyboardInterrupt())

    watchers = [gevent.signal_handler(number, interrupt) for number in SIGNALS]


def _exit(_number: int, _frame: FrameType | None) -> None:
    _say_what_was_interrupted()
    sys.exit(NOTHING_MEASURED)


def _say_what_was_interrupted() -> None:
    say("interrupted before the first user.")
