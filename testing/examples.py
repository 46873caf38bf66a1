"""What stands in examples/, run by tests."""

import os
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from testing.checkout import ROOT
from testing.http import listens
from testing.ports import free_port
from testing.processes import Program

PLAIN_FASTAPI = ROOT / "examples" / "plain_fastapi"

_NEW = re.compile(r"^.*# \+\n", re.MULTILINE)
_OLD = re.compile(r"^( *)# - ", re.MULTILINE)


def before_gatehouse() -> str:
    """The application of `examples/plain_fastapi/` as its author had it: without the lines that are marked as new."""
    return _OLD.sub(r"\1", _NEW.sub("", (PLAIN_FASTAPI / "app.py").read_text()))


def services_with_example() -> str:
    """The list of services with the entry that the example's README says to add."""
    folders = (ROOT, PLAIN_FASTAPI)
    return "".join((folder / "services.toml").read_text(encoding="utf-8") for folder in folders)


@contextmanager
def running_example(
    folder: Path = PLAIN_FASTAPI, *, state: Path, port: int | None = None, **settings: str
) -> Iterator[int]:
    """Run `app.py` of `folder` as its README says, with what it writes in `state`; yield its port."""
    port = port or free_port()
    command = [sys.executable, "-m", "uvicorn", "app:app", "--no-proxy-headers"]
    environment = {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": str(ROOT),
        "MEMOS_DATABASE_URL": f"sqlite+aiosqlite:///{state}/memos.db",
        "MEMOS_PICTURES": str(state / "pictures"),
        **settings,
    }
    with Program(
        "the example",
        [*command, "--app-dir", folder, "--port", str(port)],
        environment=environment,
        log=state / "example.log",
    ) as program:
        program.wait_until(lambda: listens(port), seconds=20, what="the example listens")
        yield port
