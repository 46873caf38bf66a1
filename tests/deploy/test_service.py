"""`make service` and `make service-remove` in a copy of this checkout."""

import shutil
from contextlib import suppress
from pathlib import Path

import pytest

from deploy.scaffold.names import LONGEST
from testing.checkout import ROOT, Copy

NEEDS_ITEMS = pytest.mark.needs_service("items")
# One word, two words, no plural, and the longest name that there can be.
NAMES = ["notes", "work_orders", "news", "abcdefghijk_lmnopqrstuvs"]


def everything(folder: Path) -> dict[Path, str]:
    return {
        file.relative_to(folder): file.read_text(encoding="utf-8", errors="replace")
        for file in folder.rglob("*")
        if file.is_file() and not {".venv", ".local", ".ruff_cache", "__pycache__"} & {*file.parts}
    }


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Copy:
    copy = Copy(tmp_path_factory.mktemp("checkout") / "checkout", "local")
    copy.share_packages()
    return copy


@pytest.fixture(scope="module")
def with_services(tmp_path_factory: pytest.TempPathFactory) -> Copy:
    copy = Copy(tmp_path_factory.mktemp("with-services") / "checkout", "local")
    copy.share_packages()
    for name in NAMES:
        made = copy.run(".venv/bin/python", "-m", "deploy", "service", name)
        assert made.returncode == 0, made.stderr
        assert f"/{name}/docs" in made.stdout
    return copy


def test_new_services_keep_to_the_style(with_services: Copy) -> None:
    assert len(NAMES[-1]) == LONGEST
    for arguments in (("check",), ("format", "--check")):
        done = with_services.run(".venv/bin/ruff", *arguments)
        assert done.returncode == 0, done.stdout


def test_new_services_are_typed(with_services: Copy) -> None:
    folders = [folder for name in NAMES for folder in (f"{name}_service", f"tests/{name}_service")]
    # What `make lint` has learnt of everything else.
    with suppress(FileNotFoundError):
        shutil.copytree(ROOT / ".mypy_cache", with_services.folder / ".mypy_cache")
    done = with_services.run(".venv/bin/mypy", *folders)
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize(
    "name",
    [
        "work_orders",
        *(pytest.param(n, marks=pytest.mark.sweep) for n in NAMES if n != "work_orders"),
    ],
)
def test_the_tests_of_a_new_service_pass(with_services: Copy, name: str) -> None:
    """Without the generated requests, which items is tested with, and on SQLite alone."""
    done = with_services.run(
        *(".venv/bin/python", "-m", "pytest", "-q", f"tests/{name}_service", "tests/house"),
        *("-k", "not postgresql and not whatever_is_sent"),
    )
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("auth", "There is a service auth already"),
        pytest.param("items", "There is a service items already", marks=NEEDS_ITEMS),
        pytest.param("item", "too close to the service items", marks=NEEDS_ITEMS),
        ("deploy", "is taken: there is deploy at the top of this checkout"),
        ("test", "standard library"),
        ("class", "a keyword"),
        ("Notes", "lower-case letters"),
        ("docs", "a path of the proxy"),
        ("auth_log", "variables of auth_log would begin with AUTH_"),
        ("", "make service NAME=notes"),
    ],
)
def test_a_refusal_is_one_sentence_and_changes_nothing(copy: Copy, name: str, why: str) -> None:
    before = everything(copy.folder)
    refused = copy.run(".venv/bin/python", "-m", "deploy", "service", name)
    assert refused.returncode == 2
    assert why in refused.stderr
    assert len(refused.stderr.splitlines()) == 1
    assert everything(copy.folder) == before


@pytest.mark.parametrize("folder", ["half_service", "tests/half_service"])
def test_what_an_interrupted_run_left_is_named(copy: Copy, folder: str) -> None:
    (copy.folder / folder).mkdir()
    refused = copy.run(".venv/bin/python", "-m", "deploy", "service", "half")
    (copy.folder / folder).rmdir()
    assert refused.returncode == 2
    assert f"{folder}/ exists, but services.toml has no entry [half]" in refused.stderr


def test_a_failure_on_the_way_leaves_nothing(copy: Copy) -> None:
    before = everything(copy.folder)
    (copy.folder / "Dockerfile").unlink()  # what `make sync` writes into
    failed = copy.run(".venv/bin/python", "-m", "deploy", "service", "notes")
    assert failed.returncode == 1
    assert failed.stderr.startswith("Dockerfile is missing")
    (copy.folder / "Dockerfile").write_text(before[Path("Dockerfile")])
    assert everything(copy.folder) == before


def test_a_service_that_comes_and_goes_leaves_no_trace(copy: Copy) -> None:
    before = everything(copy.folder)
    made = copy.run(".venv/bin/python", "-m", "deploy", "service", "notes")
    assert made.returncode == 0, made.stderr
    removed = copy.run(".venv/bin/python", "-m", "deploy", "service-remove", "notes", "--yes")
    assert removed.returncode == 0, removed.stderr
    assert "stays" in removed.stdout
    assert everything(copy.folder) == before


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("auth", "auth cannot be removed"),
        ("nothing", "There is no service nothing: services.toml has auth, "),
        ("", "make service-remove NAME=items"),
    ],
)
def test_what_cannot_be_removed_is_refused(copy: Copy, name: str, why: str) -> None:
    refused = copy.run(".venv/bin/python", "-m", "deploy", "service-remove", name, "--yes")
    assert refused.returncode == 2
    assert why in refused.stderr


@NEEDS_ITEMS
def test_without_a_terminal_nothing_is_removed_unasked(copy: Copy) -> None:
    before = everything(copy.folder)
    refused = copy.make("service-remove", "NAME=items")
    assert "make service-remove NAME=items YES=1" in refused.stderr
    assert everything(copy.folder) == before
