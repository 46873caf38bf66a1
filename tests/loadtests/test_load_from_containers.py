from pathlib import Path

from tests.loadtests.command import finish, start


def test_without_the_stack_in_docker_containers_are_refused_with_the_command_that_starts_it(
    tmp_path: Path,
) -> None:
    outcome = finish(start(tmp_path, "loadtests", "run", "--containers=2", PATH=str(tmp_path)))

    assert outcome.exit_code == 2
    assert "make up MODE=docker" in outcome.output
    assert outcome.output.count("\n") == 1


def test_budgets_that_are_not_there_are_no_folder_that_docker_makes(tmp_path: Path) -> None:
    missing = tmp_path / "missing.toml"

    outcome = finish(start(tmp_path, "loadtests", "run", "--containers=2", f"--budgets={missing}"))

    assert outcome.exit_code == 2
    assert f"{missing} is no file: name one of budgets with BUDGETS=." in outcome.output
    assert not missing.exists()
