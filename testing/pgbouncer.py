"""A real PgBouncer in front of a PostgreSQL, on a free port."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from testing.http import listens
from testing.ports import free_port
from testing.postgres import PostgreSQL
from testing.processes import Program

# PgBouncer refuses to run as root.
_USER = "nobody" if os.getuid() == 0 else None


@contextmanager
def running_pgbouncer(server: PostgreSQL, *, mode: str, connections: int = 3) -> Iterator[int]:
    """Yield the port of a new PgBouncer, whose few connections to the server all clients share.

    Skips where PgBouncer is not installed, but fails for it under CI. `PGBOUNCER` names another than the one on PATH.
    """
    program = os.environ.get("PGBOUNCER") or shutil.which(
        "pgbouncer", path=f"{os.environ['PATH']}:/usr/sbin"
    )
    if program is None:
        reason = "PgBouncer is not installed; on Debian: apt-get install pgbouncer"
        if os.environ.get("CI"):
            pytest.fail(reason)
        pytest.skip(reason)
    folder = Path(tempfile.mkdtemp(prefix="gatehouse-pgbouncer-"))
    port = free_port()
    configuration = folder / "pgbouncer.ini"
    configuration.write_text(
        f"""[databases]
* = host=127.0.0.1 port={server.port} user=postgres password={server.password}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = {port}
unix_socket_dir =
auth_type = any
pool_mode = {mode}
default_pool_size = {connections}
max_client_conn = 500
""",
        encoding="utf-8",
    )
    if _USER:
        shutil.chown(folder, _USER)
        shutil.chown(configuration, _USER)
    try:
        with Program(
            "pgbouncer",
            [program, configuration],
            environment={"PATH": os.environ["PATH"]},
            log=folder / "pgbouncer.log",
            user=_USER,
        ) as pgbouncer:
            pgbouncer.wait_until(lambda: listens(port), seconds=10, what="PgBouncer listens")
            yield port
    finally:
        shutil.rmtree(folder)
