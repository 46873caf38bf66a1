"""Somebody else's nginx: the real program with a few lines of configuration, in front of a service."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from testing.http import listens
from testing.nginx import find_nginx
from testing.ports import free_port
from testing.processes import Program

_CONFIGURATION = """
%(user)s
error_log stderr warn;
pid nginx.pid;
events {}
http {
    access_log off;
    client_body_temp_path body;
    proxy_temp_path proxy;
    fastcgi_temp_path fastcgi;
    uwsgi_temp_path uwsgi;
    scgi_temp_path scgi;
    %(http)s
    server {
        listen 127.0.0.1:%(port)d default_server;
        return 421;
    }
    server {
        listen 127.0.0.1:%(port)d;
        server_name 127.0.0.1;
        %(server)s
    }
}
"""


def write_configuration(folder: Path, *, port: int, server: str = "", http: str = "") -> Path:
    """Write a configuration with these lines inside `server { }` and `http { }`."""
    # Root's workers become somebody who may not enter pytest's folder, if nobody says otherwise.
    user = "user root;" if os.getuid() == 0 else ""
    words = {"user": user, "port": port, "server": server, "http": http}
    (folder / "nginx.conf").write_text(_CONFIGURATION % words)
    return folder


def nginx_command(folder: Path, *options: str) -> list[str | Path]:
    """Return the command that runs nginx on the configuration in `folder`."""
    return [find_nginx(), "-e", "stderr", "-p", f"{folder}/", "-c", "nginx.conf", *options]


@contextmanager
def running_nginx(folder: Path, server: str) -> Iterator[str]:
    """Run it with these lines inside `server { }`, and yield its public origin."""
    port = free_port()
    write_configuration(folder, port=port, server=server)
    with Program(
        "the other nginx",
        nginx_command(folder, "-g", "daemon off;"),
        environment={"PATH": os.environ["PATH"]},
        log=folder / "nginx.log",
    ) as program:
        program.wait_until(lambda: listens(port), seconds=10, what="it listens")
        yield f"http://127.0.0.1:{port}"
