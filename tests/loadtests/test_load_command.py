import signal
import socket
import urllib.error
import urllib.request
from pathlib import Path
from urllib.parse import urlencode

import pytest

from testing.ports import free_port
from tests.loadtests.command import finish, start
from tests.loadtests.stub_api import ADMIN, StubApi


def test_a_wrong_password_ends_the_command_with_2_and_one_sentence(
    stub: StubApi, tmp_path: Path
) -> None:
    url = f"--url={stub.url}"
    command = start(tmp_path, "loadtests", "run", url, ADMIN_PASSWORD="wrong horse")

    outcome = finish(command)

    assert outcome.exit_code == 2
    assert outcome.output.startswith("load test not started: ")
    assert outcome.output.count("\n") == 1


@pytest.mark.parametrize("processes", [1, 2])
def test_a_target_that_is_down_ends_the_command_with_2_and_one_sentence(
    processes: int, tmp_path: Path
) -> None:
    url, several = f"--url=http://127.0.0.1:{free_port()}", f"--processes={processes}"
    outcome = finish(start(tmp_path, "loadtests", "run", url, several))

    assert outcome.exit_code == 2
    assert "`make up`" in outcome.output
    assert outcome.output.count("\n") == 1
    assert not list(tmp_path.glob("20*"))


def test_a_wrong_file_of_budgets_ends_the_command_before_the_first_request(
    stub: StubApi, tmp_path: Path
) -> None:
    budgets = tmp_path / "budgets.toml"
    budgets.write_text('["GET /items/"]\np100 = 5\n')

    run = start(tmp_path, "loadtests", "run", f"--url={stub.url}", f"--budgets={budgets}")
    outcome = finish(run)

    assert outcome.exit_code == 2
    assert "row 'GET /items/', key 'p100': there is no such key" in outcome.output
    assert outcome.output.count("\n") == 1
    assert not stub.grants


def test_the_help_of_run_says_the_shapes_the_exit_codes_and_the_settings(tmp_path: Path) -> None:
    outcome = finish(start(tmp_path, "loadtests", "run", "--help"))

    assert outcome.exit_code == 0
    for part in ("steady", "steps", "spike", "soak", "a budget was broken", "ADMIN_PASSWORD"):
        assert part in outcome.output


@pytest.mark.parametrize(
    "argument", ["--users=0", "--users=many", "--time=soon", "--time=0s", "--processes=0"]
)
def test_an_argument_that_makes_no_run_is_refused(argument: str, tmp_path: Path) -> None:
    outcome = finish(start(tmp_path, "loadtests", "run", argument))

    assert outcome.exit_code == 2
    assert "give" in outcome.output


def test_a_busy_port_of_the_web_page_is_refused_in_a_sentence(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as holder:
        port = holder.getsockname()[1]

        outcome = finish(start(tmp_path, "loadtests", "ui", f"--port={port}"))

    assert outcome.exit_code == 2
    assert f"port {port} cannot be used (Address already in use)" in outcome.output


def test_the_web_page_starts_no_users_by_itself_and_none_against_a_host_beyond_this_machine(
    stub: StubApi, tmp_path: Path
) -> None:
    port = free_port()
    page = f"http://127.0.0.1:{port}"
    with start(tmp_path, "loadtests", "ui", f"--port={port}", f"--url={stub.url}") as command:
        command.wait_until(lambda: _is_served(page), seconds=15, what="the page is served")

        form = urlencode({"user_count": 1, "spawn_rate": 1, "host": "http://192.0.2.1"})
        with urllib.request.urlopen(f"{page}/swarm", form.encode(), timeout=5) as response:
            answer = response.read().decode()
        assert f"Locust's page is at {page} until Ctrl-C; it loads {stub.url}." in (
            command.log.read_text()
        )
        command.stop(signal.SIGINT)

    assert "LOADTESTS_ALLOWED_HOSTS=192.0.2.1" in answer
    # The administrator signed in, before and after, and no user did.
    assert set(stub.sign_ins) == {ADMIN[0]}


def _is_served(page: str) -> bool:
    try:
        urllib.request.urlopen(page, timeout=5).close()
    except urllib.error.URLError:
        return False
    return True
