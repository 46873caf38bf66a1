"""What a person reads when a service cannot start: sentences and an exit code, no traceback."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from testing.checkout import ROOT
from testing.ports import free_port


def _run(command: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "items_service", command],
        env={"PATH": os.environ["PATH"], **environment},
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )


@pytest.mark.parametrize("command", ["serve", "check", "migrate"])
def test_a_wrong_setting_ends_with_a_sentence_for_each_and_code_2(
    tmp_path: Path, command: str
) -> None:
    ended = _run(
        command,
        ITEMS_TRUSTED_PROXIES="*",
        ITEMS_DATABASE_URL="mongodb://x",
        ITEMS_STATE_DIR=str(tmp_path),
    )
    assert ended.returncode == 2
    assert ended.stdout == ""
    first, *sentences = ended.stderr.splitlines()
    assert first == "items_service cannot start:"
    assert [line.split()[0] for line in sentences] == [
        "ITEMS_DATABASE_URL",
        "ITEMS_TRUSTED_PROXIES",
    ]


def test_a_state_folder_that_cannot_be_written_to_is_a_wrong_setting(tmp_path: Path) -> None:
    in_the_way = tmp_path / "file"
    in_the_way.touch()
    ended = _run("serve", ITEMS_STATE_DIR=str(in_the_way / "state"))
    assert ended.returncode == 2
    assert ended.stderr.splitlines()[1].startswith("ITEMS_STATE_DIR is no folder that can be")


@pytest.mark.parametrize("prefix", ["/docs", "/health", "/openapi.json"])
def test_a_prefix_that_is_a_route_of_the_service_is_a_wrong_setting(
    tmp_path: Path, prefix: str
) -> None:
    ended = _run("serve", ITEMS_ROOT_PATH=prefix, ITEMS_STATE_DIR=str(tmp_path))
    assert ended.returncode == 2
    first, sentence = [line for line in ended.stderr.splitlines() if not line.startswith("{")]
    assert first == "items_service cannot start:"
    assert sentence.startswith(f"ITEMS_ROOT_PATH cannot be '{prefix}': the route '{prefix}")
    assert "Choose another prefix" in sentence


@pytest.mark.parametrize("kind", ["no server", "no folder", "no database"])
def test_a_database_that_cannot_be_used_is_named_with_the_setting(
    tmp_path: Path, kind: str
) -> None:
    file = tmp_path / "file"
    file.write_text("this is no database, and long enough to be read as one")
    url = {
        "no server": f"postgresql://items:hunter2@127.0.0.1:{free_port()}/items",
        "no folder": f"sqlite:///{file}/items.db",
        "no database": f"sqlite:///{file}",
    }[kind]
    ended = _run("migrate", ITEMS_DATABASE_URL=url)
    assert ended.returncode == 1
    first, second = [line for line in ended.stderr.splitlines() if not line.startswith("{")]
    assert first.startswith("items_service cannot use its database: ")
    assert second == "Start it, or correct ITEMS_DATABASE_URL in .env or in the environment."
    assert "hunter2" not in ended.stderr


def test_migrating_twice_is_migrating_once(tmp_path: Path) -> None:
    for _ in range(2):
        ended = _run("migrate", ITEMS_DATABASE_URL=f"sqlite:///{tmp_path}/items.db")
        assert ended.returncode == 0, ended.stderr


@pytest.mark.parametrize("command", ["", "fly"])
def test_an_unknown_command_is_told_those_that_there_are(command: str) -> None:
    ended = _run(command)
    assert ended.returncode == 2
    assert "usage: python -m items_service" in ended.stderr
    assert "migrate" in ended.stderr
