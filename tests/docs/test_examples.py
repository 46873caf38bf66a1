"""Every Python example of every page and docstring of the site runs."""

import ast
import os
import re
import runpy
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from deploy.documentation import sources
from gatehouse_chassis.services import load_services
from testing.checkout import ROOT
from testing.other_nginx import running_nginx
from testing.serving import served
from tests.doctor.command import run as run_doctor
from tests.doctor.configuration import assert_accepted, fenced

TUTORIALS = ROOT / "docs" / "tutorials"
CODE = TUTORIALS / "code"
PAGES = [file for file in sources(ROOT) if file.suffix == ".md"]
# A block with a title is that file of the folder `code` beside the page, or a part of it.
TITLED = re.compile(r'^```python title="([\w./]+)"\n(.*?)^```$', re.DOTALL | re.MULTILINE)
# Run by tests of its own, which lend it the names that its fragments are about.
RUN_ELSEWHERE = {"docs/behind-a-proxy.md": "tests/doctor/test_page.py"}


def of(page: Path) -> str:
    return page.relative_to(ROOT).as_posix()


def run_python(*arguments: str, folder: Path) -> None:
    done = subprocess.run(
        [sys.executable, *arguments],
        cwd=folder,
        env={
            **os.environ,
            "PYTHONPATH": f"{ROOT}:{CODE}",
            "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",  # a reader has none, and loading ours takes seconds
        },
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("page", PAGES, ids=of)
def test_a_titled_example_is_what_stands_in_its_file(page: Path) -> None:
    for name, block in TITLED.findall(page.read_text(encoding="utf-8")):
        file = page.parent / "code" / name
        assert block in file.read_text(encoding="utf-8"), f"{of(page)} shows another {name}"


def test_every_file_of_the_tutorials_is_shown_and_has_its_tests() -> None:
    shown = {
        name for page in TUTORIALS.glob("*.md") for name, _ in TITLED.findall(page.read_text())
    }
    assert shown == {file.name for file in CODE.glob("*.py")}
    applications = {file.name for file in CODE.glob("*.py") if not file.name.startswith("test_")}
    assert {f"test_{name}" for name in applications} <= {file.name for file in CODE.glob("*.py")}


@pytest.mark.parametrize("tests", sorted(CODE.glob("test_*.py")), ids=lambda file: file.stem)
def test_a_tutorial_does_what_its_tests_say(tests: Path, tmp_path: Path) -> None:
    """As a reader has it: the files in a folder of their own, without this project's settings of pytest."""
    shutil.copytree(CODE, tmp_path / "code", ignore=shutil.ignore_patterns("__pycache__"))
    run_python("-m", "pytest", "-q", tests.name, folder=tmp_path / "code")


def docstrings(file: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            yield ast.get_docstring(node) or ""


DOCUMENTED = sorted((ROOT / "gatehouse_chassis").rglob("*.py"))
EXAMPLES = [
    pytest.param(block, id=f"{of(file)} {number}")
    for file in DOCUMENTED
    for number, block in enumerate(fenced("\n".join(docstrings(file)), "python"), start=1)
] + [
    pytest.param(
        block,
        id=f"{of(page)} {number}",
    )
    for page in PAGES
    if of(page) not in RUN_ELSEWHERE
    for number, block in enumerate(fenced(page.read_text(encoding="utf-8"), "python"), start=1)
]


@pytest.mark.parametrize("block", EXAMPLES)
def test_an_example_without_a_title_runs_by_itself(block: str, tmp_path: Path) -> None:
    (tmp_path / "example.py").write_text(block, encoding="utf-8")
    run_python("example.py", folder=tmp_path)


def test_an_example_in_a_docstring_is_written_as_on_a_page() -> None:
    assert [of(file) for file in DOCUMENTED if ">>>" in "".join(docstrings(file))] == []


def test_what_is_run_elsewhere_is_run_there() -> None:
    for page, tests in RUN_ELSEWHERE.items():
        name = Path(page).name
        assert f'"{name}"' in (ROOT / tests).read_text(encoding="utf-8")


@pytest.mark.parametrize("page", sorted(TUTORIALS.glob("*.md")), ids=of)
def test_a_tutorial_shows_a_configuration_that_its_program_accepts(
    page: Path, tmp_path: Path
) -> None:
    text = page.read_text(encoding="utf-8")
    for fragment in fenced(text, "nginx"):
        assert_accepted("nginx", fragment, tmp_path)
    for entry in fenced(text, "toml"):
        listed = (ROOT / "services.toml").read_text(encoding="utf-8")
        (tmp_path / "services.toml").write_text(f"{listed}\n{entry}", encoding="utf-8")
        load_services(tmp_path / "services.toml")


@pytest.mark.parametrize("slash", ["", "/"], ids=["kept", "stripped"])
def test_the_doctor_finds_nothing_wrong_behind_the_nginx_of_the_tutorial(
    slash: str, tmp_path: Path
) -> None:
    (lines,) = fenced((TUTORIALS / "behind-my-proxy.md").read_text(encoding="utf-8"), "nginx")
    app = runpy.run_path(str(CODE / "behind_my_proxy.py"))["app"]
    with (
        served(app) as port,
        running_nginx(tmp_path, lines.replace(":8000;", f":{port}{slash};")) as origin,
    ):
        result = run_doctor(f"{origin}/notes", "--json")
    assert result.findings == [], result.output
