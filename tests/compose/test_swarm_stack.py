"""What `make swarm-stack` makes of what Compose reads."""

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from deploy.swarm import stack_of
from testing.checkout import ROOT
from testing.docker import needs_compose
from testing.services import OURS

pytestmark = needs_compose
SECRETS = {"AUTH_KEY_ENCRYPTION_SECRET": "the-key-of-keys", "ITEMS_DATABASE_URL": "postgresql://x"}


@pytest.fixture(scope="module")
def compose(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """Compose's own reading, with secrets of which two are set."""
    asked = subprocess.run(
        ["docker", "compose", "--env-file", "/dev/null", "config", "--format", "json"],
        cwd=ROOT,
        env={
            "PATH": "/usr/bin:/bin:/usr/local/bin",
            "GATEHOUSE_VOLUMES": "v",
            "ITEMS_REPLICAS": "3",
        },
        capture_output=True,
        text=True,
        check=True,
    )
    config: dict[str, Any] = json.loads(asked.stdout)
    folder = tmp_path_factory.mktemp("secrets")
    for name, secret in config["secrets"].items():
        secret["file"] = str(folder / name)
        (folder / name).write_text(SECRETS.get(name, ""))
    return config


@pytest.fixture
def stack(compose: dict[str, Any]) -> dict[str, Any]:
    return stack_of(compose, registry="registry.example.com/team", version="7")


def test_every_service_is_replaced_one_by_one_and_brought_back_when_the_new_one_is_not_ready(
    stack: dict[str, Any],
) -> None:
    for name in ("proxy", *(service.name for service in OURS)):
        update = stack["services"][name]["deploy"]["update_config"]
        assert (update["order"], update["failure_action"]) == ("start-first", "rollback"), name
        image = stack["services"][name]["image"]
        assert image.startswith("registry.example.com/team/gatehouse-"), name
        assert image.endswith(":7"), name
    assert stack["services"]["items"]["deploy"]["replicas"] == 3


def test_migrations_are_jobs_and_postgres_stays_on_its_node(stack: dict[str, Any]) -> None:
    jobs = {
        name
        for name, one in stack["services"].items()
        if one["deploy"].get("mode") == "replicated-job"
    }
    assert jobs == {"databases", *(f"{one.name}-migrate" for one in OURS if one.database)}
    for name in ("postgres", "databases"):
        assert stack["services"][name]["deploy"]["placement"]["constraints"], name


def test_a_secret_is_in_no_text_and_has_another_name_when_it_changes(
    stack: dict[str, Any], compose: dict[str, Any]
) -> None:
    assert not [value for value in SECRETS.values() if value in json.dumps(stack)]
    assert stack["secrets"].keys() == SECRETS.keys(), "Swarm refuses an empty one"
    handed = stack["services"]["items"]["secrets"]
    assert handed == [{"source": "ITEMS_DATABASE_URL", "target": "ITEMS_DATABASE_URL"}]

    Path(compose["secrets"]["ITEMS_DATABASE_URL"]["file"]).write_text("postgresql://y")
    changed = stack_of(compose, registry="r", version="8")["secrets"]

    before = stack["secrets"]
    assert changed["ITEMS_DATABASE_URL"]["name"] != before["ITEMS_DATABASE_URL"]["name"]
    assert changed["AUTH_KEY_ENCRYPTION_SECRET"] == before["AUTH_KEY_ENCRYPTION_SECRET"]


def test_the_services_trust_the_network_that_they_share_with_the_proxy(
    stack: dict[str, Any],
) -> None:
    (network,) = stack["networks"]["front"]["ipam"]["config"]
    for service in OURS:
        told = stack["services"][service.name]["environment"]
        assert told[f"{service.variable_prefix}TRUSTED_PROXIES"] == network["subnet"]


def test_docker_reads_the_stack(stack: dict[str, Any], tmp_path: Path) -> None:
    file = tmp_path / "stack.json"
    file.write_text(json.dumps(stack))

    done = subprocess.run(
        ["docker", "stack", "config", "--compose-file", file],
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 0, done.stderr
