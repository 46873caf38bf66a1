"""The folder of a replica's metric files. Nothing here imports prometheus_client, which must find it when imported."""

import fcntl
import os
import shutil
import tempfile
from contextlib import suppress
from pathlib import Path

_LOCK = "lock"


def make_metrics_folder(state_dir: Path) -> Path:
    """A folder for this replica alone: others may share the state folder, and their process ids may be the same.

    It stays locked until this process and its children have ended, and what nobody locks is removed.

    Raises:
        OSError: it cannot be made.
    """
    parent = state_dir / "metrics"
    parent.mkdir(parents=True, exist_ok=True)
    with (parent / _LOCK).open(
        "w"
    ) as lock:  # or another that starts would remove what is not locked yet
        fcntl.flock(lock, fcntl.LOCK_EX)
        for entry in parent.iterdir():
            if entry.is_dir():
                _remove_unused(entry)
            elif entry.suffix == ".db":  # an earlier release kept the files here
                entry.unlink()
        folder = Path(tempfile.mkdtemp(prefix="replica-", dir=parent))
        # Never closed: it lasts as long as the process, also when that turns into a new master.
        kept = os.open(folder / _LOCK, os.O_RDWR | os.O_CREAT, 0o600)
        os.set_inheritable(kept, True)
        fcntl.flock(kept, fcntl.LOCK_EX)
    return folder


def _remove_unused(folder: Path) -> None:
    with suppress(OSError), (folder / _LOCK).open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        shutil.rmtree(folder, ignore_errors=True)
