"""What a person reads when a service cannot start: sentences and an exit code, no traceback."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from testing.ports import free_port
from testing.sample_service import PACKAGE, write_sample_service

Run = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("service")


@pytest.fixture(scope="module")
def run(folder: Path) -> Run:
    """Runs a command of a service that has the same files as every other."""
    found = write_sample_service(folder)

    def run_command(*command: str, **environment: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", PACKAGE, *command],
            env={**found, **environment},
            cwd=folder,
            capture_output=True,
            text=True,
            timeout=30,
            check=False,
        )

    return run_command


@pytest.mark.parametrize("command", ["serve", "check", "migrate"])
def test_a_wrong_setting_ends_with_a_sentence_for_each_and_code_2(
    run: Run, tmp_path: Path, command: str
) -> None:
    ended = run(
        command,
        SAMPLES_TRUSTED_PROXIES="*",
        SAMPLES_DATABASE_URL="mongodb://x",
        SAMPLES_STATE_DIR=str(tmp_path),
    )
    assert ended.returncode == 2
    assert ended.stdout == ""
    first, *sentences = ended.stderr.splitlines()
    assert first == f"{PACKAGE} cannot start:"
    assert [line.split()[0] for line in sentences] == [
        "SAMPLES_DATABASE_URL",
        "SAMPLES_TRUSTED_PROXIES",
    ]


def test_a_state_folder_that_cannot_be_written_to_is_a_wrong_setting(
    run: Run, tmp_path: Path
) -> None:
    in_the_way = tmp_path / "file"
    in_the_way.touch()
    ended = run("serve", SAMPLES_STATE_DIR=str(in_the_way / "state"))
    assert ended.returncode == 2
    assert ended.stderr.splitlines()[1].startswith("SAMPLES_STATE_DIR is no folder that can be")


@pytest.mark.parametrize("prefix", ["/docs", "/health", "/openapi.json"])
def test_a_prefix_that_is_a_route_of_the_service_is_a_wrong_setting(
    run: Run, tmp_path: Path, prefix: str
) -> None:
    ended = run("serve", SAMPLES_ROOT_PATH=prefix, SAMPLES_STATE_DIR=str(tmp_path))
    assert ended.returncode == 2
    first, sentence = [line for line in ended.stderr.splitlines() if not line.startswith("{")]
    assert first == f"{PACKAGE} cannot start:"
    assert sentence.startswith(f"SAMPLES_ROOT_PATH cannot be '{prefix}': the route '{prefix}")
    assert "Choose another prefix" in sentence


@pytest.mark.parametrize("kind", ["no server", "no folder", "no database"])
def test_a_database_that_cannot_be_used_is_named_with_the_setting(
    run: Run, tmp_path: Path, kind: str
) -> None:
    file = tmp_path / "file"
    file.write_text("this is no database, and long enough to be read as one")
    url = {
        "no server": f"postgresql://samples:hunter2@127.0.0.1:{free_port()}/samples",
        "no folder": f"sqlite:///{file}/samples.db",
        "no database": f"sqlite:///{file}",
    }[kind]
    ended = run("migrate", SAMPLES_DATABASE_URL=url)
    assert ended.returncode == 1
    first, second = [line for line in ended.stderr.splitlines() if not line.startswith("{")]
    assert first.startswith(f"{PACKAGE} cannot use its database: ")
    assert second == "Start it, or correct SAMPLES_DATABASE_URL in .env or in the environment."
    assert "hunter2" not in ended.stderr


def _revision(number: int, change: str) -> str:
    return (
        "from alembic import op\n"
        f'revision, down_revision = "{number:04}", "{number - 1:04}"\n'
        f"def upgrade() -> None:\n    op.execute({change!r})\n"
    )


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_a_migration_that_cannot_be_applied_is_named_with_its_line_and_is_no_wrong_setting(
    run: Run, folder: Path, request: pytest.FixtureRequest, tmp_path: Path, kind: str
) -> None:
    url = f"sqlite:///{tmp_path}/samples.db"
    if kind == "postgresql":
        url = request.getfixturevalue("postgresql_database")
    bad = folder / PACKAGE / "migrations" / "versions" / "0002_bad.py"
    bad.write_text(_revision(2, "ALTER TABLE samples ADD COLUMN title TEXT"))
    try:
        ended = run("migrate", SAMPLES_DATABASE_URL=url)
    finally:
        bad.unlink()
    assert ended.returncode == 1
    first, second, third = [line for line in ended.stderr.splitlines() if line[:1] != "{"]
    assert first == f"{PACKAGE} cannot migrate its database."
    assert second.startswith(f"{bad}, line 4: ")
    assert "title" in second
    assert third == "The database is as it was before."


def test_migrating_twice_is_migrating_once(run: Run, tmp_path: Path) -> None:
    for _ in range(2):
        ended = run("migrate", SAMPLES_DATABASE_URL=f"sqlite:///{tmp_path}/samples.db")
        assert ended.returncode == 0, ended.stderr


def test_a_database_of_newer_code_is_a_sentence(run: Run, folder: Path, tmp_path: Path) -> None:
    newer = folder / PACKAGE / "migrations" / "versions" / "0002_newer.py"
    newer.write_text(_revision(2, "ALTER TABLE samples ADD COLUMN colour TEXT"))
    url = f"sqlite:///{tmp_path}/samples.db"
    assert run("migrate", SAMPLES_DATABASE_URL=url).returncode == 0
    newer.unlink()
    ended = run("migrate", SAMPLES_DATABASE_URL=url)
    assert ended.returncode == 1
    assert "Can't locate revision identified by '0002'" in ended.stderr
    assert "If the database was migrated by newer code, run that code." in ended.stderr
    assert "Traceback" not in ended.stderr


@pytest.mark.parametrize("command", ["", "fly"])
def test_an_unknown_command_is_told_those_that_there_are(run: Run, command: str) -> None:
    ended = run(command)
    assert ended.returncode == 2
    assert f"usage: python -m {PACKAGE}" in ended.stderr
    assert "migrate" in ended.stderr


@pytest.mark.parametrize("message", ["", " ", "two\nlines", "x" * 101])
def test_a_migration_is_named_in_one_short_line(run: Run, message: str) -> None:
    ended = run("revise", message)
    assert ended.returncode == 2
    assert "one line of at most 100 characters" in ended.stderr


def test_a_database_that_lags_behind_is_a_sentence(run: Run, tmp_path: Path) -> None:
    ended = run("revise", "too early", SAMPLES_DATABASE_URL=f"sqlite:///{tmp_path}/samples.db")
    assert ended.returncode == 1
    last = ended.stderr.splitlines()[-1]
    assert last.endswith(f"bring the database up to date: python -m {PACKAGE} migrate")
