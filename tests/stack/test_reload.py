"""SIGHUP to a service's master: every worker is replaced, and nobody notices."""

import os
import re
import signal
from pathlib import Path

import pytest

from testing.hammer import Hammer
from testing.http import listens, send
from testing.processes import Program, wait_until
from testing.stack import Stack


def serving(master: Program) -> set[int]:
    """The workers of `master`, without the process that checks new code."""
    wait_until(lambda: len(master.children) >= 2, seconds=20, what="the service has its workers")
    return set(master.children)


def replaced(master: Program, old: set[int]) -> None:
    """Wait until the old workers are gone and as many new ones serve."""
    master.wait_until(
        lambda: len(master.children) == 2 and not old & set(master.children),
        seconds=60,
        what="the workers are replaced",
    )


def test_no_request_fails_while_workers_are_replaced_three_times(each_stack: Stack) -> None:
    hammer = Hammer(each_stack.url, each_stack.sign_in())
    master = each_stack.services["items"]
    with hammer.at_work():
        for _ in range(3):
            old = serving(master)
            before = len(hammer.titles)
            os.kill(master.pid, signal.SIGHUP)
            replaced(master, old)
            assert len(hammer.titles) > before
    assert hammer.failures == []
    assert hammer.reads > 0
    assert hammer.lost_or_doubled() == []


def test_sign_ins_go_on_while_auth_is_replaced(stack: Stack) -> None:
    master = stack.services["auth"]
    old = serving(master)
    os.kill(master.pid, signal.SIGHUP)
    signed_in = 0
    while old & set(master.children):
        stack.sign_in()
        signed_in += 1
    assert signed_in > 0
    replaced(master, old)


def test_a_reload_that_is_asked_for_during_another_is_one_more(stack: Stack) -> None:
    hammer = Hammer(stack.url, stack.sign_in())
    master = stack.services["items"]
    with hammer.at_work(writers=2, readers=1):
        first = serving(master)
        os.kill(master.pid, signal.SIGHUP)
        wait_until(lambda: len(master.children) == 4, seconds=20, what="new workers start")
        second = set(master.children)
        os.kill(master.pid, signal.SIGHUP)
        replaced(master, first | second)
    assert hammer.failures == []
    assert hammer.lost_or_doubled() == []


def test_measurements_of_the_replaced_workers_are_kept(stack: Stack) -> None:
    def counted() -> float:
        line = re.compile(rb'_count\{.*route="/health/live".*\} ([0-9.]+)')
        return sum(map(float, line.findall(send(stack.items_url, "/metrics").body)))

    for _ in range(10):
        stack.get("/items/health/live")
    master = stack.services["items"]
    before, old = counted(), serving(master)
    os.kill(master.pid, signal.SIGHUP)
    replaced(master, old)
    assert counted() >= before >= 10


@pytest.mark.parametrize(
    "how", [signal.SIGTERM, signal.SIGINT, signal.SIGQUIT], ids=lambda how: how.name
)
def test_a_stop_during_a_reload_leaves_nothing_running(stack: Stack, how: signal.Signals) -> None:
    master = stack.services["items"]
    port = int(stack.items_url.rpartition(":")[2])
    serving(master)
    os.kill(master.pid, signal.SIGHUP)
    try:
        wait_until(lambda: len(master.children) > 2, seconds=20, what="the reload has begun")
        everyone = set(master.children)
        master.stop(how, seconds=20)
        wait_until(
            lambda: not any(Path(f"/proc/{pid}").exists() for pid in everyone),
            seconds=5,
            what="every worker is gone",
        )
        assert not listens(port)
    finally:
        stack.start("items")
        stack.wait_for("items")
