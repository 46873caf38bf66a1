"""The stack for Docker Swarm, made from what Compose reads: `make swarm-stack` writes it, docs/deploy-swarm.md uses it.

So there is one description of the containers. This module says only what is different on several machines.
"""

import hmac
import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from deploy import secret_files
from deploy.checkout import Checkout
from deploy.commands import run
from deploy.docker import COMPOSE
from deploy.settings import Settings

Json = dict[str, Any]

STACK = Path("var") / "swarm" / "stack.json"
# The node with the volume of PostgreSQL: docker node update --label-add gatehouse.postgres=true NODE
POSTGRES_NODE = "node.labels.gatehouse.postgres == true"

SHARED_MEMORY = "/dev/shm"  # noqa: S108  # a mount of the container
_KEY = "AUTH_KEY_ENCRYPTION_SECRET"

# A new task is ready before an old one stops. Where one does not become ready, what ran before is brought back.
_ONE_BY_ONE = {"order": "start-first", "parallelism": 1, "monitor": "10s"}
_UPDATE = {**_ONE_BY_ONE, "failure_action": "rollback"}
# Swarm knows these by another name, or not at all.
_ONLY_COMPOSE = {
    *("build", "cpu_shares", "depends_on", "mem_limit", "network_mode", "pids_limit", "restart"),
    *("scale", "security_opt", "shm_size", "tmpfs"),
}


def write(checkout: Checkout, settings: Settings, registry: str, version: str) -> Path:
    """Write the stack file, which holds no secret, and the files of the secrets; return its path.

    Raises DeployError when a setting is missing.
    """
    secret_files.write(checkout, settings.environment, settings.services)
    asked = run(
        [*COMPOSE, "config", "--format", "json"],
        cwd=checkout.root,
        env=settings.environment,
        failed="Compose cannot read docker-compose.yml.",
    )
    path = checkout.root / STACK
    path.parent.mkdir(parents=True, exist_ok=True)
    stack = stack_of(json.loads(asked), registry=registry, version=version)
    path.write_text(json.dumps(stack, indent=1) + "\n", encoding="utf-8")
    return path


def stack_of(compose: Json, *, registry: str, version: str) -> Json:
    """Return the stack of what `docker compose config` says, with images of this version from this registry."""
    secrets = {
        name: {
            "name": f"{compose['name']}-{name}-{fingerprint}",
            "file": compose["secrets"][name]["file"],
        }
        for name, fingerprint in _fingerprints(compose["secrets"]).items()
    }
    (addresses,) = compose["networks"]["front"]["ipam"]["config"]
    known = _Known(
        project=compose["name"],
        image=f"{registry}/gatehouse",
        version=version,
        secrets=secrets,
        addresses={addresses["ip_range"]: addresses["subnet"]},
    )
    return {
        "version": "3.9",
        "services": {name: known.service(name, one) for name, one in compose["services"].items()},
        "networks": {
            # Services trust what containers of this network say of a client; no machine has an address there.
            "front": {
                "driver": "overlay",
                "ipam": {"config": [{"subnet": addresses["subnet"]}]},
            },
            "data": {"driver": "overlay", "internal": True},
        },
        "volumes": compose["volumes"],
        "secrets": secrets,
        "configs": {
            "create-databases": {
                "name": f"{compose['name']}-create-databases-{version}",
                "file": str(_bind_source(compose) / "create-databases.sh"),
            }
        },
    }


class _Known:
    """What is the same for all services."""

    def __init__(
        self,
        *,
        project: str,
        image: str,
        version: str,
        secrets: Mapping[str, Json],
        addresses: Mapping[str, str],
    ) -> None:
        self._project = project
        self._image = image
        self._version = version
        self._secrets = secrets
        self._addresses = addresses

    def service(self, name: str, one: Json) -> Json:
        kept = {key: value for key, value in one.items() if key not in _ONLY_COMPOSE and value}
        if "build" in one:
            kind = one["image"].removeprefix(f"{self._project}-")
            kept["image"] = f"{self._image}-{kind}:{self._version}"
        if "environment" in one:
            kept["environment"] = {
                key: self._addresses.get(value, value) for key, value in one["environment"].items()
            }
        kept["secrets"] = [
            {"source": secret["source"], "target": secret["source"]}
            for secret in one.get("secrets", [])
            if secret["source"] in self._secrets
        ]
        kept["networks"] = [net for net in one.get("networks", {}) if net != "load"] or ["data"]
        kept["volumes"] = [
            *(mount for mount in one.get("volumes", []) if mount["type"] == "volume"),
            *(_tmpfs(text) for text in one.get("tmpfs", [])),
            *([_tmpfs(f"{SHARED_MEMORY}:size={one['shm_size']}")] if "shm_size" in one else []),
        ]
        if name == "databases":
            target = "/gatehouse/create-databases.sh"
            kept["configs"] = [{"source": "create-databases", "target": target}]
        for port in kept.get("ports", []):
            # Every node listens, on each of its addresses: it is for a firewall to say who reaches it.
            port.pop("host_ip", None)
            port["published"] = int(port["published"])
        return {**kept, "deploy": _deploy(name, one)}


def _deploy(name: str, one: Json) -> Json:
    limits = {"memory": str(one["mem_limit"]), "pids": one["pids_limit"]}
    deploy: Json = {"resources": {"limits": limits}}
    if one.get("restart") == "no":
        deploy["mode"] = "replicated-job"
        # It fails until the database answers, and is tried again.
        deploy["restart_policy"] = {"condition": "on-failure", "delay": "3s", "max_attempts": 60}
    else:
        deploy["restart_policy"] = {"condition": "any", "delay": "2s"}
    if name in ("postgres", "databases"):
        deploy["placement"] = {"constraints": [POSTGRES_NODE]}
    elif one.get("restart") != "no":
        deploy["replicas"] = one.get("scale", 1)
        deploy["update_config"] = _UPDATE
        deploy["rollback_config"] = _ONE_BY_ONE
        deploy["placement"] = {"preferences": [{"spread": "node.id"}]}
    if "ports" not in one and one.get("restart") != "no":
        # Its name stands for the addresses of its tasks, among which nginx chooses for each request.
        deploy["endpoint_mode"] = "dnsrr"
    return deploy


def _tmpfs(text: str) -> Json:
    target, _, options = text.partition(":")
    found = dict(option.split("=") for option in options.split(",") if option)
    tmpfs: Json = {"size": _bytes(found["size"])}
    if "mode" in found:
        tmpfs["mode"] = int(found["mode"], 8)
    return {"type": "tmpfs", "target": target, "tmpfs": tmpfs}


def _bytes(text: str) -> int:
    number, unit = re.fullmatch(r"(\d+)([km]?)", text).groups()  # type: ignore[union-attr]
    return int(number) * {"": 1, "k": 1024, "m": 1024**2}[unit]


def _fingerprints(secrets: Mapping[str, Json]) -> dict[str, str]:
    """What each secret is called after; those that are empty are left out.

    A secret of Swarm never changes, so a changed one needs a new name. Names are no secrets: without the key, which is
    one, nobody can try passwords against them.
    """
    contents = {name: Path(one["file"]).read_bytes() for name, one in secrets.items()}
    key = contents[_KEY]
    return {
        name: hmac.digest(key, content, "sha256").hex()[:12]
        for name, content in contents.items()
        if content
    }


def _bind_source(compose: Json) -> Path:
    (bound,) = (one for one in compose["services"]["databases"]["volumes"] if one["type"] == "bind")
    return Path(bound["source"])
