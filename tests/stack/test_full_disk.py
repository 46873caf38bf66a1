"""The disk of a service is full: its database's and its state folder's."""

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from testing.http import send
from testing.processes import Program, wait_until
from testing.stack import Stack

_MEGABYTES = 8


class Disk:
    """A small file system that only items sees, in a mount namespace of its own, which takes no root to make."""

    def __init__(self, mount_point: Path, items: Program) -> None:
        self.items = items
        self._filler = Path(f"/proc/{items.pid}/root{mount_point}/filler")

    def fill(self) -> None:
        """Leave no byte."""
        with self._filler.open("wb", buffering=0) as filler:
            try:
                while True:
                    filler.write(bytes(4096))
            except OSError:
                return

    def clear(self) -> None:
        """Make room again."""
        self._filler.unlink()


@pytest.fixture
def disk(stack: Stack, tmp_path: Path) -> Iterator[Disk]:
    """The disk of items, which is restarted on it and, at the end, where it was before."""
    own = ["unshare", "--map-root-user", "--mount"]
    can_mount = shutil.which("unshare") and subprocess.run(
        [*own, "mount", "-t", "tmpfs", "tmpfs", tmp_path], check=False
    )
    if not can_mount or can_mount.returncode != 0:
        reason = "no file system can be mounted here, not even in a namespace of one's own"
        if os.environ.get("CI"):
            pytest.fail(reason)
        pytest.skip(reason)
    environment = {
        **stack.environment,
        "ITEMS_DATABASE_URL": f"sqlite:///{tmp_path}/items.db",
        "ITEMS_STATE_DIR": f"{tmp_path}/state",
    }
    items = f"{sys.executable} -m items_service"
    script = f"mount -t tmpfs -o size={_MEGABYTES}m tmpfs {tmp_path} && {items} migrate && exec {items} serve"
    stack.services["items"].stop()
    with Program(
        "items on a small disk",
        [*own, "sh", "-c", script],
        environment=environment,
        log=stack.folder / "items-on-a-small-disk.log",
    ) as running:
        stack.services["items"] = running
        stack.wait_for("items")
        yield Disk(tmp_path, running)
    stack.start("items")
    stack.wait_for("items")


def _titles(stack: Stack, token: str) -> list[str]:
    titles, query = [], "?limit=100"
    while query:
        page = stack.call("GET", f"/items/{query}", token=token).json
        titles += [item["title"] for item in page["items"]]
        cursor = page.get("next_cursor")
        query = f"?limit=100&cursor={cursor}" if cursor else ""
    return titles


def test_reads_go_on_no_worker_dies_and_writes_come_back_by_themselves(
    stack: Stack, disk: Disk
) -> None:
    token = stack.sign_in()
    acknowledged = []

    def write(title: str) -> int:
        body = {"title": title, "description": "x" * 500}
        answer = stack.call("POST", "/items/", token=token, json=body)
        if answer.status == 201:
            acknowledged.append(title)
        elif answer.status == 503:
            assert answer.headers["Retry-After"]
        return answer.status

    def readiness() -> dict[str, str]:
        answer = send(stack.items_url, "/health/ready")
        assert answer.status == 200
        checks: dict[str, str] = answer.json["checks"]
        return checks

    assert write("before") == 201
    wait_until(lambda: len(disk.items.children) == 2, seconds=10, what="items has two workers")
    workers = {*disk.items.children}
    disk.fill()
    written = [write(f"full {number}") for number in range(100)]
    assert set(written) <= {201, 503}
    assert written[-50:] == [503] * 50
    for path in ("/items/", "/items/openapi.json", "/items/nowhere", "/items/docs"):
        statuses = {stack.call("GET", path, token=token).status for _ in range(20)}
        assert statuses == {404 if path == "/items/nowhere" else 200}
    assert readiness()["writes"] == "refused"
    assert {*disk.items.children} == workers
    refused = (
        send(stack.items_url, "/metrics")
        .body.decode()
        .partition("\ndatabase_refused_writes_total ")[2]
    )
    assert float(refused.split()[0]) >= 50

    # One that starts now has no room for anything of its own.
    os.kill(min(workers), signal.SIGKILL)
    wait_until(
        lambda: len(disk.items.children) == 2 and {*disk.items.children} != workers,
        seconds=10,
        what="the killed worker is replaced",
    )
    assert {stack.call("GET", "/items/", token=token).status for _ in range(40)} == {200}

    disk.clear()
    wait_until(lambda: write("after") == 201, seconds=5, what="writes work again")
    wait_until(lambda: readiness()["writes"] == "ok", seconds=5, what="readiness says so")
    assert sorted(_titles(stack, token)) == sorted(acknowledged)
