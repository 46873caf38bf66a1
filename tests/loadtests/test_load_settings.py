from pathlib import Path

import pytest

from loadtests.settings import Credentials, Settings, SettingsError

NOTHING = Path("nothing runs")
CREDENTIALS = {"DEMO_USERNAME": "demo", "DEMO_PASSWORD": "right horse"}


def test_credentials_and_port_come_from_the_env_file(tmp_path: Path) -> None:
    env_file = tmp_path / ".env"
    env_file.write_text(
        "# first users\nDEMO_USERNAME=demo\nexport DEMO_PASSWORD='a # b'\n\nGATEHOUSE_PORT=9000\n"
    )

    settings = Settings.read({}, env_file, NOTHING)

    assert settings.demo == Credentials("demo", "a # b", "DEMO")
    assert settings.admin is None
    assert settings.url == "http://localhost:9000"


def test_the_environment_wins_over_the_env_file(tmp_path: Path) -> None:
    env_file = tmp_path / ".env"
    env_file.write_text("DEMO_USERNAME=other\nDEMO_PASSWORD=other\n")

    settings = Settings.read(CREDENTIALS, env_file, NOTHING)

    assert settings.demo == Credentials("demo", "right horse", "DEMO")


def test_without_settings_the_load_goes_to_port_8080_of_this_machine(tmp_path: Path) -> None:
    settings = Settings.read(CREDENTIALS, tmp_path / "missing", NOTHING)

    assert settings.url == "http://localhost:8080"
    assert settings.allowed_hosts == frozenset()


@pytest.mark.parametrize(
    ("running", "url"),
    [
        ("GATEHOUSE_BIND='127.0.0.1'\nGATEHOUSE_PORT='8101'\n", "http://localhost:8101"),
        ("GATEHOUSE_BIND='0.0.0.0'\nGATEHOUSE_PORT='8101'\n", "http://localhost:8101"),
        ("GATEHOUSE_BIND='127.0.0.2'\nGATEHOUSE_PORT='8101'\n", "http://127.0.0.2:8101"),
        ("GATEHOUSE_BIND='::1'\nGATEHOUSE_PORT='8101'\n", "http://[::1]:8101"),
    ],
)
def test_what_runs_is_loaded_whatever_the_settings_say_now(
    running: str, url: str, tmp_path: Path
) -> None:
    file = tmp_path / "running"
    file.write_text(running)

    settings = Settings.read({**CREDENTIALS, "GATEHOUSE_PORT": "9000"}, tmp_path / "missing", file)

    assert settings.url == url


def test_allowed_hosts_are_separated_by_commas_or_spaces(tmp_path: Path) -> None:
    environment = {**CREDENTIALS, "LOADTESTS_ALLOWED_HOSTS": "a.example, B.example c.example"}

    settings = Settings.read(environment, tmp_path / "missing", NOTHING)

    assert settings.allowed_hosts == {"a.example", "b.example", "c.example"}


def test_missing_passwords_name_the_variables_and_the_command(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"DEMO_PASSWORD are set .*`make up`"):
        Settings.read({"DEMO_USERNAME": "demo"}, tmp_path / "missing", NOTHING)


def test_where_the_password_of_the_administrator_comes_from_is_remembered(tmp_path: Path) -> None:
    env_file = tmp_path / ".env"
    env_file.write_text("ADMIN_USERNAME=admin\nADMIN_PASSWORD=correct battery\n")

    assert Settings.read({}, env_file, NOTHING).admin_is_from_file
    assert not Settings.read({"ADMIN_PASSWORD": "staple"}, env_file, NOTHING).admin_is_from_file


@pytest.mark.parametrize("text", ["soon", "-1", "nan", "inf"])
def test_a_pause_that_is_no_time_is_refused(text: str, tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="LOADTESTS_THINK_SECONDS"):
        Settings.read(
            {**CREDENTIALS, "LOADTESTS_THINK_SECONDS": text}, tmp_path / "missing", NOTHING
        )


def test_an_open_quote_in_the_env_file_is_a_sentence(tmp_path: Path) -> None:
    env_file = tmp_path / ".env"
    env_file.write_text("DEMO_PASSWORD='open\n")

    with pytest.raises(SettingsError, match=r"DEMO_PASSWORD in .* has an open quote"):
        Settings.read({}, env_file, NOTHING)
