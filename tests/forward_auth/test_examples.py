"""What proxy/examples shows for other proxies, run in front of the real auth: the same tries, and none passes."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from conformance.proxies import PROXIES, TRAEFIK, folder_for_every_user
from testing.checkout import ROOT
from testing.http import send
from testing.processes import wait_until
from tests.forward_auth import corpus
from tests.forward_auth.corpus import Credentials

EXAMPLES = ROOT / "proxy" / "examples"
FILES = {
    "nginx": ("nginx/forward-auth.conf",),
    "Caddy": ("caddy/forward-auth.Caddyfile",),
    "HAProxy": ("haproxy/forward-auth.cfg", "haproxy/verify.lua"),
    "Apache httpd": ("apache/forward-auth.conf", "apache/verify.py"),
    "Envoy": ("envoy/forward-auth.yaml",),
    "Traefik": ("traefik/forward-auth.yaml",),
}


@contextmanager
def running(name: str, auth: int, dash: int) -> Iterator[int]:
    """The proxy with its example; yields its port."""
    proxy = TRAEFIK if name == "Traefik" else PROXIES[name]
    if proxy.program() is None:
        pytest.skip(f"{name} is not installed: {proxy.install}")
    configuration, *others = FILES[name]
    with folder_for_every_user() as folder:
        files = {
            f"/etc/gatehouse/{Path(other).name}": folder / Path(other).name for other in others
        }
        for other in others:
            shutil.copy(EXAMPLES / other, folder)
        with proxy.in_front_of_a_program(
            folder / "proxy", configuration, auth=auth, program=dash, files=files
        ) as port:
            # Traefik listens before it has read its file.
            url = f"http://127.0.0.1:{port}"
            wait_until(
                lambda: send(url, "/auth/health/live").status == 200,
                seconds=30,
                what=f"{name} leads to auth",
            )
            yield port


def assert_protected(
    port: int, demo: Credentials, admin: Credentials, *, keeps_cookies: bool = True
) -> None:
    corpus.assert_rights_count(port, demo, admin, vault=False)
    corpus.assert_only_the_word_of_auth_arrives(port, demo, keeps_cookies=keeps_cookies)
    corpus.assert_nothing_is_cached(port, demo)
    corpus.assert_the_way_leads_back(port, vault=False)
    assert corpus.assert_none_passes(port) > 100


@pytest.mark.parametrize("name", FILES)
@pytest.mark.sweep
def test_a_program_is_protected_by_every_proxy(
    name: str, auth: int, dash: int, demo: Credentials, admin: Credentials
) -> None:
    with running(name, auth, dash) as port:
        assert_protected(port, demo, admin, keeps_cookies=name != "Traefik")
