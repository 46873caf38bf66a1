"""Ctrl-C and SIGTERM end a run in the same way: the users leave, and then comes the verdict.

Locust listens for SIGTERM only once its shape is through, and Python raises KeyboardInterrupt in
whichever user is running, which then leaves its items behind. So both are taken to the main
greenlet, where Locust expects a KeyboardInterrupt.
"""

import signal

import gevent  # type: ignore[import-untyped]

MASTER_SAYS_SO_WITHIN_SECONDS = 1.0


def heed_signals(*, is_worker: bool) -> None:
    """Call this in the main greenlet. A second signal ends the process at once.

    Ctrl-C reaches the master and its workers together. A worker leaves the master the time to tell
    it the same, because users can be stopped only once.
    """
    main = gevent.getcurrent()

    def interrupt() -> None:
        for watcher in watchers:
            watcher.cancel()
        if is_worker:
            gevent.sleep(MASTER_SAYS_SO_WITHIN_SECONDS)
        gevent.kill(main, KeyboardInterrupt())

    watchers = [
        gevent.signal_handler(number, interrupt) for number in (signal.SIGINT, signal.SIGTERM)
    ]
