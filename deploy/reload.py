"""Replace the workers of running services, one generation by the next, and tell how far it is."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from deploy.commands import last_lines
from deploy.errors import DeployError
from deploy.health import without_probes
from deploy.progress import Progress
from deploy.waiting import holds_within

STEPS = 2

# The check of the new code may take 90 s, its start some more, and the old workers 45 s
# (gatehouse_chassis/serving/master.py).
REPLACED_WITHIN_S = 180

# What a service's log says when it goes on with its old workers.
REFUSAL = "Not reloaded:"


@dataclass(frozen=True)
class Generation:
    """The main process of each replica of a service, and their workers: process ids."""

    masters: frozenset[int]
    workers: frozenset[int]


class Reloadable(Protocol):
    """What is asked of a stack."""

    def generation(self, service: str) -> Generation | None:
        """Return what serves now, or None while the service, or a replica of it, does not run."""

    def follow_log(self, service: str) -> Callable[[], str]:
        """Return a function that returns what the log of the service has said since this call."""

    def send_sighup(self, services: Sequence[str]) -> None:
        """Send SIGHUP to the main processes of each."""


def reload(stack: Reloadable, services: Sequence[str], progress: Progress) -> None:
    """Replace every worker of `services`; returns when the old ones are gone.

    Raises DeployError when one does not run, or goes on with its old workers because the new code does not start.
    """
    reloads = [_Reload(stack, service) for service in services]
    names = " and ".join(services)
    with progress.step(f"starting new workers of {names}"):
        stack.send_sighup(services)
        _wait(reloads, _Reload.has_new_workers)
    with progress.step("letting the old ones finish"):
        _wait(reloads, _Reload.is_over)
    for one in reloads:
        progress.say(f"{one.service}: {len(one.old.workers)} workers were replaced.")


class _Reload:
    """The reload of one service."""

    def __init__(self, stack: Reloadable, service: str) -> None:
        self.service = service
        self._stack = stack
        self._said = stack.follow_log(service)
        self.old = self._look()
        if not self.old.workers:
            raise self._failed("has no workers that could be replaced")

    def has_new_workers(self) -> bool:
        return len(self._now().workers - self.old.workers) >= len(self.old.workers)

    def is_over(self) -> bool:
        now = self._now().workers
        return bool(now) and not now & self.old.workers

    def late(self) -> DeployError:
        return self._failed(f"still has old workers after {REPLACED_WITHIN_S} s")

    def _now(self) -> Generation:
        now = self._look()
        if now.masters != self.old.masters:
            raise self._failed("ended while it reloaded")
        # A client may ask for a path of these words.
        if REFUSAL in _without_requests(self._said()):
            raise self._failed(
                "does not start with the code as it is now, so its old workers go on"
            )
        return now

    def _look(self) -> Generation:
        found = self._stack.generation(self.service)
        if found is None:
            raise self._failed("is not running")
        return found

    def _failed(self, what: str) -> DeployError:
        said = last_lines(_without_requests(without_probes(self._said())))
        log = f"The last lines of its log:\n{said}\n" if said else ""
        return DeployError(f"{log}{self.service} {what}.")


def _without_requests(log: str) -> str:
    """Return `log` without what is said of requests: under load, that is all there is to see."""
    return "".join(
        line for line in log.splitlines(keepends=True) if '"event": "request"' not in line
    )


def _wait(reloads: Sequence[_Reload], condition: Callable[[_Reload], bool]) -> None:
    if not holds_within(REPLACED_WITHIN_S, lambda: all(map(condition, reloads))):
        raise next(one for one in reloads if not condition(one)).late()
