"""Real applications behind real proxies: none that is set up right is called broken, each broken one is explained.

The applications come from PyPI into an environment of their own, so all but a few run with `make sweep` only.
"""

import sys
from pathlib import Path

import pytest

from tests.doctor.foreign.environment import BIN, prepare
from tests.doctor.foreign.running import examined
from tests.doctor.foreign.setups import BROKEN, RIGHT, SAMPLE, Setup

OURS = Path(sys.executable).parent
PROMISED = 80
"""Requests of an examination at most, of which the slowest application here answers all within 5 s."""


@pytest.fixture(scope="session")
def applications() -> None:
    prepare()


def is_right(setup: Setup, folder: Path, programs: Path | None = None) -> None:
    result = examined(setup, folder, programs or BIN)
    findings = result.report["findings"] if result.output else []
    assert result.code == 0, (result.output, result.errors)
    assert not [finding for finding in findings if finding["severity"] == "broken"]
    assert result.report["requests"] <= PROMISED


def is_explained(setup: Setup, folder: Path, programs: Path | None = None) -> None:
    result = examined(setup, folder, programs or BIN)
    assert result.code == 1, (result.output, result.errors)
    assert result.findings[0] in setup.findings, result.output


@pytest.mark.parametrize("name", SAMPLE)
def test_some_that_every_run_can_have(name: str, tmp_path: Path) -> None:
    setup = next(setup for setup in (*RIGHT, *BROKEN) if setup.name == name)
    (is_explained if setup.findings else is_right)(setup, tmp_path, OURS)


@pytest.mark.sweep
@pytest.mark.usefixtures("applications")
@pytest.mark.parametrize("setup", RIGHT, ids=lambda setup: setup.name)
def test_what_is_set_up_as_its_documentation_says_is_not_called_broken(
    setup: Setup, tmp_path: Path
) -> None:
    is_right(setup, tmp_path)


@pytest.mark.sweep
@pytest.mark.usefixtures("applications")
@pytest.mark.parametrize("setup", BROKEN, ids=lambda setup: setup.name)
def test_what_is_broken_is_explained_by_the_first_finding(setup: Setup, tmp_path: Path) -> None:
    is_explained(setup, tmp_path)


def test_at_least_a_dozen_applications_are_set_up_and_each_is_broken_in_two_ways() -> None:
    names = {setup.application for setup in RIGHT}
    assert len(names) >= 12
    assert all(sum(setup.application == name for setup in BROKEN) >= 2 for name in names)
