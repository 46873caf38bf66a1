"""What `make reload` makes of what it sees; scripts stand for the stack and for Docker."""

import io
import json
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from deploy.docker import DockerStack
from deploy.errors import DeployError
from deploy.progress import Progress
from deploy.reload import STEPS, Generation, reload
from deploy.settings import load
from testing.services import checkout_of_samples

ONE = frozenset({1})
OLD = Generation(ONE, frozenset({10, 11}))
BOTH = Generation(ONE, frozenset({10, 11, 20, 21}))
NEW = Generation(ONE, frozenset({20, 21}))


class Scripted:
    """A stack whose service is `before`, and after the signal what comes `then`, look by look."""

    def __init__(self, before: Generation | None, *then: Generation | None, said: str = "") -> None:
        self._now = before
        self._then = list(then)
        self._said = said
        self._is_told = False

    def generation(self, service: str) -> Generation | None:
        if self._is_told and self._then:
            self._now = self._then.pop(0)
        return self._now

    def follow_log(self, service: str) -> Callable[[], str]:
        return lambda: self._said if self._is_told else ""

    def send_sighup(self, services: Sequence[str]) -> None:
        self._is_told = True


def reloaded(stack: Scripted) -> str:
    out = io.StringIO()
    reload(stack, ["items"], Progress(STEPS, out))
    return out.getvalue()


def test_it_waits_for_the_new_workers_and_then_for_the_end_of_the_old() -> None:
    printed = reloaded(Scripted(OLD, OLD, BOTH, BOTH, NEW))

    first, second, last = printed.splitlines()
    assert first.startswith("[1/2] starting new workers of items ... ")
    assert second.startswith("[2/2] letting the old ones finish ... ")
    assert last == "      items: 2 workers were replaced."


@pytest.mark.parametrize(
    ("stack", "reason"),
    [
        (Scripted(None), "items is not running."),
        (Scripted(Generation(ONE, frozenset())), "items has no workers that could be replaced."),
        (
            Scripted(OLD, OLD, Generation(frozenset({2}), NEW.workers)),
            "items ended while it reloaded.",
        ),
        (Scripted(OLD, OLD, None), "items is not running."),
    ],
    ids=["stopped", "starting", "crashed and restarted", "crashed"],
)
def test_what_cannot_be_reloaded_is_told(stack: Scripted, reason: str) -> None:
    with pytest.raises(DeployError) as failed:
        reloaded(stack)

    assert str(failed.value) == reason


def test_a_refusal_is_told_after_what_the_log_says_of_it() -> None:
    said = 'RuntimeError: half written\n{"event": "Not reloaded: it does not start"}\n'

    with pytest.raises(DeployError) as failed:
        reloaded(Scripted(OLD, said=said))

    assert str(failed.value).splitlines() == [
        "The last lines of its log:",
        "    RuntimeError: half written",
        '    {"event": "Not reloaded: it does not start"}',
        "items does not start with the code as it is now, so its old workers go on.",
    ]


@pytest.mark.parametrize("called", ["python -m items_service serve", "[python]"])
def test_workers_in_a_container_are_found_while_their_master_turns_into_another(
    tmp_path: Path, called: str
) -> None:
    labels = {
        "service": "items",
        "project.working_dir": str(tmp_path),
        "container-number": "1",
    }
    container = {
        "Id": "abc",
        "Config": {"Labels": {f"com.docker.compose.{key}": text for key, text in labels.items()}},
        "State": {"Status": "running", "Pid": 5, "ExitCode": 0, "StartedAt": "2026-01-01"},
        "RestartCount": 0,
        "HostConfig": {"RestartPolicy": {"Name": "unless-stopped"}},
    }
    (tmp_path / "inspected.json").write_text(json.dumps([container]))
    processes = [
        "  PID  PPID COMMAND",
        "    5     3 /sbin/docker-init -- python -m items_service serve",
        f"    6     5 {called}",
        "   10     6 python -m items_service serve",
        "   11     6 python -m items_service serve",
        "   12     6 python -m items_service check",
        "   13     3 python -c health",
    ]
    (tmp_path / "top").write_text("\n".join(processes))
    docker = tmp_path / "docker"
    docker.write_text(
        "#!/bin/sh\n"
        'case "$*" in\n'
        "  ps*) echo abc ;;\n"
        f"  inspect*) cat '{tmp_path}/inspected.json' ;;\n"
        f"  top*) cat '{tmp_path}/top' ;;\n"
        "esac\n"
    )
    docker.chmod(0o755)
    stack = DockerStack(
        checkout_of_samples(tmp_path),
        load(checkout_of_samples(tmp_path), {"PATH": f"{tmp_path}:/usr/bin:/bin"}),
    )

    assert stack.generation("items") == Generation(frozenset({6}), frozenset({10, 11}))
    assert stack.generation("auth") is None
