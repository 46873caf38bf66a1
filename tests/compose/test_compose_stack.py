"""`make up` with Docker, for real: images built, PostgreSQL, hardened containers, data that stays."""

import json
import os
import re
import subprocess
from collections.abc import Iterator
from typing import Any

import pytest

from testing.checkout import Copy
from testing.docker import needs_docker
from testing.hammer import Hammer
from testing.http import Answer, send
from testing.processes import wait_until
from testing.services import OURS

pytestmark = [pytest.mark.stack, needs_docker]

SERVICES = {*(service.name for service in OURS), "postgres", "proxy"}


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Copy]:
    copy = Copy(tmp_path_factory.mktemp("compose") / "gatehouse", "docker")
    done = copy.make("up")
    assert done.returncode == 0, done.stdout + done.stderr
    yield copy
    copy.make("clean", YES="1")


def call(copy: Copy, method: str, path: str, token: str, body: object = None) -> Answer:
    return send(
        f"http://127.0.0.1:{copy.port}{path}",
        method=method,
        headers=[("Authorization", f"Bearer {token}"), ("Content-Type", "application/json")],
        body=None if body is None else json.dumps(body).encode(),
    )


def containers(copy: Copy) -> dict[str, dict[str, Any]]:
    """What the engine knows of each container of the copy, by the name of its service."""
    ids = copy.run("docker", "compose", "ps", "--all", "--quiet").stdout.split()
    inspected = json.loads(copy.run("docker", "inspect", *ids).stdout)
    return {one["Config"]["Labels"]["com.docker.compose.service"]: one for one in inspected}


def scale(copy: Copy, **replicas: int) -> subprocess.CompletedProcess[str]:
    """What `docker compose up --scale` says, typed as the documentation says."""
    options = [f"--scale={name}={number}" for name, number in replicas.items()]
    return copy.run(
        "docker", "compose", "up", "--detach", "--no-recreate", "--wait", *options, *replicas
    )


def asked_by_nginx(copy: Copy, service: str) -> set[str]:
    """The addresses of the replicas that answered something below the prefix of a service."""
    log = copy.run("docker", "logs", containers(copy)["proxy"]["Id"]).stdout
    return set(re.findall(rf'"path":"/{service}/[^"]*".*"upstream":"([^",]+)"', log))


def keys_of(copy: Copy) -> set[str]:
    """The keys that one of auth's replicas publishes."""
    published = send(f"http://127.0.0.1:{copy.port}/auth/.well-known/jwks.json").json["keys"]
    return {key["kid"] for key in published}


def test_every_service_is_healthy(copy: Copy) -> None:
    states = {name: one["State"] for name, one in containers(copy).items()}
    assert {name: states[name]["Health"]["Status"] for name in SERVICES} == dict.fromkeys(
        SERVICES, "healthy"
    )


def test_no_container_is_root_or_can_write_to_its_image_or_gain_rights(copy: Copy) -> None:
    for name, one in containers(copy).items():
        limits = one["HostConfig"]
        assert one["Config"]["User"] not in ("", "0", "root"), name
        assert limits["ReadonlyRootfs"], name
        assert limits["CapDrop"] == ["ALL"], name
        assert "no-new-privileges:true" in limits["SecurityOpt"], name
        assert limits["Memory"] > 0, name
        assert limits["PidsLimit"] > 0, name
        assert limits["LogConfig"]["Config"]["max-size"], name


def test_the_processes_inside_are_not_root(copy: Copy) -> None:
    for name in SERVICES:
        uid = copy.run("docker", "compose", "exec", "-T", name, "id", "-u").stdout.strip()
        assert uid.isdigit(), name
        assert uid != "0", name


def test_only_the_proxy_is_published_and_only_on_loopback(copy: Copy) -> None:
    published = {
        name: [binding["HostIp"] for bindings in ports.values() for binding in bindings or []]
        for name, one in containers(copy).items()
        if (ports := one["NetworkSettings"]["Ports"])
    }
    assert {name: hosts for name, hosts in published.items() if hosts} == {"proxy": ["127.0.0.1"]}


def test_a_proxy_on_this_machine_appears_as_the_first_address_of_the_network(copy: Copy) -> None:
    assert copy.get("/?first-address") == 200

    said = copy.run("docker", "logs", containers(copy)["proxy"]["Id"]).stdout

    clients = re.findall(r'"client":"([^"]+)"', said)
    assert f"{copy.environment['GATEHOUSE_NETWORK']}.1" in clients


def test_the_proxy_cannot_reach_the_database(copy: Copy) -> None:
    networks = {
        name: set(one["NetworkSettings"]["Networks"]) for name, one in containers(copy).items()
    }
    assert networks["proxy"].isdisjoint(networks["postgres"])


def test_a_server_is_not_told_the_passwords_of_the_first_users(copy: Copy) -> None:
    told = " ".join(containers(copy)["auth"]["Config"]["Env"])
    assert "DEMO_PASSWORD" not in told
    assert "ADMIN_PASSWORD" not in told


def test_a_load_from_containers_leaves_its_report_to_who_asked_for_it(copy: Copy) -> None:
    copy.share_packages()

    load = [".venv/bin/python", "-m", "loadtests", "run", "--containers=2"]
    done = copy.run(*load, "--users=6", "--time=5s")

    (report,) = (copy.folder / "var" / "load").iterdir()
    summary = json.loads((report / "summary.json").read_text())
    # Whether a busy machine keeps its budgets is not what is tried here.
    assert done.returncode == summary["exit_code"], done.stderr
    assert summary["total"]["requests"] > 0
    assert summary["total"]["failures"] == 0, summary["failures"]
    loading = {one["process"]: one["mean"] for one in summary["generator"]["processes"]}
    assert loading.keys() == {"master", "worker 1", "worker 2"}
    assert f"report: {report.relative_to(copy.folder)}/report.html" in done.stderr
    assert {file.name for file in report.iterdir()} >= {"report.html", "summary.md", "plot.svg"}
    assert {file.stat().st_uid for file in report.iterdir()} == {os.getuid()}
    assert not [name for name in containers(copy) if name.startswith("load-")]
    image = f"{copy.environment['COMPOSE_PROJECT_NAME']}-load"
    inspected = copy.run("docker", "image", "inspect", "--format", "{{.Config.User}}", image)
    assert inspected.stdout.strip() == "10001:10001"


def test_users_and_items_survive_down_and_up(copy: Copy) -> None:
    token = copy.sign_in()
    created = call(copy, "POST", "/items/", token, {"title": "Kept"})
    assert created.status == 201, created.body
    assert copy.make("down").returncode == 0
    assert not copy.answers("/")

    done = copy.make("up")

    assert done.returncode == 0, done.stdout + done.stderr
    kept = call(copy, "GET", f"/items/{created.json['id']}", token)
    assert kept.status == 200, "the token and the item of before are both still good"
    assert copy.sign_in()


def test_no_request_fails_while_every_worker_is_replaced(copy: Copy) -> None:
    before = copy.table()
    hammer = Hammer(f"http://127.0.0.1:{copy.port}", copy.sign_in())
    with hammer.at_work():
        done = copy.make("reload")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "auth: 2 workers were replaced." in done.stdout
    assert "items: 2 workers were replaced." in done.stdout
    assert hammer.failures == []
    assert hammer.lost_or_doubled() == []
    assert {name: row[1] for name, row in copy.table().items()} == {
        name: row[1] for name, row in before.items()
    }, "the containers stay"


def hammer_of(copy: Copy) -> Hammer:
    """Clients that keep no connection.

    An nginx before 1.27.3, such as that of a stand-in image, is reloaded when replicas come or go, and closes what
    clients keep open.
    """
    url = f"http://127.0.0.1:{copy.port}"
    return Hammer(url, copy.sign_in(), keeps_connections=False)


def test_no_request_fails_while_a_service_grows_to_three_replicas_and_shrinks_to_one(
    copy: Copy,
) -> None:
    hammer = hammer_of(copy)
    with hammer.at_work():
        grown = scale(copy, items=3)
        wait_until(
            lambda: len(asked_by_nginx(copy, "items")) >= 3,
            seconds=60,
            what="each of the three answers requests that came through nginx",
        )
        shrunk = scale(copy, items=1)
        read = hammer.reads
        wait_until(lambda: hammer.reads > read + 20, seconds=30, what="the one that is left serves")
    assert grown.returncode == shrunk.returncode == 0, grown.stderr + shrunk.stderr
    assert hammer.failures == []
    assert hammer.lost_or_doubled() == []


@pytest.mark.sweep
def test_no_request_fails_while_three_and_two_replicas_are_upgraded_and_keys_rotate(
    copy: Copy,
) -> None:
    scale(copy, items=3)
    scale(copy, auth=2)
    hammer = hammer_of(copy)
    with hammer.at_work():
        rotated = copy.run(
            *("docker", "compose", "exec", "-T", "auth"),
            *("python", "-m", "auth_service.cli", "keys", "rotate"),
        )
        wait_until(
            lambda: {len(keys_of(copy)) for _ in range(6)} == {2},
            seconds=60,
            what="both replicas of auth publish the next key",
        )
        signed_in = [copy.sign_in() for _ in range(6)]
        done = copy.make("upgrade")
    assert rotated.returncode == 0, rotated.stderr
    assert done.returncode == 0, done.stdout + done.stderr
    assert "auth: 2 replicas were replaced." in done.stdout
    assert "items: 3 replicas were replaced." in done.stdout
    for token in signed_in:
        answers = [call(copy, "GET", "/items/", token).status for _ in range(9)]
        assert answers == [200] * 9, "each replica knows the key"
    assert len(keys_of(copy)) == 2
    assert hammer.failures == []
    assert hammer.lost_or_doubled() == []


@pytest.mark.parametrize("service", ["items", "auth"])
def test_a_killed_service_comes_back_and_ps_tells(copy: Copy, service: str) -> None:
    before = containers(copy)[service]
    subprocess.run(["kill", "-9", str(before["State"]["Pid"])], check=True)

    def is_another_process() -> bool:
        return bool(containers(copy)[service]["State"]["Pid"] not in (0, before["State"]["Pid"]))

    wait_until(is_another_process, seconds=10, what="the engine started it again")
    wait_until(
        lambda: copy.answers(f"/{service}/health/ready"), seconds=10, what="it answers again"
    )
    assert "1" in copy.table()[service]


def test_another_database_is_opened_where_it_is_named(copy: Copy) -> None:
    assert copy.make("down").returncode == 0

    done = copy.make("up", ITEMS_DATABASE_URL="sqlite:///var/items/elsewhere.db")

    assert done.returncode == 0, done.stdout + done.stderr
    kept = copy.run("docker", "compose", "exec", "-T", "items", "ls", "var/items").stdout.split()
    assert "elsewhere.db" in kept
    assert call(copy, "GET", "/items/", copy.sign_in()).json["items"] == []


def test_a_setting_that_cannot_work_fails_the_start_and_is_told_last(copy: Copy) -> None:
    assert copy.make("down").returncode == 0
    # As on a machine that has no packages: only the containers can read the settings.
    (copy.folder / ".venv").unlink(missing_ok=True)

    done = copy.make("up", AUTH_ACCESS_TOKEN_LIFE="ten minutes")

    assert done.returncode != 0
    assert "AUTH_ACCESS_TOKEN_LIFE is not valid" in done.stderr
    *_, reason, makes_own = done.stderr.splitlines()
    assert reason == "auth-migrate ended with exit status 2."
    assert makes_own.startswith("make: ***")
    assert copy.make("up").returncode == 0


def test_where_packages_are_installed_it_is_told_before_anything_starts(copy: Copy) -> None:
    assert copy.make("down").returncode == 0
    copy.share_packages()

    done = copy.make("up", AUTH_ACCESS_TOKEN_LIFE="ten minutes")

    assert "checking this machine ... failed" in done.stdout
    assert "building images" not in done.stdout
    assert "such as AUTH_ACCESS_TOKEN_LIFE=PT10M" in done.stderr
    assert copy.make("up").returncode == 0


def test_what_is_looked_at_and_stopped_needs_no_valid_settings(copy: Copy) -> None:
    assert copy.make("up").returncode == 0
    settings = (copy.folder / ".env").read_text()
    (copy.folder / ".env").write_text(f"{settings}DEMO_NOTE=it's\n")
    other = {"GATEHOUSE_PORT": "", "COMPOSE_PROJECT_NAME": ""}

    ps, down = copy.make("ps", **other), copy.make("down", **other)

    (copy.folder / ".env").write_text(settings)
    assert ps.stdout.endswith(f"\n\nhttp://localhost:{copy.port}  (Docker containers)\n"), ps.stderr
    assert down.returncode == 0, down.stderr
    assert down.stdout.startswith("Stopped the Docker containers.")
    assert copy.run("docker", "compose", "ps", "--all", "--quiet").stdout == ""
    assert copy.make("up").returncode == 0


def test_a_second_up_says_that_it_runs(copy: Copy) -> None:
    done = copy.make("up")
    assert done.returncode == 0
    assert "already runs" in done.stdout


def test_a_new_service_joins_the_stack_that_runs_and_data_stays(copy: Copy) -> None:
    made = call(copy, "POST", "/items/", copy.sign_in(), {"title": "Older than notes"})
    assert made.status == 201
    copy.share_packages()
    service = copy.run(".venv/bin/python", "-m", "deploy", "service", "notes")
    assert service.returncode == 0, service.stderr

    up = copy.make("up")

    assert up.returncode == 0, up.stdout + up.stderr
    assert up.stdout.startswith("It runs without notes, so it is started anew. Data stays.\n")
    token = copy.sign_in()
    assert call(copy, "POST", "/notes/", token, {"title": "Buy milk"}).status == 201
    assert [note["title"] for note in call(copy, "GET", "/notes/", token).json["items"]] == [
        "Buy milk"
    ]
    assert call(copy, "GET", f"/items/{made.json['id']}", token).status == 200
