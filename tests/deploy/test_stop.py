import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from deploy.checkout import Checkout
from deploy.local.control import Supervisor
from deploy.local.stack import LocalStack
from deploy.settings import load
from testing.checkout import ROOT

# Looks like a supervisord that is on its way out, and ends half a second after its pid file is gone.
ENDING = """
import os, pathlib, sys, time
pid_file = pathlib.Path(sys.argv[1])
pid_file.write_text(str(os.getpid()))
print(flush=True)
while pid_file.exists():
    time.sleep(0.01)
time.sleep(0.5)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="needs /proc")
def test_a_stop_waits_until_supervisord_is_gone_and_not_only_its_pid_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    checkout = Checkout(tmp_path)
    checkout.run.mkdir(parents=True)
    shutil.copy(ROOT / "services.toml", tmp_path)
    pid_file = checkout.run / "supervisord.pid"
    monkeypatch.setattr(Supervisor, "shut_down", lambda _: pid_file.unlink())
    ending = [sys.executable, "-c", ENDING, str(pid_file), "deploy.local.supervise"]
    with subprocess.Popen(ending, stdout=subprocess.PIPE) as supervisord:
        assert supervisord.stdout is not None
        supervisord.stdout.readline()

        LocalStack(checkout, load(checkout, {"PATH": ""})).stop()

        state = Path(f"/proc/{supervisord.pid}/stat").read_text().rpartition(")")[2].split()[0]
        assert state == "Z", "it has ended, and this test has not waited for it yet"
