"""A route's own body limit in `services.toml` is nginx's too."""

import pytest

from testing.http import send
from testing.nginx import Proxy

DEFAULT = 1_000_000


@pytest.mark.parametrize(
    ("method", "path", "limit"),
    [
        ("PUT", "/team/notes/7/picture", 2_000_000),
        ("PUT", "/team/notes/7/picture/", 2_000_000),
        ("PUT", "/team/notes/7/picture?size=large", 2_000_000),
        ("PUT", "/team/notes/%C3%A9/picture", 2_000_000),
        ("PUT", "/team/notes/imports", 3_000_000),
        ("POST", "/team/notes", 1_500_000),
        ("POST", "/team/notes/", 1_500_000),
        ("PUT", "/team/notes/7/pictures", DEFAULT),
        ("PUT", "/team/notes/7/8/picture", DEFAULT),
        ("PUT", "/team/notes/picture", DEFAULT),
        ("POST", "/team/notes/7", DEFAULT),
    ],
)
def test_a_path_takes_what_its_entry_says(proxy: Proxy, method: str, path: str, limit: int) -> None:
    fits = send(proxy.url, path, method=method, body=b"x" * limit)
    assert fits.status == 200
    assert fits.json["body_bytes"] == limit
    assert fits.json["path"] == path.partition("?")[0]
    assert send(proxy.url, path, method=method, body=b"x" * (limit + 1)).status == 413


@pytest.mark.parametrize("path", ["/team/notes/metrics", "/team/notes/metrics/", "/legacy/metrics"])
def test_no_entry_opens_the_metrics(proxy: Proxy, path: str) -> None:
    assert send(proxy.url, path, method="POST", body=b"x").status == 404
