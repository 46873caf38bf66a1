import re
import subprocess
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


def test_a_recipe_stops_at_the_first_error(tmp_path: Path) -> None:
    settings = re.findall(r"^(?:SHELL|\.SHELLFLAGS) .*", MAKEFILE.read_text(), re.MULTILINE)
    (tmp_path / "Makefile").write_text("\n".join(settings) + "\nall:\n\t@false | cat; echo on\n")

    done = subprocess.run(
        ["make"], cwd=tmp_path, env={"PATH": PATH}, capture_output=True, text=True, check=False
    )

    assert done.returncode == 2
    assert done.stdout == ""
