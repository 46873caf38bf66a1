import os
import subprocess
import sys
from pathlib import Path

import pytest

from deploy.checkout import Checkout
from deploy.local import leftovers
from testing.processes import wait_until

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="needs /proc")

# Waits for its input to end: if the test dies, so does it.
WAITING = [sys.executable, "-c", "import sys; sys.stdin.read()"]
# Children as fast as can be, as nginx's main process replaces a worker that was ended before it.
FORKING = [
    sys.executable,
    "-c",
    "import os, sys\n"
    "for number in range(500):\n"
    "    if os.fork() == 0: break\n"
    "    if number == 0: os.write(1, b'.')\n"
    "sys.stdin.read()",
]


def test_what_a_killed_program_left_is_ended_and_nothing_else(tmp_path: Path) -> None:
    checkout, elsewhere = Checkout(tmp_path / "here"), tmp_path / "elsewhere"
    checkout.run.mkdir(parents=True)
    elsewhere.mkdir()
    with (
        subprocess.Popen(WAITING, stdin=-1, cwd=checkout.root, process_group=0) as left,
        subprocess.Popen(WAITING, stdin=-1, cwd=checkout.root) as unrecorded,
        subprocess.Popen(WAITING, stdin=-1, cwd=elsewhere, process_group=0) as successor,
    ):
        # The second number was given to a process of another checkout meanwhile.
        leftovers.record(checkout, "nginx").write_text(f"{left.pid}\n{successor.pid}\n")

        assert leftovers.starts(checkout, "nginx") == 2
        assert leftovers.end(checkout, "nginx") == 1
        wait_until(lambda: left.poll() is not None, seconds=5, what="the left process ended")
        assert unrecorded.poll() is None
        assert successor.poll() is None


def test_children_that_a_program_makes_while_it_is_ended_are_ended_too(tmp_path: Path) -> None:
    checkout = Checkout(tmp_path)
    checkout.run.mkdir(parents=True)
    with subprocess.Popen(
        FORKING, stdin=-1, stdout=-1, cwd=checkout.root, process_group=0
    ) as forking:
        leftovers.record(checkout, "nginx").write_text(f"{forking.pid}\n")
        assert forking.stdout is not None
        forking.stdout.read(1)

        assert leftovers.end(checkout, "nginx") > 1
        assert leftovers.end(checkout, "nginx") == 0, "none is left to be found by a second look"


def test_a_program_that_never_ran_left_nothing(tmp_path: Path) -> None:
    assert leftovers.end(Checkout(tmp_path), "nginx") == 0
    assert leftovers.starts(Checkout(tmp_path), "nginx") == 0


def test_this_very_test_is_nobodys_leftover(tmp_path: Path) -> None:
    checkout = Checkout(tmp_path)
    checkout.run.mkdir(parents=True)
    leftovers.record(checkout, "auth").write_text(f"{os.getpgid(0)}\n")

    assert leftovers.end(checkout, "auth") == 0
