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
from testing.services import sample_checkout

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


def proxy_environment(folder: Path, *, port: int, ports: Mapping[str, int]) -> dict[str, str]:
    """Return the variables of start.sh for a proxy that writes below `folder`; `ports` are the services' by name."""
    return {
        "PATH": os.environ["PATH"],
        "NGINX": str(find_nginx()),
        "GATEHOUSE_PORT": str(port),
        **{f"{name.upper()}_ADDRESS": f"127.0.0.1:{port}" for name, port in ports.items()},
        "PROXY_STATE_DIR": str(folder / "proxy"),
        "DOCS_ASSETS": str(ROOT / "gatehouse_chassis" / "docs" / "assets"),
        "DOCS_VENDOR": str(docs_vendor()),
    }


def start_script(folder: Path, services: str) -> Path:
    """Return the start.sh of a gateway for these services, which is written below `folder`."""
    return sample_checkout(folder, services).root / "proxy" / "gateway" / "start.sh"


@contextmanager
def running_proxy(
    folder: Path,
    *,
    ports: Mapping[str, int],
    port: int | None = None,
    settings: Mapping[str, str] | None = None,
    services: str = "",
) -> Iterator[Proxy]:
    """Run the proxy in front of services, whose ports are given by name.

    `settings` are more variables of start.sh, and `services` is the text of another `services.toml` than ours.
    """
    start = start_script(folder / "checkout", services) if services else START
    port = port or free_port()
    environment = proxy_environment(folder, port=port, ports=ports)
    with Program(
        "nginx", [start], environment={**environment, **(settings or {})}, log=folder / "nginx.log"
    ) as program:
        program.wait_until(lambda: listens(port), seconds=10, what="nginx listens")
        yield Proxy(port, program, folder / "proxy" / "access.log")
