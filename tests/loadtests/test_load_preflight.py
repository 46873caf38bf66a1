from dataclasses import replace

import pytest

from loadtests import preflight
from loadtests.settings import Settings
from tests.loadtests.stub_api import PASSWORD, USERNAME, StubApi

SETTINGS = Settings(
    url="", username=USERNAME, password=PASSWORD, think_seconds=0.5, allowed_hosts=frozenset()
)


def test_a_target_that_is_up_and_lets_the_user_in_passes(stub: StubApi) -> None:
    preflight.check(stub.url, SETTINGS)


@pytest.mark.parametrize(
    ("fault", "sentence"),
    [
        ("auth is down", "The auth service is down"),
        ("items is not ready", r"items service is not ready \(database: does not answer\)"),
        ("too many sign-ins", "wait 7 s, or exempt this address with GATEHOUSE_RATE_LIMIT_EXEMPT"),
        ("items refuses tokens", "GATEHOUSE_PUBLIC_URL must be the same"),
    ],
)
def test_a_fault_of_the_target_is_named(stub: StubApi, fault: str, sentence: str) -> None:
    stub.faults = {fault}

    with pytest.raises(preflight.NotReadyError, match=sentence):
        preflight.check(stub.url, SETTINGS)


def test_a_wrong_password_names_the_settings_that_hold_it(stub: StubApi) -> None:
    with pytest.raises(preflight.NotReadyError, match=r"DEMO_PASSWORD in .* \.env"):
        preflight.check(stub.url, replace(SETTINGS, password="wrong horse"))


def test_a_dead_target_names_the_command_that_starts_it() -> None:
    with StubApi().running() as stub:
        url = stub.url

    with pytest.raises(preflight.NotReadyError, match=r"Nothing answers at .*refused.*`make up`"):
        preflight.check(url, SETTINGS)


def test_another_server_is_not_taken_for_gatehouse(stub: StubApi) -> None:
    with pytest.raises(preflight.NotReadyError, match="answered 404, so this is not Gatehouse"):
        preflight.check(f"{stub.url}/elsewhere", SETTINGS)


# 192.0.2.0/24 is for documentation (RFC 5737): no request may leave for it.
@pytest.mark.parametrize("url", ["http://192.0.2.1:8080", "http://[2001:db8::1]/"])
def test_a_host_beyond_this_machine_is_refused_unless_a_setting_names_it(url: str) -> None:
    with pytest.raises(preflight.NotReadyError, match="LOADTESTS_ALLOWED_HOSTS="):
        preflight.check(url, SETTINGS)


def test_a_host_that_the_setting_names_is_allowed(stub: StubApi) -> None:
    # This address is not a loopback one, and yet its connections end at this machine.
    url = f"http://0.0.0.0:{stub.server_port}"
    with pytest.raises(preflight.NotReadyError, match="LOADTESTS_ALLOWED_HOSTS="):
        preflight.check(url, SETTINGS)

    preflight.check(url, replace(SETTINGS, allowed_hosts=frozenset({"0.0.0.0"})))


def test_a_host_without_an_address_is_a_sentence() -> None:
    # A label has at most 63 characters (RFC 1035), so no resolver is asked for this one.
    with pytest.raises(preflight.NotReadyError, match="has no address"):
        preflight.check(f"http://{'a' * 64}.example", SETTINGS)


@pytest.mark.parametrize("url", ["", "localhost:8080", "ftp://localhost", "http://localhost:x"])
def test_a_url_that_is_no_target_is_refused(url: str) -> None:
    with pytest.raises(preflight.NotReadyError, match="is no target"):
        preflight.check(url, SETTINGS)
