"""docs/failure-cases.md names tests and cases that exist, for every one of the 42 rows."""

import ast
import re

from conformance import cases
from conformance.case import CASES
from conformance.impossible import NOT_ASKED_HERE
from testing.checkout import ROOT

PAGE = (ROOT / "docs" / "failure-cases.md").read_text(encoding="utf-8")
ROWS = [line.strip("| ").split(" | ") for line in PAGE.splitlines() if re.match(r"\| \d", line)]


def test_every_failure_case_has_its_row() -> None:
    assert [row[0] for row in ROWS] == [str(number) for number in range(1, 43)]
    assert {len(row) for row in ROWS} == {4}


def test_every_row_names_what_shows_it_and_that_exists() -> None:
    assert cases
    for number, *_, shown_by in ROWS:
        named = re.findall(r"`([^`]+)`", shown_by)
        assert named, f"row {number} names nothing"
        for name in named:
            file, _, test = name.partition("::")
            assert test in _tests_in(file) if test else name in CASES, f"row {number}: {name}"


def test_what_the_suite_does_not_ask_is_kept_by_tests_that_exist() -> None:
    named = re.findall(r"(tests/[\w/.]+)::(\w+)", " ".join(NOT_ASKED_HERE.values()))
    assert named
    for file, test in named:
        assert test in _tests_in(file), f"{file}::{test}"


def _tests_in(file: str) -> set[str]:
    functions = (ast.FunctionDef, ast.AsyncFunctionDef)
    tree = ast.parse((ROOT / file).read_text(encoding="utf-8"))
    return {node.name for node in ast.walk(tree) if isinstance(node, functions)}
