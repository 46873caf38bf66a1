"""The example runs as its author had it, and with the few lines that bring it under Gatehouse."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from testing.checkout import ROOT
from testing.examples import PLAIN_FASTAPI, before_gatehouse, running_example
from testing.http import send

FORMS = ["before", "after"]


@pytest.fixture(params=FORMS)
def folder(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """A copy of the example, as its author had it or as it is."""
    copy = shutil.copytree(PLAIN_FASTAPI, tmp_path / "plain_fastapi")
    if request.param == "before":
        (copy / "app.py").write_text(before_gatehouse())
    return copy


def test_gatehouse_takes_fewer_than_ten_lines() -> None:
    text = (PLAIN_FASTAPI / "app.py").read_text()
    assert 0 < len(re.findall(r"# \+$", text, re.MULTILINE)) < 10
    assert 0 < len(re.findall(r"^ *# - ", text, re.MULTILINE)) < 10


def test_its_author_had_heard_nothing_of_gatehouse() -> None:
    _, _, code = before_gatehouse().split('"""', 2)
    assert "gatehouse" not in code.lower()


def test_its_own_tests_pass(folder: Path) -> None:
    tests = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "no:locust"],
        cwd=folder,
        env={"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert tests.returncode == 0, tests.stdout
    assert "8 passed" in tests.stdout


def test_it_runs_alone(folder: Path, tmp_path: Path) -> None:
    with running_example(folder, state=tmp_path) as port:
        url = f"http://127.0.0.1:{port}"
        assert b"Visit 1" in send(url, "/").body
        assert send(url, "/static/memos.css").headers["Content-Type"].startswith("text/css")
        assert send(url, "/docs").status == 200
        assert send(url, "/openapi.json").json["info"]["title"] == "Memos"
