import shutil
import stat
import subprocess
from pathlib import Path

import pytest

from deploy.errors import DeployError
from deploy.settings_file import complete, read, variables
from gatehouse_chassis.services import ServiceEntry

SERVICES = {
    "auth": ServiceEntry("auth", "Auth", "", "/auth", package="auth_service"),
    "plain": ServiceEntry("plain", "Plain", "", "/plain", package="plain_service", database=False),
    "legacy": ServiceEntry("legacy", "Legacy", "", "/legacy", upstream="127.0.0.1:9099"),
}
NOTES = ServiceEntry("notes", "Notes", "", "/notes", package="notes_service")


def test_the_first_run_writes_every_variable_for_the_owner_only(tmp_path: Path) -> None:
    path = tmp_path / ".env"

    added = complete(path, SERVICES)

    assert added == [variable.name for variable in variables(SERVICES)]
    assert list(read(path)) == added
    assert all(read(path).values())
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_two_checkouts_share_no_secret(tmp_path: Path) -> None:
    one, other = tmp_path / "one.env", tmp_path / "other.env"
    complete(one, SERVICES)
    complete(other, SERVICES)

    alike = {name for name, value in read(one).items() if read(other)[name] == value}

    assert alike == {"ADMIN_USERNAME", "DEMO_USERNAME"}


def test_a_complete_file_is_left_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / ".env"
    complete(path, SERVICES)
    before = path.read_bytes()

    assert complete(path, SERVICES) == []
    assert path.read_bytes() == before


def test_missing_variables_are_appended_and_nothing_else_changes(tmp_path: Path) -> None:
    path = tmp_path / ".env"
    path.write_text("# mine\nDEMO_USERNAME=ada\nGATEHOUSE_PORT=9000")  # no line break at the end
    path.chmod(0o644)

    added = complete(path, SERVICES)

    assert path.read_text().startswith("# mine\nDEMO_USERNAME=ada\nGATEHOUSE_PORT=9000\n")
    assert "DEMO_USERNAME" not in added
    assert read(path)["DEMO_USERNAME"] == "ada"
    assert read(path)["GATEHOUSE_PORT"] == "9000"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600, "secrets were added to it"


@pytest.mark.parametrize("role", ["ADMIN", "DEMO"])
def test_a_first_user_that_is_left_out_stays_out(tmp_path: Path, role: str) -> None:
    path = tmp_path / ".env"
    path.write_text(f"{role}_USERNAME=\n")

    assert not [name for name in complete(path, SERVICES) if name.startswith(role)]


def test_a_service_that_comes_later_gets_a_password_for_its_database(tmp_path: Path) -> None:
    path = tmp_path / ".env"
    complete(path, SERVICES)
    before = path.read_text()

    assert complete(path, {**SERVICES, "notes": NOTES}) == ["NOTES_DATABASE_PASSWORD"]

    assert path.read_text().startswith(before)
    assert read(path)["NOTES_DATABASE_PASSWORD"]
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_only_a_service_with_a_database_here_has_a_password_for_one() -> None:
    names = [variable.name for variable in variables(SERVICES)]

    assert [name for name in names if "DATABASE" in name] == ["AUTH_DATABASE_PASSWORD"]


def test_shells_read_what_is_written(tmp_path: Path) -> None:
    path = tmp_path / ".env"
    complete(path, SERVICES)
    with path.open("a") as file:
        file.write("A='two words, $HOME # and more'\nexport B=\"it's\"  # why\nC=\n")
    names = [*read(path)]

    said = subprocess.run(
        ["sh", "-euc", '. ./.env; for name; do eval echo "\\$$name"; done', "sh", *names],
        cwd=tmp_path,
        env={"PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        check=True,
    )

    assert said.stdout.splitlines() == list(read(path).values())
    assert read(path)["A"] == "two words, $HOME # and more"
    assert read(path)["B"] == "it's"
    assert read(path)["C"] == ""


@pytest.mark.skipif(shutil.which("docker") is None, reason="docker is not installed")
def test_compose_reads_what_is_written(tmp_path: Path) -> None:
    path = tmp_path / ".env"
    path.write_text("A='two words, $HOME # and more'\nB=\"it's\"  # why\nC=plain-word\n")
    (tmp_path / "compose.yml").write_text(
        'services: {x: {image: x, command: ["${A}", "${B}", "${C}"]}}\n'
    )

    said = subprocess.run(
        ["docker", "compose", "--file", "compose.yml", "config"],
        cwd=tmp_path,
        env={"PATH": "/usr/local/bin:/usr/bin:/bin"},
        capture_output=True,
        text=True,
        check=False,
    )

    if "is not a docker command" in said.stderr or "unknown" in said.stderr:
        pytest.skip("docker has no Compose plugin")
    for value in read(path).values():
        assert value.replace("$", "$$") in said.stdout


@pytest.mark.parametrize(
    "line",
    ["A=two words", "A=$HOME", 'A="$HOME"', "A=`id`", "A='open", "A", "A = b", "A=b;c", "A=(b)"],
)
def test_a_spelling_that_readers_take_differently_is_refused_by_line(
    tmp_path: Path, line: str
) -> None:
    path = tmp_path / ".env"
    path.write_text(f"# first\n{line}\n")

    with pytest.raises(DeployError, match=r"\.env, line 2 \(A\).*NAME='any text'"):
        read(path)


def test_a_file_that_is_not_there_holds_nothing(tmp_path: Path) -> None:
    assert read(tmp_path / ".env") == {}


def test_a_secret_that_stands_in_a_file_of_its_own_is_not_made_up(tmp_path: Path) -> None:
    path = tmp_path / ".env"
    path.write_text("AUTH_KEY_ENCRYPTION_SECRET_FILE=/run/secrets/auth-key\n")

    added = complete(path, SERVICES, {"POSTGRES_PASSWORD_FILE": "/run/secrets/postgres"})

    assert "DEMO_PASSWORD" in added
    assert not {"AUTH_KEY_ENCRYPTION_SECRET", "POSTGRES_PASSWORD"} & set(added)
