"""The wheels of `make dist`, built once, and empty environments to install them into."""

from collections.abc import Callable
from itertools import count
from pathlib import Path

import pytest

from deploy import dist
from deploy.checkout import Checkout
from testing.checkout import ROOT
from testing.wheels import Environment, wheelhouse

# What people serve their apps with besides, and what that needs.
OTHER_SERVERS = ("granian", "h2", "hpack", "hypercorn", "hyperframe", "priority", "wsproto")


def _built(name: str, folder: Path) -> Path:
    [wheel, _sdist] = dist.build(Checkout(ROOT), name, folder)
    return wheel


@pytest.fixture(scope="session")
def chassis_wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return _built("gatehouse-chassis", tmp_path_factory.mktemp("chassis-wheel"))


@pytest.fixture(scope="session")
def doctor_wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return _built("gatehouse-doctor", tmp_path_factory.mktemp("doctor-wheel"))


@pytest.fixture(scope="session")
def packages(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return wheelhouse(tmp_path_factory.mktemp("wheelhouse"), *OTHER_SERVERS)


@pytest.fixture(scope="session")
def empty_environment(
    tmp_path_factory: pytest.TempPathFactory, packages: Path
) -> Callable[[], Environment]:
    number = count()
    return lambda: Environment(tmp_path_factory.mktemp("venv") / str(next(number)), packages)
