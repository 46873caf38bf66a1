"""Somebody else's nginx in front of the stack, with a prefix that it tells nobody."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from testing.other_nginx import running_nginx

_LINES = """
client_max_body_size 0;
location /outer/ {
    proxy_set_header Host $http_host;
    proxy_pass http://127.0.0.1:%d/;
}
"""


@contextmanager
def running_outer_proxy(folder: Path, *, inner_port: int) -> Iterator[str]:
    """Run an nginx that adds `/outer`, strips it and announces nothing; yield its public URL."""
    with running_nginx(folder, _LINES % inner_port) as origin:
        yield f"{origin}/outer"
