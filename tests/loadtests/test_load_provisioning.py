from dataclasses import replace
from pathlib import Path

import pytest

from loadtests.assignment import Assignment
from loadtests.provisioning import provision
from loadtests.settings import Credentials, Settings
from loadtests.target import NotReadyError
from tests.loadtests.stub_api import ADMIN, CLIENT_ID, CLIENT_SECRET, DEMO, StubApi


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(
        url="",
        admin=Credentials(*ADMIN, "ADMIN"),
        demo=Credentials(*DEMO, "DEMO"),
        think_seconds=0.5,
        allowed_hosts=frozenset(),
        state=tmp_path,
    )


def provisioned(
    url: str, settings: Settings, *, steadily: float = 1, at_once: float = 4
) -> Assignment:
    return provision(
        url,
        settings,
        users=5,
        workers=2,
        sign_ins_steadily=steadily,
        sign_ins_at_once=at_once,
    )


def test_a_target_that_is_up_gets_an_account_for_every_user_of_every_worker(
    stub: StubApi, settings: Settings
) -> None:
    assignment = provisioned(stub.url, settings)

    assert assignment.series
    made = {assignment.series.account(number).username for number in range(6)}
    assert set(stub.passwords) - {ADMIN[0], DEMO[0]} == made
    assert assignment.client
    assert (assignment.client.client_id, assignment.client.client_secret) == (
        CLIENT_ID,
        CLIENT_SECRET,
    )


@pytest.mark.parametrize(
    ("fault", "sentence"),
    [
        ("auth is down", "The auth service is down"),
        ("items is not ready", r"items service is not ready \(database: does not answer\)"),
        ("too many sign-ins", "wait 7 s, or exempt .* GATEHOUSE_RATE_LIMIT_EXEMPT"),
        ("items refuses tokens", "GATEHOUSE_PUBLIC_URL must be the same"),
        ("accounts cannot be made", "answered 422 to the administrator"),
    ],
)
def test_a_fault_of_the_target_is_named(
    stub: StubApi, settings: Settings, fault: str, sentence: str
) -> None:
    stub.faults = {fault}

    with pytest.raises(NotReadyError, match=sentence):
        provisioned(stub.url, settings)


@pytest.mark.parametrize("role", ["ADMIN", "DEMO"])
def test_a_wrong_password_names_the_settings_that_hold_it(
    stub: StubApi, settings: Settings, role: str
) -> None:
    wrong = Credentials("reader", "wrong horse", role)
    settings = replace(settings, admin=wrong if role == "ADMIN" else None, demo=wrong)

    with pytest.raises(NotReadyError, match=rf"{role}_USERNAME and {role}_PASSWORD in .* \.env"):
        provisioned(stub.url, settings)


@pytest.mark.parametrize(("steadily", "at_once"), [(5.0, 4.0), (1.0, 25.0)])
def test_a_run_that_signs_in_more_often_than_the_target_allows_names_the_exemption(
    stub: StubApi, settings: Settings, steadily: float, at_once: float
) -> None:
    stub.faults = {"sign-ins are limited"}

    with pytest.raises(NotReadyError, match=r"take fewer users, or .* GATEHOUSE_RATE_LIMIT_EXEMPT"):
        provisioned(stub.url, settings, steadily=steadily, at_once=at_once)


def test_a_target_that_exempts_the_load_generator_takes_any_number_of_sign_ins(
    stub: StubApi, settings: Settings
) -> None:
    assert provisioned(stub.url, settings, steadily=50, at_once=100).series


def test_without_an_administrator_everybody_is_the_demo_user(
    stub: StubApi, settings: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    assignment = provisioned(stub.url, replace(settings, admin=None))

    assert assignment.series is None
    assert assignment.client is None
    assert assignment.shared
    assert (assignment.shared.username, assignment.shared.password) == DEMO
    assert f"every user signs in as {DEMO[0]!r}" in capsys.readouterr().err


def test_an_administrator_of_the_env_file_is_not_told_to_another_machine(
    stub: StubApi, settings: Settings
) -> None:
    # This address is not a loopback one, and yet its connections end at this machine.
    elsewhere = f"http://0.0.0.0:{stub.server_port}"
    settings = replace(settings, allowed_hosts=frozenset({"0.0.0.0"}), admin_is_from_file=True)

    assignment = provisioned(elsewhere, settings)

    assert assignment.shared
    assert set(stub.sign_ins) == {DEMO[0]}


def test_a_dead_target_names_the_command_that_starts_it(settings: Settings) -> None:
    with StubApi().running() as stub:
        url = stub.url

    with pytest.raises(NotReadyError, match=r"Nothing answers at .*refused.*`make up`"):
        provisioned(url, settings)


def test_a_stack_without_items_needs_nothing_of_items(
    stub: StubApi, settings: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    stub.faults = {"items is absent"}

    assignment = provisioned(stub.url, settings)

    assert assignment.services == {"auth"}
    assert assignment.series
    assert assignment.client is None
    assert stub.calls_of_absent_services == 0
    assert "items is not there" in capsys.readouterr().err


def test_a_service_that_no_user_calls_is_named(
    stub: StubApi, settings: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    stub.faults = {"notes is there"}

    assert provisioned(stub.url, settings).services == {"auth", "items"}
    assert "notes is not loaded" in capsys.readouterr().err


def test_another_server_is_not_taken_for_gatehouse(stub: StubApi, settings: Settings) -> None:
    with pytest.raises(NotReadyError, match="answered 404, so this is not Gatehouse"):
        provisioned(f"{stub.url}/elsewhere", settings)


# 192.0.2.0/24 is for documentation (RFC 5737): no request may leave for it.
@pytest.mark.parametrize("url", ["http://192.0.2.1:8080", "http://[2001:db8::1]/"])
def test_a_host_beyond_this_machine_is_refused_unless_a_setting_names_it(
    url: str, settings: Settings
) -> None:
    with pytest.raises(NotReadyError, match="LOADTESTS_ALLOWED_HOSTS="):
        provisioned(url, settings)


def test_a_host_that_the_setting_names_is_allowed(stub: StubApi, settings: Settings) -> None:
    url = f"http://0.0.0.0:{stub.server_port}"
    with pytest.raises(NotReadyError, match="LOADTESTS_ALLOWED_HOSTS="):
        provisioned(url, settings)

    provisioned(url, replace(settings, allowed_hosts=frozenset({"0.0.0.0"})))


def test_a_host_without_an_address_is_a_sentence(settings: Settings) -> None:
    # A label has at most 63 characters (RFC 1035), so no resolver is asked for this one.
    with pytest.raises(NotReadyError, match="has no address"):
        provisioned(f"http://{'a' * 64}.example", settings)


@pytest.mark.parametrize("url", ["", "localhost:8080", "ftp://localhost", "http://localhost:x"])
def test_a_url_that_is_no_target_is_refused(url: str, settings: Settings) -> None:
    with pytest.raises(NotReadyError, match="is no target"):
        provisioned(url, settings)


def test_a_folder_that_cannot_hold_the_seed_is_a_sentence(
    stub: StubApi, settings: Settings, tmp_path: Path
) -> None:
    file = tmp_path / "file"
    file.touch()

    with pytest.raises(NotReadyError, match=r"cannot be kept in .*LOADTESTS_STATE_FOLDER"):
        provisioned(stub.url, replace(settings, state=file))
