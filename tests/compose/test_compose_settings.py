"""What docs/settings.md says is true with Docker too; asks Compose, which needs no engine for it."""

import ipaddress
import json
import os
import re
import stat
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from deploy.checkout import Checkout
from deploy.errors import DeployError
from deploy.secret_files import names as names_of_secrets
from deploy.secret_files import values_of, write
from deploy.settings_file import variables
from testing.checkout import ROOT
from testing.docker import needs_compose
from testing.ports import free_port
from testing.services import LISTED, OURS

PAGE = (ROOT / "docs" / "settings.md").read_text(encoding="utf-8")
# The name, type, default and meaning of each setting.
ROWS = [line.strip("| ").split(" | ") for line in PAGE.splitlines() if line.startswith("| `")]
# What a person sets: Compose sets the others itself.
FIXED = {"GATEHOUSE_SERVICES"}
WITH_DOCKER = [
    row
    for row in ROWS
    if not re.search(r"Compose sets?\b.*(it|address)\.|Compose set it", row[3])
    and row[0].strip("`") not in FIXED
]
SECRETS = {variable.name: "set" for variable in variables(LISTED)}
# Compose itself reads these as what they are.
MARKERS = {
    "GATEHOUSE_PORT": str(free_port()),
    "GATEHOUSE_BIND": "127.0.0.9",
    "GATEHOUSE_NETWORK": "10.84.99",
    **{f"{service.variable_prefix}REPLICAS": "7731" for service in OURS},
}


pytestmark = needs_compose


def names(cell: str) -> list[str]:
    """The variables of a row: one for each service where the name begins with a service's."""
    name = cell.strip("`")
    if not name.startswith("<SERVICE>_"):
        return [name]
    # Auth makes the keys that the others fetch.
    services = [one for one in OURS if one.name != "auth" or "JWKS" not in name]
    return [name.replace("<SERVICE>_", one.variable_prefix) for one in services]


def compose(variables: Mapping[str, str], *options: str) -> dict[str, Any]:
    """What Compose makes of docker-compose.yml in an environment of nothing else."""
    done = subprocess.run(
        ["docker", "compose", "--env-file", "/dev/null", *options, "config", "--format", "json"],
        cwd=ROOT,
        env={"PATH": os.environ["PATH"], **SECRETS, **variables},
        capture_output=True,
        text=True,
        check=True,
    )
    config: dict[str, Any] = json.loads(done.stdout)
    return config


def told(config: dict[str, Any]) -> dict[str, str]:
    """The environments of all containers in one."""
    services = config["services"].values()
    return {name: value for one in services for name, value in one.get("environment", {}).items()}


def test_every_setting_has_its_effect_with_docker() -> None:
    variables = [name for row in WITH_DOCKER for name in names(row[0])]
    markers = {name: MARKERS.get(name, f"marker-{name.lower()}") for name in variables}
    assert len(variables) > 20, "the table is read as it is written"

    config = compose(markers)
    text, environment = json.dumps(config), told(config)
    # A container is handed a secret as a file.
    handed = {n for n in config["secrets"] if environment.get(f"{n}_FILE") == f"/run/secrets/{n}"}

    assert len(handed) > 5
    assert [n for n, marker in markers.items() if marker not in text and n not in handed] == []


def test_a_secret_that_is_not_set_is_no_file_to_read() -> None:
    may_be_unset = [
        *("AUTH_SMTP_URL", "AUTH_KEY_ENCRYPTION_SECRET_PREVIOUS"),
        *("ADMIN_PASSWORD", "DEMO_PASSWORD"),
    ]
    unset = dict.fromkeys(may_be_unset, "")
    for extra, is_handed in (
        ({}, False),
        (dict.fromkeys(may_be_unset, "set"), True),
        ({f"{name}_FILE": "of-mine" for name in may_be_unset}, True),
    ):
        environment = told(compose({**unset, **extra}))
        for name in may_be_unset:
            assert environment[f"{name}_FILE"] == (f"/run/secrets/{name}" if is_handed else "")


def test_the_page_names_the_default_that_containers_get() -> None:
    # What has no value is told only when it is set.
    environment = {name: value for name, value in told(compose({})).items() if value is not None}
    documented = {
        name: row[2].strip("`")
        for row in WITH_DOCKER
        if row[2].startswith("`")
        for name in names(row[0])
    }

    assert documented["AUTH_REFRESH_TOKEN_LIFE"] == "P14D"
    common = documented.keys() & environment.keys() - SECRETS.keys()
    assert {name: environment[name] for name in common} == {n: documented[n] for n in common}


def test_without_another_database_a_service_opens_its_own_in_the_stack() -> None:
    names = [service.name for service in OURS if service.database]
    given = {f"{name.upper()}_DATABASE_PASSWORD": f"word-of-{name}" for name in names}
    secrets = values_of(given, LISTED)

    assert {name: secrets[f"{name.upper()}_DATABASE_URL"] for name in names} == {
        name: f"postgresql://{name}:word-of-{name}@postgres:5432/{name}" for name in names
    }
    assert {name: secrets[name] for name in given} == given
    assert told(compose({}))["DATABASES"].split() == names


def test_whatever_opens_a_database_can_reach_one_outside_the_stack() -> None:
    config = compose({})
    inside = {name for name, network in config["networks"].items() if network.get("internal")}
    shut_in = [
        name
        for name, service in config["services"].items()
        if any(
            variable.endswith("DATABASE_URL_FILE") for variable in service.get("environment", {})
        )
        and set(service["networks"]) <= inside
    ]

    assert inside == {"data", "load"}
    assert shut_in == []


def test_no_container_has_a_fixed_address_so_that_services_scale() -> None:
    fixed = [
        name
        for name, service in compose({}, "--profile", "load")["services"].items()
        for network in service.get("networks", {}).values()
        if network
    ]

    assert fixed == []


def test_the_services_trust_the_containers_of_their_network_and_not_this_machine() -> None:
    config = compose({})
    (network,) = config["networks"]["front"]["ipam"]["config"]
    environment = told(config)
    trusted = {environment[f"{one.variable_prefix}TRUSTED_PROXIES"] for one in OURS}

    assert trusted == {network["ip_range"]}
    assert ipaddress.ip_address(network["gateway"]) not in ipaddress.ip_network(network["ip_range"])
    migrations = {f"{one.name}-migrate" for one in OURS if one.database}
    assert {
        name
        for name, service in config["services"].items()
        if "front" in service.get("networks", {})
    } == {"proxy", *migrations, *(one.name for one in OURS)}


def test_what_loads_the_stack_is_as_locked_in_as_the_stack_and_no_part_of_it_otherwise() -> None:
    with_load = compose({}, "--profile", "load")["services"]
    loading = with_load.keys() - compose({})["services"].keys()

    assert loading == {"load-master", "load-worker"}
    for service in (with_load[name] for name in loading):
        assert service["read_only"]
        assert service["cap_drop"] == ["ALL"]
        assert service["security_opt"] == ["no-new-privileges:true"]
        assert service["mem_limit"]
        assert service["pids_limit"]
        assert set(service["networks"]) == {"load"}, "it reaches the proxy alone"
        assert "ports" not in service


def test_only_auth_is_told_its_secret_and_only_its_migration_the_first_passwords() -> None:
    services = compose({})["services"].items()
    told_to = {
        name: {
            one
            for one, service in services
            if name in {secret["source"] for secret in service.get("secrets", [])}
        }
        for name in ("AUTH_KEY_ENCRYPTION_SECRET", "ADMIN_PASSWORD", "DEMO_PASSWORD")
    }

    assert told_to["AUTH_KEY_ENCRYPTION_SECRET"] == {"auth", "auth-migrate"}
    assert told_to["ADMIN_PASSWORD"] == told_to["DEMO_PASSWORD"] == {"auth-migrate"}


def test_no_container_has_a_secret_in_its_environment() -> None:
    words = {name: f"word-of-{name.lower()}" for name in names_of_secrets(LISTED)}
    environments = [
        service.get("environment")
        for service in compose(words, "--profile", "load")["services"].values()
    ]
    assert "word-of-" not in json.dumps(environments)


def test_a_worker_is_told_no_password() -> None:
    worker = compose({}, "--profile", "load")["services"]["load-worker"]
    assert not worker.get("environment")
    assert not worker.get("secrets")


def test_only_the_owner_reaches_the_files_and_a_container_can_read_its_own(tmp_path: Path) -> None:
    checkout = Checkout(tmp_path)
    (tmp_path / "smtp").write_text("smtps://user:word@host:465\n")
    environment = {**SECRETS, "AUTH_SMTP_URL_FILE": str(tmp_path / "smtp")}
    write(checkout, environment, LISTED)

    assert stat.S_IMODE(checkout.secrets.stat().st_mode) == 0o700
    files = {path.name: path for path in checkout.secrets.iterdir()}
    assert set(files) == set(names_of_secrets(LISTED))
    assert {stat.S_IMODE(path.stat().st_mode) for path in files.values()} == {0o644}
    assert files["AUTH_SMTP_URL"].read_text() == "smtps://user:word@host:465"
    with pytest.raises(DeployError, match="AUTH_SMTP_URL and AUTH_SMTP_URL_FILE are both set"):
        write(checkout, {**environment, "AUTH_SMTP_URL": "smtps://host:465"}, LISTED)
    with pytest.raises(DeployError, match="names '/none', which cannot be read"):
        write(checkout, {**environment, "AUTH_SMTP_URL_FILE": "/none"}, LISTED)


def test_the_images_are_given_everything_that_is_not_kept_from_them() -> None:
    """A merge once lost the line that copies `services.toml`, without which no service starts."""
    allowed = re.findall(r"^!(\S+)$", (ROOT / ".dockerignore").read_text(), re.MULTILINE)
    copied = re.findall(r"^COPY (?!--)(.+) \S+$", (ROOT / "Dockerfile").read_text(), re.MULTILINE)
    assert set(allowed) == {name for names in copied for name in names.split()}
