"""The stack as containers, through the docker program and its Compose plugin."""

import json
import os
import subprocess
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from deploy import health, preflight, running, secret_files
from deploy.checkout import Checkout
from deploy.commands import last_lines, run
from deploy.databases import PostgreSQL, ServiceDatabase
from deploy.errors import DeployError
from deploy.mode import Mode
from deploy.progress import Progress
from deploy.reload import Generation
from deploy.settings import Settings
from deploy.settings_file import variables
from deploy.table import Row
from deploy.waiting import holds_within

STEPS = 4

READY_WITHIN_S = 180
# nginx leaves a replica that refused a connection while it started out for almost so long (`fail_timeout` in
# proxy/gateway/start.sh). Until then the old replicas must serve.
LEFT_OUT_FOR_S = 11
NETWORK_HINT = """
Another network has the addresses of this one. Choose others with their first three numbers:
make up GATEHOUSE_NETWORK=10.84.81 (for good: that setting in .env)"""
# `.env` has one reader, who hands on what it says: what Compose would refuse in it must not stop `make down`.
COMPOSE = ("docker", "compose", "--env-file", os.devnull)
# What is shown is shown after a failure, where bars of progress and colours only hide the reason.
QUIET = ("--ansi", "never", "--progress", "quiet")


@dataclass(frozen=True)
class Container:
    """What the engine says of one container of the project; `probed` is what its health check last printed."""

    id: str
    service: str
    number: int
    folder: str
    state: str
    health: str
    pid: int
    exit_code: int
    restarts: int
    started: str
    probed: str
    runs_once: bool

    @property
    def has_run(self) -> bool:
        """Whether it was started, and so may have said something."""
        return self.state != "created"

    @property
    def is_done(self) -> bool:
        """Whether it was to run once, and did."""
        return self.runs_once and self.state == "exited" and self.exit_code == 0

    @property
    def failed(self) -> bool:
        """Whether it is not what it should be."""
        return not self.is_done and (self.state != "running" or self.health == "unhealthy")


class DockerStack:
    """The containers of one checkout."""

    mode = Mode.DOCKER
    name = "Docker containers"
    renewal = "The code is in the images. After a change of code or settings: make upgrade"

    def __init__(self, checkout: Checkout, settings: Settings) -> None:
        self._checkout = checkout
        self._settings = settings
        self._own_services = settings.own_services
        self.services = [service.name for service in self._own_services]
        # What keeps running, in the order of `make ps`.
        self._lasting = ["postgres", *self.services, "proxy"]
        # The same variable that Compose itself reads, from the environment or `.env`.
        self.project = settings.get("COMPOSE_PROJECT_NAME") or "gatehouse"
        self._began = ""

    def exists(self) -> bool:
        """Whether there are containers of this checkout, running or not."""
        return any(self._is_ours(container) for container in self._containers())

    def url(self) -> str:
        """Return the address for a browser."""
        return self._settings.url

    def volumes(self) -> list[str]:
        """Return the names of the volumes that hold the data of this checkout."""
        prefix = self._settings.get("GATEHOUSE_VOLUMES")
        if not prefix:
            return []
        listing = self._docker("volume", "ls", "--quiet", "--filter", f"name={prefix}-")
        return [name for name in listing.split() if name.startswith(f"{prefix}-")]

    def preflight(self) -> None:
        """Raise DeployError when something that a start needs is missing; changes nothing."""
        for container in self._containers():
            if not self._is_ours(container):
                raise DeployError(
                    f"The containers of the Compose project {self.project!r} belong to the checkout "
                    f"{container.folder}. Stop them there with `make down`, or give this one lines "
                    "of its own in .env: COMPOSE_PROJECT_NAME=gatehouse2, GATEHOUSE_PORT=9080, "
                    "GATEHOUSE_NETWORK=10.84.81."
                )
        preflight.check_folders([self._checkout.root, self._checkout.data])
        preflight.check_ports([preflight.nginx(self._settings)])

    def start(self, progress: Progress) -> None:
        """Build the images, start the containers and wait until all are healthy.

        Raises DeployError with the last log lines of what failed; then nothing is left running.
        """
        with progress.step("building images"):
            self.build()
        self._began = datetime.now(UTC).isoformat()
        running.remember(self._checkout, self._addresses())
        try:
            with progress.step("starting containers and waiting until they are healthy"):
                self._up()
            with progress.step("asking them through nginx"):
                self._ask_through_nginx()
        except BaseException:
            self.stop()
            raise

    def build(self) -> None:
        """Build the images and write the secrets; what runs is left alone."""
        secret_files.write(self._checkout, self._settings.environment, self._settings.services)
        self._compose("build", failed="The images could not be built.")

    def replace(self, service: str) -> int:
        """Migrate, start new replicas of a service beside the old ones, and stop those when the new ones are ready.

        What runs bears the new schema: a migration adds and does not rename. Returns how many replicas there are.
        Raises DeployError when one does not get ready; then the old ones go on alone.
        """
        self._began = datetime.now(UTC).isoformat()
        old = self.replicas(service)
        count = max(len(old), 1)
        # They ran with the old image. Compose runs new ones first, because the service depends on them.
        self._remove([one for one in self._containers() if one.runs_once and self._is_ours(one)])
        try:
            # Without --no-deps, with which Compose would take the replicas for others at its next `up`.
            self._compose(
                *("up", "--detach", "--no-recreate"),
                *(f"--scale={service}={len(old) + count}", service),
                failed=f"No new replicas of {service} could be started, so the old ones go on.",
            )
            # Not by --wait, which asks the old ones too.
            if not holds_within(READY_WITHIN_S, lambda: self._are_healthy(service, but=old)):
                raise DeployError(
                    f"The new replicas of {service} did not become ready, so the old ones go on."
                )
        except BaseException as problem:
            before = {one.id for one in old}
            failed = [one for one in self._containers() if one.failed and one.id not in before]
            logs = [
                self._last_log_lines(one) for one in failed if one.has_run and self._is_ours(one)
            ]
            self._remove([one for one in self.replicas(service) if one.id not in before])
            if isinstance(problem, DeployError):
                raise DeployError("\n".join([*logs, str(problem)])) from problem
            raise
        time.sleep(LEFT_OUT_FOR_S)
        self._remove(old)
        return count

    def renew_what_changed(self) -> set[str]:
        """Start anew what is not replaced one by one, where its image or settings have changed; return its names.

        Only one container can have the published port, so connections are refused for a moment when nginx is among it.
        """
        others = [name for name in self._lasting if name not in self.services]
        before = {name: [one.id for one in self.replicas(name)] for name in others}
        self._began = datetime.now(UTC).isoformat()
        self._up([f"--scale={name}={len(self.replicas(name))}" for name in self.services])
        return {name for name in others if before[name] != [one.id for one in self.replicas(name)]}

    def _are_healthy(self, service: str, but: Sequence[Container]) -> bool:
        others = {one.id for one in but}
        return all(
            one.health == "healthy" for one in self.replicas(service) if one.id not in others
        )

    def _remove(self, containers: Sequence[Container]) -> None:
        if containers:
            ids = [one.id for one in containers]
            self._docker("stop", *ids)
            self._docker("rm", "--force", *ids)

    def stop(self) -> None:
        """Stop and remove the containers; volumes with the data stay."""
        # Stopping needs no secret, but Compose reads the whole file, which demands them, and .env may be gone.
        unset = {variable.name: "unset" for variable in variables(self._settings.services)}
        run(
            [*COMPOSE, *QUIET, "down", "--remove-orphans"],
            cwd=self._checkout.root,
            env={**unset, **self._environment()},
            failed="The containers could not be stopped.",
        )
        running.forget(self._checkout)

    def remove_volumes(self) -> None:
        """Remove the data of this checkout, whose containers must be gone."""
        self._docker("volume", "rm", *self.volumes())

    def started_services(self) -> set[str]:
        """Return the services that it was started with, whether or not each runs now."""
        lasting = {
            container.service
            for container in self._containers()
            if self._is_ours(container) and not container.runs_once
        }
        return lasting - {"postgres", "proxy"}

    def rows(self) -> list[Row]:
        """Return a line for each service, or for each replica where it has several."""
        rows = []
        for name in self._lasting:
            replicas = self.replicas(name)
            if len(replicas) < 2:
                rows.append(_row(name, replicas[0] if replicas else None))
            else:
                rows += [_row(f"{name} {one.number}", one) for one in replicas]
        return rows

    def replicas(self, service: str) -> list[Container]:
        """Return the containers of a service, running or not, in the order of their numbers."""
        found = [one for one in self._containers() if one.service == service and self._is_ours(one)]
        return sorted(found, key=lambda one: one.number)

    def follow_logs(self, services: list[str], lines: int, follow: bool) -> None:
        """Print the last `lines` of each log and, with `follow`, what is added from then on."""
        for name in services:
            if name not in self._lasting:
                raise DeployError(
                    f"There is no log of {name!r}: S= takes {', '.join(self._lasting)}."
                )
        options = ["--tail", str(lines), *(["--follow"] if follow else [])]
        subprocess.run(
            [*COMPOSE, "logs", *options, *services],
            cwd=self._checkout.root,
            env=self._environment(),
            check=False,
        )

    def generation(self, service: str) -> Generation | None:
        """Return the main processes of a service and their workers, or None while one does not run."""
        found = [self._generation(one) for one in self.replicas(service)]
        generations = [one for one in found if one]
        if not found or len(generations) < len(found):
            return None
        return Generation(
            frozenset().union(*(one.masters for one in generations)),
            frozenset().union(*(one.workers for one in generations)),
        )

    def follow_log(self, service: str) -> Callable[[], str]:
        """Return a function that returns what the log of the service has said since this call."""
        now = datetime.now(UTC).isoformat()
        replicas = [one.id for one in self.replicas(service)]
        return lambda: "".join(self._docker("logs", "--since", now, one) for one in replicas)

    def send_sighup(self, services: Sequence[str]) -> None:
        """Send SIGHUP to the main process of each, from inside.

        Docker takes any signal of its own (`docker kill`) for a stop, and would restart the container no more.
        """
        for name in services:
            for replica in self.replicas(name):
                run(
                    ["docker", "exec", replica.id, "sh", "-c", "kill -HUP 1"],
                    cwd=self._checkout.root,
                    env=self._environment(),
                    failed=f"The container of {name} cannot be sent SIGHUP.",
                )

    def databases(self) -> dict[str, ServiceDatabase]:
        """The database of each service: in the container `postgres`, or elsewhere."""
        environment = self._environment()
        values = secret_files.values_of(environment, self._settings.services)
        found = dict[str, ServiceDatabase]()
        for service in self._settings.own_services:
            if not service.database:
                continue
            name = service.name
            url = values[f"{service.variable_prefix}DATABASE_URL"]
            if urlsplit(url).netloc.endswith("@postgres:5432"):
                found[name] = PostgreSQL(
                    ["--username=postgres", f"--dbname={name}"],
                    role=name,
                    inside=[*COMPOSE, *QUIET, "exec", "--no-TTY", "postgres"],
                    environ=environment,
                    folder=self._checkout.root,
                )
            elif url.startswith("sqlite"):
                raise DeployError(
                    f"{service.variable_prefix}DATABASE_URL names a SQLite file inside a container, of which this "
                    "makes no backup: use PostgreSQL there."
                )
            else:
                found[name] = PostgreSQL.at(url, environment, self._checkout.root)
        return found

    def start_databases(self) -> None:
        """Start PostgreSQL alone, with a database for each service."""
        secret_files.write(self._checkout, self._settings.environment, self._settings.services)
        options = ["--detach", "--wait", "--wait-timeout", str(READY_WITHIN_S)]
        self._compose("up", *options, "postgres", failed="PostgreSQL did not become healthy.")
        self._compose(
            *("run", "--rm", "--no-deps", "databases"), failed="The databases could not be made."
        )

    def _generation(self, container: Container) -> Generation | None:
        if container.state != "running":
            return None
        table = self._docker("top", container.id, "-eo", "pid,ppid,args").splitlines()[1:]
        rows = [row.split(None, 2) for row in table]
        # The first process is Docker's own, which hands signals on; the service's main process is its child. What
        # that one is called is not looked at: while it turns into a new one it has no name.
        master = next((pid for pid, parent, _ in rows if int(parent) == container.pid), None)
        workers = (
            pid for pid, parent, args in rows if parent == master and args.endswith(" serve")
        )
        if not master:
            return None
        return Generation(frozenset({int(master)}), frozenset(map(int, workers)))

    def _up(self, more: Sequence[str] = ()) -> None:
        # --wait is asked of the services only: a container that runs once and ends would count as failed.
        options = ["--detach", "--remove-orphans", "--wait", "--wait-timeout", str(READY_WITHIN_S)]
        try:
            self._compose(
                "up",
                *options,
                *more,
                *self._lasting,
                failed="The containers did not become healthy.",
            )
        except DeployError as problem:
            hint = NETWORK_HINT if "Pool overlaps" in str(problem) else ""
            failed = [found for found in self._containers() if found.failed and found.has_run]
            # The reasons stand last, where they are seen: the logs may fill a screen.
            logs, reasons = map(self._last_log_lines, failed), map(_reason, failed)
            raise DeployError("\n".join([*logs, f"{problem}{hint}", *reasons])) from problem

    def _ask_through_nginx(self) -> None:
        for name, path in health.paths(self._settings.own_services).items():
            url = self._settings.origin + path
            trouble = health.trouble(url)
            if trouble:
                raise DeployError(
                    f"The containers are healthy, but {name} is not ready behind nginx: {trouble} at {url}"
                )

    def _last_log_lines(self, container: Container) -> str:
        # Of this start alone: a container that was there before has said more.
        log = self._docker("logs", container.id, "--since", self._began)
        shown = last_lines(health.without_probes(log))
        return f"The last lines of {container.service}:\n{shown}"

    def _is_ours(self, container: Container) -> bool:
        return Path(container.folder).resolve() == self._checkout.root

    def _containers(self) -> list[Container]:
        ids = self._docker(
            "ps", "--all", "--quiet", "--filter", f"label=com.docker.compose.project={self.project}"
        ).split()
        return (
            [_container(found) for found in json.loads(self._docker("inspect", *ids))]
            if ids
            else []
        )

    def _docker(self, *arguments: str) -> str:
        return run(
            ["docker", *arguments],
            cwd=self._checkout.root,
            env=self._environment(),
            failed="Docker does not answer.",
        )

    def _compose(self, *arguments: str, failed: str) -> str:
        return run(
            [*COMPOSE, *QUIET, *arguments],
            cwd=self._checkout.root,
            env=self._environment(),
            failed=failed,
        )

    def _addresses(self) -> dict[str, str]:
        return {
            "GATEHOUSE_BIND": self._settings.bind,
            "GATEHOUSE_PORT": str(self._settings.port),
            "COMPOSE_PROJECT_NAME": self.project,
        }

    def _environment(self) -> dict[str, str]:
        # Compose labels containers with the folder that PWD names, which may be a symbolic link to this.
        return {
            **self._settings.environment,
            "COMPOSE_PROJECT_NAME": self.project,
            "PWD": str(self._checkout.root),
        }


def _container(found: dict[str, Any]) -> Container:
    state, labels = found["State"], found["Config"]["Labels"]
    health_checks = state.get("Health") or {}
    return Container(
        id=found["Id"],
        service=labels["com.docker.compose.service"],
        number=int(labels["com.docker.compose.container-number"]),
        folder=labels["com.docker.compose.project.working_dir"],
        state=state["Status"],
        health=health_checks.get("Status", ""),
        pid=state["Pid"],
        exit_code=state["ExitCode"],
        restarts=found["RestartCount"],
        started=state["StartedAt"],
        probed=health_checks["Log"][-1]["Output"] if health_checks.get("Log") else "",
        runs_once=found["HostConfig"]["RestartPolicy"]["Name"] in ("", "no"),
    )


def _reason(container: Container) -> str:
    if container.state != "running":
        return f"{container.service} ended with exit status {container.exit_code}."
    # A program that fails says why in its last line.
    said = container.probed.rstrip().rpartition("\n")[2] or "its health check printed nothing"
    return f"{container.service} is not ready: {said}"


def _row(name: str, container: Container | None) -> Row:
    if container is None:
        return Row(name, "stopped")
    if container.state != "running":
        return Row(
            name,
            container.state,
            restarts=container.restarts,
            trouble=f"exit status {container.exit_code}",
        )
    # The containers' health checks ask /health/ready.
    return Row(
        name,
        container.state,
        pid=container.pid,
        uptime_s=_seconds_since(container.started),
        restarts=container.restarts,
        trouble=None if container.health == "healthy" else container.health,
    )


def _seconds_since(timestamp: str) -> int:
    # Whole seconds: the engine writes nine decimals, more than Python reads.
    then = datetime.fromisoformat(timestamp[:19]).replace(tzinfo=UTC)
    return max(int((datetime.now(UTC) - then).total_seconds()), 0)
