import os
import subprocess
from pathlib import Path

import pytest

from deploy import dist
from deploy.checkout import Checkout
from deploy.errors import DeployError, UsageRefused


def test_a_file_that_is_not_tracked_gets_into_no_wheel(tmp_path: Path) -> None:
    subprocess.run(["git", "init", "--quiet"], cwd=tmp_path, check=True)
    for folder in (*dist.PARTS.values(), "elsewhere"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "notes.txt").touch()
    subprocess.run(["git", "add", "doctor"], cwd=tmp_path, check=True)

    with pytest.raises(UsageRefused, match=r"gatehouse_chassis/notes\.txt\. Add them") as refused:
        dist.build_all(Checkout(tmp_path))

    assert "elsewhere" not in str(refused.value)
    assert "doctor" not in str(refused.value)


def test_a_build_that_fails_says_which_and_why(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    uv = tmp_path / "uv"
    uv.write_text('#!/bin/sh\n[ "$1" = --version ] && echo "uv 0.13.9" || { echo no; exit 1; }\n')
    uv.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")

    with pytest.raises(DeployError, match=r"gatehouse-doctor could not be built\. `uv` said:"):
        dist.build(Checkout(tmp_path), "gatehouse-doctor", tmp_path)
