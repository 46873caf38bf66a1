"""The real nginx in front of two echoes, once for strangers and once behind a trusted proxy."""

from collections.abc import Iterator

import pytest

from testing.echo import echo_service
from testing.nginx import Proxy, running_proxy
from testing.services import SAMPLE


@pytest.fixture(scope="session")
def auth_port() -> Iterator[int]:
    with echo_service("auth") as port:
        yield port


@pytest.fixture(scope="session")
def items_port() -> Iterator[int]:
    with echo_service("items") as port:
        yield port


@pytest.fixture(scope="session")
def ports(auth_port: int, items_port: int) -> Iterator[dict[str, int]]:
    """An echo for each service of the list."""
    with echo_service("wide_notes") as wide_notes, echo_service("legacy") as legacy:
        yield {
            "auth": auth_port,
            "items": items_port,
            "wide_notes": wide_notes,
            "legacy": legacy,
        }


@pytest.fixture(scope="session")
def proxy(tmp_path_factory: pytest.TempPathFactory, ports: dict[str, int]) -> Iterator[Proxy]:
    """As `make up` runs it: nobody's X-Forwarded-* are believed."""
    folder = tmp_path_factory.mktemp("proxy")
    with running_proxy(folder, services=SAMPLE, ports=ports) as running:
        yield running


@pytest.fixture(scope="session")
def trusting_proxy(
    tmp_path_factory: pytest.TempPathFactory, ports: dict[str, int]
) -> Iterator[Proxy]:
    """Behind an outer proxy on loopback, which has another one of 10.0.0.0/8 in front of it."""
    folder = tmp_path_factory.mktemp("trusting-proxy")
    settings = {"GATEHOUSE_TRUSTED_PROXIES": "127.0.0.1, 10.0.0.0/8"}
    with running_proxy(folder, services=SAMPLE, ports=ports, settings=settings) as running:
        yield running
