"""What the wheels say of themselves agrees with the workspace, which is what the tests run."""

import ast
import re
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

import doctor
import gatehouse_chassis
from deploy.dist import PARTS
from gatehouse_chassis.hatch_build import SIDECAR
from testing.checkout import ROOT

# What is imported under another name than that of its distribution, or with one that is declared.
DISTRIBUTION = {
    "jwt": "pyjwt",
    "httptools": "uvicorn",
    "pydantic_core": "pydantic",
    "yaml": "pyyaml",
}
FOLDERS = sorted(PARTS.values())


def read(file: Path) -> dict[str, Any]:
    return tomllib.loads(file.read_text(encoding="utf-8"))


WORKSPACE = read(ROOT / "pyproject.toml")["project"]
LOCKED = {package["name"]: package.get("version") for package in read(ROOT / "uv.lock")["package"]}


def project(folder: str) -> dict[str, Any]:
    described: dict[str, Any] = read(ROOT / folder / "pyproject.toml")["project"]
    return described


def requirements(folder: str) -> list[Requirement]:
    described = project(folder)
    optional = described.get("optional-dependencies", {}).values()
    return [
        requirement
        for line in (*described["dependencies"], *(line for lines in optional for line in lines))
        if (requirement := Requirement(line)).name != described["name"]
    ]


@pytest.mark.parametrize("folder", FOLDERS)
def test_every_range_holds_the_version_that_is_locked(folder: str) -> None:
    outside = [
        f"{requirement} does not hold {LOCKED.get(requirement.name)}"
        for requirement in requirements(folder)
        if not requirement.specifier.contains(LOCKED.get(requirement.name) or "0")
    ]
    assert outside == []


@pytest.mark.parametrize("folder", FOLDERS)
def test_every_range_has_a_lower_bound_and_is_no_pin(folder: str) -> None:
    for requirement in requirements(folder):
        operators = {specifier.operator for specifier in requirement.specifier}
        assert ">=" in operators, requirement
        assert operators <= {">=", "<"}, requirement


@pytest.mark.parametrize("folder", FOLDERS)
def test_what_a_part_imports_is_what_it_declares(folder: str) -> None:
    imported = set()
    for file in (ROOT / folder).rglob("*.py"):
        if file.name == "hatch_build.py":
            continue
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                imported |= {alias.name.partition(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                imported.add(node.module.partition(".")[0])
    foreign = imported - sys.stdlib_module_names - {folder}
    needed = {canonicalize_name(DISTRIBUTION.get(name, name)) for name in foreign}
    assert needed == {canonicalize_name(requirement.name) for requirement in requirements(folder)}


@pytest.mark.parametrize("folder", FOLDERS)
def test_a_part_has_the_python_versions_and_the_licence_of_the_workspace(folder: str) -> None:
    assert project(folder)["requires-python"] == WORKSPACE["requires-python"]
    licence = (ROOT / folder / "LICENSE").read_text(encoding="utf-8")
    assert licence == (ROOT / "LICENSE").read_text(encoding="utf-8")


def test_a_part_has_the_version_of_the_workspace() -> None:
    versions = {WORKSPACE["version"], gatehouse_chassis.__version__, doctor.__version__}
    assert len(versions) == 1


def test_the_wheel_has_the_docs_files_of_the_workspace() -> None:
    [pinned] = [line for line in WORKSPACE["dependencies"] if "sidecar" in line]
    assert pinned == SIDECAR


def test_a_missing_extra_is_told_by_a_name_that_exists() -> None:
    extras = project("gatehouse_chassis")["optional-dependencies"]
    told = {extra for names in gatehouse_chassis._EXTRAS_OF.values() for extra in names}
    for file in (ROOT / "gatehouse_chassis").rglob("*.py"):
        told |= set(re.findall(r'needs\("[^"]+", "(\w+)"\)', file.read_text(encoding="utf-8")))
    assert told <= set(extras)
