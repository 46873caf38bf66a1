"""supervisord, looking after its programs ten times a second: `python -m deploy.local.supervise`.

By itself it looks once a second, and a program that was killed waits for two looks before it is
started again: too long where a service is to be back within three seconds. The interval is no setting,
so the poller that waits for it is told to wait less.
"""

from supervisor import poller
from supervisor.supervisord import main

LOOK_EVERY_S = 0.1


class EagerPoller(poller.Poller):  # type: ignore[misc]  # supervisor has no types
    """supervisor's poller for this system, waiting for a tenth of a second at most."""

    def poll(self, timeout: float) -> object:
        """Return what can be read and written, as soon as there is something or the time is over."""
        return super().poll(min(timeout, LOOK_EVERY_S))


if __name__ == "__main__":
    poller.Poller = EagerPoller
    main()
