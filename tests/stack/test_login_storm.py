"""Two hundred sign-ins at once: memory stays bounded, the rest are told to come back, and auth stays alive.

How fast it stays is measured by `make bench`, on a machine that does nothing else.
"""

import json
import os
import time
from collections import Counter
from pathlib import Path

from testing.http import send
from testing.processes import wait_until
from testing.stack import Stack
from testing.storm import own_process, storm_of_forms

STORM = 200
MOST_MEGABYTES = 250
"""Of the master and its workers, each page counted once, as the memory limit of a container counts them."""

ONE_HASH = 19
"""MiB."""


def threads_that_let_others_go_first(pid: int) -> int:
    """How many threads of a process have a niceness above 0 (proc_pid_stat(5), field 19)."""
    lines = [file.read_text() for file in Path(f"/proc/{pid}/task").glob("*/stat")]
    return sum(int(line.rpartition(")")[2].split()[16]) > 0 for line in lines)


def test_two_hundred_sign_ins_at_once_leave_auth_small_and_alive(each_stack: Stack) -> None:
    auth = each_stack.services["auth"]
    demo = {
        "grant_type": "password",
        "username": each_stack.demo.username,
        "password": each_stack.demo.password,
    }
    live, megabytes = [], 0.0
    with own_process() as process:
        started = time.perf_counter()
        storm = storm_of_forms(process, f"{each_stack.auth_url}/token", demo, STORM)
        while not storm.done():
            asked = time.perf_counter()
            assert send(each_stack.auth_url, "/health/live").status == 200
            live.append(time.perf_counter() - asked)
            megabytes = max(megabytes, auth.pss_megabytes)
        answers, lasted = storm.result(), time.perf_counter() - started
    statuses = Counter(status for status, _, _ in answers)
    assert set(statuses) == {200, 503}
    assert statuses[200] >= 32  # as many as one of the workers lets wait
    refused = [answer for answer in answers if answer[0] == 503]
    assert {retry_after for _, retry_after, _ in refused} == {"1"}
    assert {json.loads(body)["error"] for _, _, body in refused} == {"temporarily_unavailable"}
    assert megabytes < MOST_MEGABYTES
    # Nobody waits behind those who sign in, however busy the machine is.
    assert max(live) < lasted / 4
    niced = [threads_that_let_others_go_first(worker) for worker in auth.children]
    assert len(niced) == 2
    assert all(1 <= number <= max(1, (os.cpu_count() or 1) // 2) for number in niced), niced
    wait_until(
        lambda: auth.pss_megabytes < megabytes - ONE_HASH,
        seconds=30,
        what=f"the memory of hashing is given back: {megabytes:.0f} MB were in use",
    )
