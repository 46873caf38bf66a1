"""What every folder of tests shares: the running stacks, and the order in which the folders run."""

import os
from collections.abc import Generator, Iterator
from pathlib import Path

import pytest

from testing import processes
from testing.outer_proxy import running_outer_proxy
from testing.postgres import PostgreSQL, running_postgresql
from testing.services import LISTED
from testing.stack import Stack, sqlite_stack

HERE = Path(__file__).parent
SLOW_FOLDERS = (
    "wheels",
    "docs",
    "loadtests",
    "examples",
    "proxy",
    "bench",
    "doctor",
    "conformance",
    "stack",
    "clients",
    "browser",
    "deploy",
    "compose",
    "readme",
)


# Their example of a service is items: without it they have nothing to test. For one test or module:
# pytest.mark.needs_service("items").
ABOUT_ITEMS = frozenset(("bench", "stack", "clients", "browser", "doctor", "compose"))


def pytest_configure() -> None:
    """Forget the settings of the shell: `export GATEHOUSE_PORT=9000` is about a stack, not about tests."""
    for name in [*os.environ]:
        if name.startswith(("GATEHOUSE_", "AUTH_", "ITEMS_")) or name == "MODE":
            del os.environ[name]


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add `--fast`, which `make test-fast` uses, and `--sweep`, which `make sweep` uses."""
    parser.addoption("--fast", action="store_true", help=f"without {', '.join(SLOW_FOLDERS)}")
    parser.addoption("--sweep", action="store_true", help="the tests marked sweep, and only these")


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Collect nothing of the slow folders with `--fast`, and nothing about items when that was removed."""
    if collection_path.parent != HERE:
        return None
    is_slow = collection_path.name in SLOW_FOLDERS and config.getoption("--fast")
    return (
        True if is_slow or (collection_path.name in ABOUT_ITEMS and "items" not in LISTED) else None
    )


@pytest.fixture(scope="session")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """The whole stack on SQLite, started when the first test asks for it."""
    with sqlite_stack(tmp_path_factory.mktemp("stack")).running() as running:
        yield running


@pytest.fixture(scope="session")
def postgresql_of_the_stack() -> Iterator[PostgreSQL]:
    """The server of `stack_on_postgresql`, with a database for each service."""
    with running_postgresql() as server:
        yield server


@pytest.fixture(scope="session")
def stack_on_postgresql(
    tmp_path_factory: pytest.TempPathFactory, postgresql_of_the_stack: PostgreSQL
) -> Iterator[Stack]:
    """The whole stack on a PostgreSQL server of its own."""
    described = Stack(
        tmp_path_factory.mktemp("stack-on-postgresql"),
        database=postgresql_of_the_stack.create_database,
    )
    with described.running() as running:
        yield running


@pytest.fixture(scope="session")
def outer(tmp_path_factory: pytest.TempPathFactory, stack: Stack) -> Iterator[str]:
    """The URL of `stack` behind a proxy that adds `/outer`, strips it and announces nothing."""
    folder = tmp_path_factory.mktemp("outer")
    with running_outer_proxy(folder, inner_port=stack.proxy.port) as url:
        yield url


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Run the fast folders first, so that a mistake shows before a stack is started.

    What needs a service that was removed is not run at all: it is no test that CI should miss.
    """
    sweeps: bool = config.getoption("--sweep")

    def is_wanted(item: pytest.Item) -> bool:
        needed = {name for marker in item.iter_markers("needs_service") for name in marker.args}
        is_sweep = item.get_closest_marker("sweep") is not None
        return is_sweep == sweeps and needed <= LISTED.keys()

    unwanted = [item for item in items if not is_wanted(item)]
    if unwanted:
        config.hook.pytest_deselected(items=unwanted)
        items[:] = [item for item in items if is_wanted(item)]

    def slowness(item: pytest.Item) -> int:
        folder = item.path.relative_to(HERE).parts[0]
        return SLOW_FOLDERS.index(folder) + 1 if folder in SLOW_FOLDERS else 0

    items.sort(key=slowness)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Show below a failed test what the programs that ran beside it said."""
    report = yield
    if report.failed:
        for program in processes.running:
            report.sections.append((f"log of {program.name}", program.log_tail()))
    return report
