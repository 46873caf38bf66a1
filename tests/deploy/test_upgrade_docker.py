"""What `make upgrade` with Docker has to know of nginx."""

import re

from deploy.docker import LEFT_OUT_FOR_S
from testing.nginx import START


def test_old_replicas_serve_until_nginx_asks_the_new_ones_again() -> None:
    """Without it nginx had no replica that it would ask, and every request was 502 for some seconds."""
    left_out = {int(seconds) for seconds in re.findall(r"fail_timeout=(\d+)s", START.read_text())}

    assert left_out
    assert max(left_out) < LEFT_OUT_FOR_S
