from pathlib import Path

import pytest

from deploy.errors import DeployError
from deploy.mode import Mode, choose, parse, trouble_with_docker


def test_docker_is_taken_where_its_engine_answers() -> None:
    choice = choose(None, docker_trouble=None)

    assert choice.mode is Mode.DOCKER
    assert "its engine answers" in choice.reason


def test_without_docker_the_reason_is_said() -> None:
    choice = choose(None, docker_trouble="docker is not installed")

    assert choice.mode is Mode.LOCAL
    assert choice.reason == "Local processes, because docker is not installed."


@pytest.mark.parametrize(
    ("text", "mode"),
    [("", None), ("local", Mode.LOCAL), ("LOCAL", Mode.LOCAL), ("docker", Mode.DOCKER)],
)
def test_mode_is_docker_or_local_or_found_out(text: str, mode: Mode | None) -> None:
    assert parse(text) == mode


def test_a_mode_that_is_none_is_refused() -> None:
    with pytest.raises(DeployError, match=r"MODE is 'podman', but it can only be docker or local"):
        parse("podman")


@pytest.mark.parametrize("mode", list(Mode))
def test_a_forced_mode_is_taken(mode: Mode) -> None:
    assert choose(mode, docker_trouble=None).mode is mode


def test_forced_docker_that_cannot_be_used_is_refused_with_the_other_way() -> None:
    with pytest.raises(DeployError, match=r"no Docker engine answers.* make up MODE=local"):
        choose(Mode.DOCKER, docker_trouble="no Docker engine answers (no such file)")


def a_docker(folder: Path, script: str) -> dict[str, str]:
    """Return an environment in which `docker` is a shell script."""
    program = folder / "docker"
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o755)
    return {"PATH": str(folder)}


def test_a_machine_without_docker_is_told(tmp_path: Path) -> None:
    assert trouble_with_docker({"PATH": str(tmp_path)}) == "docker is not installed"


def test_an_engine_that_does_not_answer_is_told_in_its_own_words(tmp_path: Path) -> None:
    env = a_docker(tmp_path, "echo 'permission denied.' >&2; exit 1")

    assert trouble_with_docker(env) == "no Docker engine answers (permission denied)"


def test_a_docker_without_compose_is_told(tmp_path: Path) -> None:
    env = a_docker(tmp_path, '[ "$1" = version ]')

    assert trouble_with_docker(env) == "docker has no Compose plugin (version 2)"


def test_a_docker_that_answers_is_no_trouble(tmp_path: Path) -> None:
    assert trouble_with_docker(a_docker(tmp_path, "exit 0")) is None
