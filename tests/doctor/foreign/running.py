"""Runs one set-up and examines it."""

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import httpx2

from testing.other_nginx import running_nginx
from testing.ports import free_port
from testing.processes import Program
from tests.doctor.command import Run, run
from tests.doctor.configuration import running_proxy
from tests.doctor.foreign.setups import Setup


@contextmanager
def running(setup: Setup, folder: Path, programs: Path) -> Iterator[str]:
    """Run the application, out of the folder `programs`, and its proxy; yield the address that people open."""
    port = free_port()
    environment = {
        "PATH": os.pathsep.join([str(programs), os.environ["PATH"]]),
        "HOME": str(folder),
        "GRADIO_ANALYTICS_ENABLED": "False",
        **setup.environment,
    }
    with Program(
        setup.application, setup.command(port), environment=environment, log=folder / "log"
    ) as program:
        if "backend-unreachable" not in setup.findings:
            program.wait_until(lambda: _answers(port), seconds=300, what=f"{setup.name} answers")
        lines = setup.proxy.replace("UPSTREAM", f"127.0.0.1:{port}")
        proxy = folder / "proxy"
        proxy.mkdir()
        with (
            running_proxy("caddy", lines, proxy, upstream=port)
            if setup.is_caddy
            else running_nginx(proxy, lines)
        ) as origin:
            yield origin + setup.url
        program.kill()


def examined(setup: Setup, folder: Path, programs: Path) -> Run:
    """Return what the doctor says of a set-up."""
    with running(setup, folder, programs) as url:
        return run(url, "--json")


def _answers(port: int) -> bool:
    with suppress(httpx2.HTTPError):
        return httpx2.get(f"http://127.0.0.1:{port}/", timeout=5, trust_env=False).status_code > 0
    return False
