"""Somebody else's nginx in front of the stack, with a prefix that it tells nobody."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.support.http import listens
from tests.support.nginx import find_nginx
from tests.support.ports import free_port
from tests.support.processes import Program

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
    client_max_body_size 0;
    server {
        listen 127.0.0.1:%(port)d;
        location /outer/ {
            proxy_set_header Host $http_host;
            proxy_pass http://127.0.0.1:%(inner_port)d/;
        }
    }
}
"""


@contextmanager
def running_outer_proxy(folder: Path, *, inner_port: int) -> Iterator[str]:
    """Run an nginx that adds `/outer`, strips it and announces nothing; yield its public URL."""
    port = free_port()
    # Root's workers become somebody who may not enter pytest's folder, if nobody says otherwise.
    user = "user root;" if os.getuid() == 0 else ""
    (folder / "nginx.conf").write_text(
        _CONFIGURATION % {"user": user, "port": port, "inner_port": inner_port}
    )
    options = ["-e", "stderr", "-p", f"{folder}/", "-c", "nginx.conf", "-g", "daemon off;"]
    with Program(
        "outer nginx",
        [find_nginx(), *options],
        environment={"PATH": os.environ["PATH"]},
        log=folder / "nginx.log",
    ) as program:
        program.wait_until(lambda: listens(port), seconds=10, what="the outer nginx listens")
        yield f"http://127.0.0.1:{port}/outer"
