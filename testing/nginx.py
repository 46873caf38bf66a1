"""The real nginx with the real configuration: proxy/gateway/start.sh on a free port."""

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

import pytest

from deploy import nginx
from deploy.checkout import Checkout
from testing.checkout import ROOT
from testing.http import listens
from testing.ports import free_port
from testing.processes import Program

START = ROOT / "proxy" / "gateway" / "start.sh"


def find_nginx() -> Path:
    """Return the nginx to test with, or skip the test; under CI its absence is a failure."""
    found = nginx.find(Checkout(ROOT))
    if found:
        return found
    if os.environ.get("CI"):
        pytest.fail("nginx is not installed, and CI must not skip what needs it")
    pytest.skip(nginx.how_to_install())


def docs_vendor() -> Path:
    """Return the folder of Swagger UI and ReDoc, without importing the Django app around it."""
    package = find_spec("drf_spectacular_sidecar")
    [folder] = (package and package.submodule_search_locations) or []
    return Path(folder) / "static" / "drf_spectacular_sidecar"


@dataclass(frozen=True)
class Proxy:
    """A running nginx: its address, and the files it writes."""

    port: int
    program: Program
    access_log: Path

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"


def proxy_environment(
    folder: Path, *, port: int, auth_port: int, items_port: int
) -> dict[str, str]:
    """Return the variables of proxy/gateway/start.sh for a proxy that writes below `folder`."""
    return {
        "PATH": os.environ["PATH"],
        "NGINX": str(find_nginx()),
        "GATEHOUSE_PORT": str(port),
        "AUTH_ADDRESS": f"127.0.0.1:{auth_port}",
        "ITEMS_ADDRESS": f"127.0.0.1:{items_port}",
        "PROXY_STATE_DIR": str(folder / "proxy"),
        "DOCS_VENDOR": str(docs_vendor()),
    }


@contextmanager
def running_proxy(
    folder: Path,
    *,
    auth_port: int,
    items_port: int,
    port: int | None = None,
    settings: Mapping[str, str] | None = None,
) -> Iterator[Proxy]:
    """Run the proxy in front of two services; `settings` are more variables of proxy/gateway/start.sh."""
    port = port or free_port()
    environment = proxy_environment(folder, port=port, auth_port=auth_port, items_port=items_port)
    with Program(
        "nginx", [START], environment={**environment, **(settings or {})}, log=folder / "nginx.log"
    ) as program:
        program.wait_until(lambda: listens(port), seconds=10, what="nginx listens")
        yield Proxy(port, program, folder / "proxy" / "access.log")
