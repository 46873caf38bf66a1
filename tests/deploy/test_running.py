"""What runs is remembered once, and neither looking at it nor stopping it needs valid settings."""

import stat
from pathlib import Path

import pytest

from deploy import running
from deploy.__main__ import main
from deploy.checkout import Checkout
from deploy.settings import load_for_what_runs
from testing.services import checkout_of_samples


def test_what_was_said_for_one_start_only_is_known_until_it_is_stopped(tmp_path: Path) -> None:
    checkout = checkout_of_samples(tmp_path)
    started = {"GATEHOUSE_PORT": "8101", "ITEMS_BIND": "127.0.0.1:7000"}

    running.remember(checkout, started)
    known = load_for_what_runs(checkout, {"GATEHOUSE_PORT": "9000"})
    running.forget(checkout)

    assert known.url == "http://localhost:8101"
    assert known.binds["items"] == "127.0.0.1:7000"
    assert load_for_what_runs(checkout, {"GATEHOUSE_PORT": "9000"}).url == "http://localhost:9000"


def test_it_is_its_owner_s_alone(tmp_path: Path) -> None:
    checkout = checkout_of_samples(tmp_path)

    running.remember(checkout, {"GATEHOUSE_PORT": "8101"})

    assert stat.S_IMODE(checkout.running.stat().st_mode) == 0o600


def test_an_address_of_this_machine_is_named_where_localhost_does_not_lead(tmp_path: Path) -> None:
    checkout = checkout_of_samples(tmp_path)

    assert load_for_what_runs(checkout, {"GATEHOUSE_BIND": "127.0.0.2"}).url == (
        "http://127.0.0.2:8080"
    )
    assert load_for_what_runs(checkout, {"GATEHOUSE_BIND": "0.0.0.0"}).url == (
        "http://localhost:8080"
    )


WRONG = [
    ".env",
    "services.toml",
    {"GATEHOUSE_PORT": "eighty"},
    {"GATEHOUSE_BIND": "999.1.1.1"},
    {"ITEMS_BIND": "8002"},
    {"GATEHOUSE_PROT": "8101"},
]


@pytest.mark.parametrize("wrong", WRONG, ids=str)
@pytest.mark.parametrize("command", ["down", "ps", "logs --no-follow", "address", "clean"])
def test_nothing_that_looks_or_stops_needs_a_valid_setting(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    command: str,
    wrong: str | dict[str, str],
) -> None:
    checkout = checkout_of_samples(tmp_path)
    if isinstance(wrong, str):
        (tmp_path / wrong).write_text("DEMO_PASSWORD=it's\n")
    else:
        for name, value in wrong.items():
            monkeypatch.setenv(name, value)
    monkeypatch.setenv("PATH", str(tmp_path))  # without Docker
    monkeypatch.setattr(Checkout, "here", lambda: checkout)

    status = main(command.split())

    assert status == (1 if command == "ps" else 0)
    assert capsys.readouterr().err == ""
