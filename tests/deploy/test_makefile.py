import ast
import re
import subprocess
import sys
import tomllib
from fnmatch import fnmatch
from pathlib import Path

import pytest

from testing.checkout import ROOT

MAKEFILE = ROOT / "Makefile"
PATH = "/usr/local/bin:/usr/bin:/bin"


def make(*arguments: str, path: str = PATH, cwd: Path = ROOT) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["make", "-f", str(MAKEFILE), *arguments],
        cwd=cwd,
        env={"PATH": path},
        capture_output=True,
        text=True,
        check=False,
    )


def test_help_is_what_make_does_and_names_every_target() -> None:
    said = make().stdout

    named = set(re.findall(r"^  make ([a-z-]+)", said, re.MULTILINE))
    phony = set(re.findall(r"^\.PHONY: (\S+)", MAKEFILE.read_text(), re.MULTILINE))
    assert {"help", "up", "down", "ps", "logs", "test", "lint", "load", "clean"} <= named
    assert named == phony - {"python"}, "each target is documented, but the check for Python"


def test_a_machine_without_a_python_is_told_what_to_install(tmp_path: Path) -> None:
    for tool in ("make", "bash"):
        (tmp_path / tool).symlink_to(f"/usr/bin/{tool}")

    done = make("up", path=str(tmp_path))

    assert done.returncode == 2
    assert "No Python 3.11 or newer is on PATH. Install one" in done.stderr


def test_a_python_that_is_too_old_is_passed_over(tmp_path: Path) -> None:
    for name, status in (("python3", 1), ("python3.12", 0)):
        program = tmp_path / name
        program.write_text(f'#!/bin/sh\n[ "$1" = -c ] && exit {status}\necho "$0" "$@"\n')
        program.chmod(0o755)

    done = make("logs", "S=auth", "N=5", path=f"{tmp_path}:{PATH}")

    assert done.stdout.split() == [
        str(tmp_path / "python3.12"),
        *("-m", "deploy", "logs", "--lines", "5", "auth"),
    ]


@pytest.mark.parametrize("there", [True, False])
def test_a_named_python_that_cannot_be_used_is_told_in_a_sentence(
    tmp_path: Path, there: bool
) -> None:
    if there:
        program = tmp_path / "python3.10"
        program.write_text("#!/bin/sh\n[ $1 = -c ] && exit 1\necho Traceback >&2; exit 1\n")
        program.chmod(0o755)

    done = make("up", "PYTHON=python3.10", path=f"{tmp_path}:{PATH}")

    assert done.returncode == 2
    sentence, makes_own = done.stderr.splitlines()
    assert sentence.startswith("python3.10 is not Python 3.11 or newer. Name one that is: make up")
    assert makes_own.startswith("make: ***")


def test_the_package_itself_says_that_a_python_is_too_old() -> None:
    """An old Python fails at the first import: the check stands before it, in words that any Python 3 knows."""
    old = "import sys; sys.version_info = (3, 10, 2); import deploy.__main__"
    done = subprocess.run(
        [sys.executable, "-c", old], cwd=ROOT, capture_output=True, text=True, check=False
    )

    assert done.returncode == 1
    assert re.fullmatch(
        r"Python 3\.10\.2 runs this, but 3\.11 or newer .*make up PYTHON=.*\n", done.stderr
    )
    for name in ("__init__.py", "old_python.py"):
        ast.parse((ROOT / "deploy" / name).read_text(), feature_version=(3, 8))


@pytest.mark.parametrize(("status", "makes_own"), [(0, 0), (1, 0), (2, 2)])
def test_what_is_down_is_told_by_ps_and_not_by_make(
    tmp_path: Path, status: int, makes_own: int
) -> None:
    program = tmp_path / "python3"
    program.write_text(f'#!/bin/sh\n[ "$1" = -c ] && exit 0\necho "$@"\nexit {status}\n')
    program.chmod(0o755)

    done = make("ps", path=f"{tmp_path}:{PATH}")

    assert done.stdout == "-m deploy ps\n"
    assert done.returncode == makes_own
    assert ("make: ***" in done.stderr) == bool(makes_own)


def test_bytecode_is_kept_also_where_the_shell_says_otherwise(tmp_path: Path) -> None:
    program = tmp_path / "python3"
    program.write_text('#!/bin/sh\n[ "$1" = -c ] && exit 0\nenv\n')
    program.chmod(0o755)
    environment = {"PATH": f"{tmp_path}:{PATH}", "PYTHONDONTWRITEBYTECODE": "1"}

    done = subprocess.run(
        ["make", "up"], cwd=ROOT, env=environment, capture_output=True, text=True, check=True
    )

    assert "PATH=" in done.stdout
    assert "PYTHONDONTWRITEBYTECODE" not in done.stdout


def test_a_recipe_stops_at_the_first_error(tmp_path: Path) -> None:
    settings = re.findall(r"^(?:SHELL|\.SHELLFLAGS) .*", MAKEFILE.read_text(), re.MULTILINE)
    (tmp_path / "Makefile").write_text("\n".join(settings) + "\nall:\n\t@false | cat; echo on\n")

    done = subprocess.run(
        ["make"], cwd=tmp_path, env={"PATH": PATH}, capture_output=True, text=True, check=False
    )

    assert done.returncode == 2
    assert done.stdout == ""


def test_the_type_checker_sees_every_package() -> None:
    """A new service too, without an edit."""
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["mypy"]
    seen = settings.get("files") or settings["packages"]

    packages = {file.parent.name for file in ROOT.glob("*/__init__.py")} | {"tests"}
    assert {name for name in packages if not any(fnmatch(name, one) for one in seen)} == set()


def test_the_style_checker_sees_every_file() -> None:
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["ruff"]

    assert settings.keys().isdisjoint({"include", "exclude", "extend-exclude"})
