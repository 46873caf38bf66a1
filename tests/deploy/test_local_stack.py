"""`make up` and its kin for real, in a copy of the tree, on free ports, without Docker."""

import os
import re
import signal
import subprocess
import time
from collections.abc import Iterator
from json import dumps
from pathlib import Path

import pytest

from testing.checkout import Copy
from testing.http import send
from testing.processes import wait_until
from testing.services import LISTED, OURS

pytestmark = pytest.mark.stack


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Copy]:
    copy = Copy(tmp_path_factory.mktemp("checkout") / "gatehouse", "local")
    copy.share_packages()
    yield copy
    copy.make("down")


@pytest.fixture
def running(copy: Copy) -> Copy:
    done = copy.make("up")
    assert done.returncode == 0, done.stdout + done.stderr
    return copy


def test_up_shows_its_steps_and_ends_with_where_to_go(copy: Copy) -> None:
    copy.make("down")

    done = copy.make("up")

    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.startswith("Local processes, because MODE=local.\n[1/6] checking")
    assert re.findall(r"^\[(\d)/6\] .* \.\.\. \d+\.\d s$", done.stdout, re.MULTILINE) == [*"123456"]
    assert f"http://localhost:{copy.port}/docs" in done.stdout
    assert "demo, with the password" in done.stdout
    password = re.findall(r"^DEMO_PASSWORD=(\w+)", (copy.folder / ".env").read_text(), re.M)[0]
    assert password not in done.stdout
    assert {copy.get(f"{service.prefix}/health/ready") for service in OURS} == {200}
    assert copy.get("/") == 200


def test_no_process_holds_the_secrets_of_another(running: Copy) -> None:
    holding: dict[str, set[str]] = {"ADMIN_PASSWORD": set(), "AUTH_KEY_ENCRYPTION_SECRET": set()}
    for pid in running.processes():
        command = Path(f"/proc/{pid}/cmdline").read_bytes().decode()
        environment = Path(f"/proc/{pid}/environ").read_bytes().decode()
        for name, holders in holding.items():
            if f"{name}=" in environment:
                holders.add(command)
    assert holding["ADMIN_PASSWORD"] == set()
    holders = holding["AUTH_KEY_ENCRYPTION_SECRET"]
    assert len([one for one in holders if "auth_service" in one]) == 1
    assert all("auth_service" in one or "supervise" in one for one in holders)


def test_a_second_up_says_that_it_runs(running: Copy) -> None:
    before = running.processes()

    done = running.make("up")

    assert done.returncode == 0
    assert f"already runs as local processes: http://localhost:{running.port}" in done.stdout
    assert running.processes() >= before


def test_nobody_else_on_the_machine_reads_what_it_writes(copy: Copy) -> None:
    copy.make("down")
    # What earlier versions left.
    old = copy.folder / "var" / "log" / "auth.log"
    old.parent.mkdir(parents=True, exist_ok=True)
    old.write_text("")
    for path in (old.parent.parent, old.parent):
        path.chmod(0o755)
    assert copy.make("up").returncode == 0
    new = {"username": "grace", "email": "grace@example.com"}
    asked = send(
        f"http://127.0.0.1:{copy.port}",
        "/auth/users",
        method="POST",
        headers=[("Content-Type", "application/json")],
        body=dumps(new).encode(),
    )
    assert asked.status == 202
    mails = copy.folder / "var" / "auth" / "mails"
    wait_until(lambda: bool([*mails.glob("*.txt")]), seconds=15, what="the mail is a file")

    (mail,) = mails.glob("*.txt")
    token = re.findall(r"token=(\S+)", mail.read_text())[0]
    assert [
        path
        for path in (copy.folder / "var", *(copy.folder / "var").rglob("*"))
        if path != old and path.lstat().st_mode & 0o077 and not path.is_symlink()
    ] == []
    logs = "".join(path.read_text() for path in old.parent.iterdir())
    assert str(mail.relative_to(copy.folder)) in logs
    assert token not in logs
    assert new["email"] not in logs


def test_another_mode_is_refused_while_it_runs(running: Copy) -> None:
    done = running.make("up", MODE="docker")

    assert done.returncode != 0
    # With an engine it is refused because it runs; without one, because there is none.
    engine = subprocess.run(["docker", "info"], capture_output=True, check=False).returncode == 0
    wanted = "For MODE=docker stop that first: make down" if engine else "MODE=docker, but "
    assert wanted in done.stderr


def ps(copy: Copy, **environment: str) -> int:
    """The exit status that tells a script whether everything is ready."""
    return copy.run(".venv/bin/python", "-m", "deploy", "ps", environment=environment).returncode


def test_ps_finds_the_stack_without_being_told_its_port(running: Copy) -> None:
    for name in ("GATEHOUSE_PORT", *(f"{service.variable_prefix}BIND" for service in OURS)):
        assert ps(running, **{name: ""}) == 0
    done = running.make("ps", GATEHOUSE_PORT="")
    assert done.stdout.endswith(f"\n\nhttp://localhost:{running.port}  (local processes)\n")
    told = running.run(
        ".venv/bin/python", "-m", "deploy", "address", environment={"GATEHOUSE_PORT": ""}
    )
    assert told.stdout == f"http://localhost:{running.port}\n"


@pytest.mark.parametrize("program", [*(service.name for service in OURS), "nginx"])
def test_a_killed_program_is_back_within_seconds_and_ps_tells(running: Copy, program: str) -> None:
    _, pid, _, restarts, ready = running.table()[program]
    assert ready == "yes"

    os.kill(int(pid), signal.SIGKILL)
    began = time.monotonic()
    path = "/" if program == "nginx" else f"{LISTED[program].prefix}/health/ready"
    wait_until(lambda: _is_new(running, program, pid), seconds=15, what=f"{program} is back")
    # What the killed nginx left behind answers for a moment longer, until its successor ends it.
    wait_until(lambda: running.answers(path), seconds=15, what=f"{program} answers")
    took = time.monotonic() - began

    assert running.table()[program][3] == str(int(restarts) + 1)
    # 3 s on a quiet machine; the rest is for one that runs other tests too.
    assert took < 20


def _is_new(stack: Copy, program: str, old_pid: str) -> bool:
    _, pid, _, _, ready = stack.table()[program]
    return pid not in (old_pid, "-") and ready == "yes"


def test_logs_show_one_service_when_asked(running: Copy) -> None:
    done = subprocess.run(
        [".venv/bin/python", "-m", "deploy", "logs", "--no-follow", "--lines", "3", "nginx"],
        cwd=running.folder,
        env=running.environment,
        capture_output=True,
        text=True,
        check=True,
    )

    assert 1 <= len(done.stdout.splitlines()) <= 3
    assert all(line.startswith("nginx | ") for line in done.stdout.splitlines())


def test_the_log_of_an_unknown_service_is_refused_with_the_known_ones(running: Copy) -> None:
    done = running.make("logs", "S=redis")

    assert done.returncode != 0
    assert ", ".join([*(service.name for service in OURS), "nginx"]) in done.stderr


def test_a_taken_port_is_refused_with_its_holder(running: Copy, tmp_path: Path) -> None:
    other = Copy(tmp_path / "other", "local")

    done = other.make("up", GATEHOUSE_PORT=str(running.port))

    assert done.returncode != 0
    assert re.search(
        rf"Port {running.port}, .* is taken by nginx \(pid \d+\).* GATEHOUSE_PORT=", done.stderr
    )
    assert not (other.folder / ".env").exists(), "nothing is written before the check"


def test_clean_asks_and_without_a_terminal_does_nothing(running: Copy) -> None:
    done = running.make("clean")

    assert done.returncode != 0
    assert "var/" in done.stdout
    assert "make clean YES=1" in done.stderr
    assert ps(running) == 0


def test_down_stops_everything_and_leaves_data(running: Copy) -> None:
    done = running.make("down")

    assert done.returncode == 0
    assert running.processes() == set()
    assert (running.folder / "var" / "auth" / "auth.db").exists()
    assert ps(running) == 1
    assert running.make("down").stdout == "Nothing of this checkout is running.\n"


def test_a_killed_supervisor_leaves_nothing_that_stands_in_the_way(running: Copy) -> None:
    supervisor = int((running.folder / "var" / "run" / "supervisord.pid").read_text())
    os.kill(supervisor, signal.SIGKILL)

    done = running.make("up")

    assert done.returncode == 0, done.stdout + done.stderr
    assert running.table()["nginx"][4] == "yes"


def test_down_ends_what_a_killed_supervisor_left(running: Copy) -> None:
    supervisor = int((running.folder / "var" / "run" / "supervisord.pid").read_text())
    os.kill(supervisor, signal.SIGKILL)

    done = running.make("down")

    assert re.match(r"Ended \d+ processes", done.stdout)
    assert running.processes() == set()


def test_a_failed_start_shows_the_log_and_leaves_nothing_running(copy: Copy) -> None:
    copy.make("down")
    with (copy.folder / "var" / "log" / "nginx.log").open("a") as log_of_the_run_before:
        log_of_the_run_before.write("what the run before said\n")

    done = copy.make("up", PROXY_SITE="/nowhere")

    assert done.returncode != 0
    log, _, after = done.stderr.partition("nginx ended while starting.\n")
    assert "PROXY_SITE" in log, "the last lines of the log are shown"
    assert "the run before" not in log
    assert len(after.splitlines()) == 1, "the reason stands last, but for make's own error"
    assert copy.processes() == set()
    assert not (copy.folder / "var" / "running").exists()


def test_the_settings_of_all_services_are_checked_together_at_the_first_step(copy: Copy) -> None:
    copy.make("down")

    done = copy.make("up", AUTH_ACCESS_TOKEN_LIFE="10 minutes", ITEMS_WORKERS="many")

    assert re.fullmatch(r".*\n\[1/6\] checking .* failed\n", done.stdout)
    told, *others = done.stderr.splitlines()
    assert "such as AUTH_ACCESS_TOKEN_LIFE=PT10M" in told
    assert "such as ITEMS_WORKERS=2" in others[0]
    assert len(others) == 2, "but for make's own error"


def test_data_without_its_secrets_is_not_started_on(running: Copy) -> None:
    running.make("down")
    kept = (running.folder / ".env").rename(running.folder / "kept")

    done = running.make("up")

    kept.rename(running.folder / ".env")
    assert done.returncode != 0
    assert "var/auth/auth.db" in done.stderr


def test_clean_removes_the_data_and_keeps_the_settings(running: Copy) -> None:
    done = running.make("clean", "YES=1")

    assert done.returncode == 0
    assert not (running.folder / "var").exists()
    assert (running.folder / ".env").exists()
    assert running.processes() == set()
    assert running.make("clean").stdout == "There is no data to remove.\n"
