"""Each replica counts in files of its own, and a full disk ends no worker."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from gatehouse_chassis.observability.metric_files import AllocatedDict
from gatehouse_chassis.serving.metrics_folder import make_metrics_folder
from testing.checkout import ROOT

# Counts as a worker does. A limit for the size of a file stands in for a disk that gets full; 1 is a full one.
_WORKER = """
import errno, os, resource, signal, sys
from pathlib import Path
from gatehouse_chassis.observability.metrics import Metrics

signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
metrics = Metrics()
metrics.observe(method="GET", route="/before", status=200, seconds=1)
full = int(sys.argv[1])
if full == 1:
    def refuse(*_):
        raise OSError(errno.ENOSPC, "No space left on device")
    os.posix_fallocate = refuse
elif full:
    resource.setrlimit(resource.RLIMIT_FSIZE, (full, resource.RLIM_INFINITY))
if not os.fork():
    for number in range(1000):
        metrics.observe(method="GET", route=f"/{number}", status=200, seconds=1)
        metrics.observe(method="GET", route="/0", status=200, seconds=1)
        metrics.count_refused_write()
    os._exit(0)
_, status = os.wait()
assert status == 0, status
for file in Path(os.environ["PROMETHEUS_MULTIPROC_DIR"]).glob("*.db"):
    state = file.stat()
    assert state.st_size > 0, file
    assert state.st_blocks * 512 >= state.st_size, file
"""


@pytest.mark.parametrize("full", [0, 1 << 16, 1 << 18, 1])
def test_a_worker_writes_to_no_page_that_the_disk_has_not_given_yet(
    tmp_path: Path, full: int
) -> None:
    done = subprocess.run(
        [sys.executable, "-c", _WORKER, str(full)],
        env={**os.environ, "PROMETHEUS_MULTIPROC_DIR": str(tmp_path)},
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_what_was_counted_is_read_again(tmp_path: Path) -> None:
    file = str(tmp_path / "counter_1.db")
    for value in (1.0, 2.0):
        counted: Any = AllocatedDict(file)
        counted.write_value("key", value, 0.0)
        counted.close()
    read: Any = AllocatedDict(file, read_mode=True)
    assert [value for _, value, _ in read.read_all_values()] == [2.0]
    read.close()


_REPLICA = """
import sys
from pathlib import Path
from gatehouse_chassis.serving.metrics_folder import make_metrics_folder
print(make_metrics_folder(Path(sys.argv[1])), flush=True)
sys.stdin.read()
"""


def test_replicas_that_share_a_state_folder_have_a_folder_each_until_they_end(
    tmp_path: Path,
) -> None:
    (tmp_path / "metrics").mkdir()
    (tmp_path / "metrics" / "histogram_7.db").touch()  # as an earlier release left it
    replicas = [
        subprocess.Popen(
            [sys.executable, "-c", _REPLICA, str(tmp_path)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=ROOT,
        )
        for _ in range(3)
    ]
    folders = [Path(replica.stdout.readline().strip()) for replica in replicas if replica.stdout]
    assert len({*folders}) == 3
    replicas[0].kill()
    for replica in replicas[:1]:
        replica.communicate()
    fourth = make_metrics_folder(tmp_path)
    assert {*(tmp_path / "metrics").glob("*")} == {
        *folders[1:],
        fourth,
        tmp_path / "metrics" / "lock",
    }
    for replica in replicas[1:]:
        replica.communicate("")
