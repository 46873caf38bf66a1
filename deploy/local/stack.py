"""Start, watch and stop the local processes."""

import os
import shutil
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path

from deploy import health, nginx, preflight, running, secret_files, service_settings, uv
from deploy.checkout import Checkout
from deploy.commands import last_lines, run
from deploy.databases import SQLITE, PostgreSQL, ServiceDatabase, SQLiteFile
from deploy.errors import DeployError
from deploy.local import leftovers, logs, supervisord
from deploy.local.control import Program, Supervisor, remove_socket_folder, socket_path
from deploy.local.workers import workers
from deploy.mode import Mode
from deploy.progress import Progress
from deploy.reload import Generation
from deploy.settings import FIRST_USERS, Settings, of_program
from deploy.table import Row
from deploy.waiting import holds_within
from gatehouse_chassis.services import ServiceEntry

STEPS = 6
UPGRADE_STEPS = 2

CONFIGURATION = "supervisord.conf"
READY_WITHIN_S = 60
# supervisord gives gunicorn 28 s, then nginx 10 s.
GONE_WITHIN_S = 45


class LocalStack:
    """The processes of one checkout."""

    mode = Mode.LOCAL
    name = "local processes"
    renewal = (
        "After a change of code: make reload. Of packages or tables too: make upgrade. Of settings: "
        "make down && make up"
    )

    def __init__(self, checkout: Checkout, settings: Settings) -> None:
        self._checkout = checkout
        self._settings = settings
        self.services = [service.name for service in settings.own_services]
        # In the order of their start.
        self._programs = [*self.services, "nginx"]
        self._supervisor = Supervisor(socket_path(checkout))
        # What each log of this start says, by program.
        self._said: dict[str, Callable[[], str]] = {}

    def exists(self) -> bool:
        """Whether supervisord of this checkout runs."""
        return self._supervisor.programs() is not None

    def url(self) -> str:
        """Return the address for a browser."""
        return self._settings.url

    def preflight(self) -> None:
        """Raise DeployError when something that a start needs is missing.

        All that it changes: it ends what a killed supervisord of this checkout left behind.
        """
        checkout = self._checkout
        preflight.check_folders([checkout.venv, checkout.tools, checkout.logs, checkout.run])
        preflight.check_secrets_fit_the_data(
            self._settings,
            [str(p.relative_to(checkout.root)) for p in checkout.data.glob("*/*.db")],
        )
        if nginx.find(checkout, self._settings.environment) is None and not nginx.can_be_unpacked():
            raise DeployError(nginx.how_to_install())
        self.end_leftovers()
        preflight.check_ports(preflight.local_listeners(self._settings))

    def start(self, progress: Progress) -> None:
        """Install what is missing, migrate, start everything and wait until it is ready.

        Raises DeployError with the last log lines of what failed; then nothing is left running.
        """
        checkout = self._checkout
        had_packages = uv.has_packages(checkout)
        with progress.step("installing packages"):
            uv.sync(checkout, env=self._settings.of_installers())
            if not had_packages:
                service_settings.check(checkout, self._settings)
        binary = nginx.find(checkout, self._settings.environment)
        with progress.step("fetching nginx" if binary is None else f"using {binary}"):
            binary = binary or nginx.unpack(checkout)
        environment = self._environment(binary)
        shutil.rmtree(checkout.run, ignore_errors=True)  # of a supervisord that was killed
        with _readable_by_the_owner_only():
            for folder in (checkout.data, checkout.logs, checkout.run, checkout.data / "proxy"):
                self._make_private(folder)
            self._said = {name: self.follow_log(name) for name in self._programs}
            (checkout.run / CONFIGURATION).write_text(
                supervisord.configuration(self._settings.own_services), encoding="utf-8"
            )
            with progress.step("migrating databases"):
                self._migrate(environment)
            running.remember(checkout, self._addresses())
            with self._stopped_on_failure():
                with progress.step(f"starting {', '.join(self.services)} and nginx"):
                    self._start_supervisor(environment)
                with progress.step("waiting until all of it is ready"):
                    self._wait_until_ready()

    def stop(self) -> None:
        """Stop every process of this checkout; data stays.

        Raises DeployError when one does not go.
        """
        pid_file = self._checkout.run / "supervisord.pid"
        # Read before: supervisord removes the file a moment before it ends.
        pid = _read_pid(pid_file)
        self._supervisor.shut_down()
        if not holds_within(GONE_WITHIN_S, lambda: not (self.exists() or _is_supervisord(pid))):
            raise DeployError(
                f"supervisord does not stop within {GONE_WITHIN_S} s: see var/log/supervisord.log. "
                f"Its process id is in {pid_file.relative_to(self._checkout.root)}."
            )
        self.end_leftovers()
        shutil.rmtree(self._checkout.run, ignore_errors=True)
        remove_socket_folder(self._checkout)
        running.forget(self._checkout)

    def end_leftovers(self) -> int:
        """End what a killed supervisord left running, and return how many processes that were."""
        # Of what was started, which may be more than the list of services has now.
        started = [record.stem for record in self._checkout.run.glob("*.starts")]
        return sum(leftovers.end(self._checkout, program) for program in started)

    def started_services(self) -> set[str]:
        """Return the services that it was started with, whether or not each runs now."""
        return {program.name for program in self._supervisor.programs() or ()} - {"nginx"}

    def rows(self) -> list[Row]:
        """Return a line for each program."""
        known = {program.name: program for program in self._supervisor.programs() or ()}
        # With those that are not listed any more.
        names = dict.fromkeys([*self._programs, *known])
        return [self._row(name, known.get(name)) for name in names]

    def follow_logs(self, services: list[str], lines: int, follow: bool) -> None:
        """Print the last `lines` of each log and, with `follow`, what is added from then on."""
        names = services or self._programs
        for name in names:
            if name not in self._programs:
                raise DeployError(
                    f"There is no log of {name!r}: S= takes {', '.join(self._programs)}."
                )
        logs.show({name: self._log(name) for name in names}, lines, follow)

    def generation(self, service: str) -> Generation | None:
        """Return the main process of a service and its workers, or None while it does not run."""
        for program in self._supervisor.programs() or ():
            if program.name == service and program.pid:
                return Generation(frozenset({program.pid}), workers(program.pid))
        return None

    def follow_log(self, service: str) -> Callable[[], str]:
        """Return a function that returns what the log of the service has said since this call."""
        path = self._log(service)
        heard = path.stat().st_size if path.exists() else 0

        def said() -> str:
            log = path.read_bytes() if path.exists() else b""
            # supervisord begins a new file when one is full.
            return (log[heard:] if len(log) >= heard else log).decode(errors="replace")

        return said

    def send_sighup(self, services: Sequence[str]) -> None:
        """Send SIGHUP to the main process of each."""
        for service in services:
            self._supervisor.signal(service, "HUP")

    def databases(self) -> dict[str, ServiceDatabase]:
        """The database of each service."""
        environment, found = self._settings.environment, dict[str, ServiceDatabase]()
        for service in self._settings.own_services:
            if not service.database:
                continue
            url = secret_files.read(environment, f"{service.variable_prefix}DATABASE_URL")
            # What the settings class of every service has as its default.
            url = url or f"{SQLITE}var/{service.name}/{service.name}.db"
            if url.startswith(SQLITE):
                found[service.name] = SQLiteFile(self._checkout.root / url.removeprefix(SQLITE))
            else:
                found[service.name] = PostgreSQL.at(url, environment, self._checkout.root)
        return found

    def upgrade(self, progress: Progress) -> None:
        """Install packages and migrate while the old code serves; `reload` brings the new code then."""
        with progress.step("installing packages"):
            uv.sync(self._checkout, env=self._settings.of_installers())
            service_settings.check(self._checkout, self._settings)
        binary = nginx.find(self._checkout, self._settings.environment)
        with progress.step("migrating databases"), _readable_by_the_owner_only():
            self._migrate(self._environment(binary or Path("nginx")))

    def _environment(self, binary: Path) -> dict[str, str]:
        """Return the environment of every local process; `binary` is nginx."""
        return {
            **self._settings.of_local_processes(),
            "NGINX": str(binary),
            # supervisord keeps and rotates what nginx prints, as with the services.
            "PROXY_ACCESS_LOG": "/dev/stdout",
            "GATEHOUSE_SUPERVISOR_SOCKET": str(socket_path(self._checkout)),
        }

    def _migrate(self, environment: dict[str, str]) -> None:
        first_users = {name: environment[name] for name in FIRST_USERS if name in environment}

        def migrate(service: ServiceEntry) -> None:
            own = of_program(service.name, environment, self._settings.services)
            run(
                [".venv/bin/python", "-m", service.package, "migrate"],
                cwd=self._checkout.root,
                env=own | first_users if service.name == "auth" else own,
                failed=f"The database of {service.name} could not be migrated.",
            )

        # Side by side, because most of it is each service's own start.
        with ThreadPoolExecutor() as pool:
            list(pool.map(migrate, [one for one in self._settings.own_services if one.database]))

    def _start_supervisor(self, environment: dict[str, str]) -> None:
        known = {name: value for name, value in environment.items() if name not in FIRST_USERS}
        run(
            [
                ".venv/bin/python",
                *("-m", "deploy.local.supervise"),
                *("--configuration", f"var/run/{CONFIGURATION}"),
            ],
            cwd=self._checkout.root,
            env=known,
            failed="The supervisor of the local processes could not be started.",
        )
        if not holds_within(READY_WITHIN_S, self.exists):
            raise DeployError(f"supervisord did not answer within {READY_WITHIN_S} s.")

    def _wait_until_ready(self) -> None:
        urls = {name: self._settings.origin + path for name, path in self._paths().items()}
        missing = dict.fromkeys(urls, "not asked yet")

        def ready() -> bool:
            self._raise_for_failed_programs()
            for name in list(missing):
                trouble = health.trouble(urls[name])
                if trouble is None:
                    del missing[name]
                else:
                    missing[name] = f"{trouble} at {urls[name]}"
            return not missing

        if not holds_within(READY_WITHIN_S, ready):
            raise DeployError(self._not_ready(missing))

    def _raise_for_failed_programs(self) -> None:
        for program in self._supervisor.programs() or ():
            if program.failed or leftovers.starts(self._checkout, program.name) > 1:
                raise DeployError(
                    f"{self._last_log_lines(program.name)}\n{program.name} ended while starting."
                )

    def _not_ready(self, missing: dict[str, str]) -> str:
        # The reasons stand last, where they are seen: the logs may fill a screen.
        reasons = [f"{name} is not ready: {trouble}" for name, trouble in missing.items()]
        logs = [self._last_log_lines(name) for name in missing]
        return "\n".join([*logs, f"After {READY_WITHIN_S} s:", *reasons])

    def _last_log_lines(self, name: str) -> str:
        shown = last_lines(health.without_probes(self._said[name]()))
        return f"The last lines of {self._log(name).relative_to(self._checkout.root)}:\n{shown}"

    def _log(self, name: str) -> Path:
        return self._checkout.logs / f"{name}.log"

    def _make_private(self, folder: Path) -> None:
        """Make the folder if it is not there, and close it to everyone but the owner of the checkout."""
        folder.mkdir(parents=True, exist_ok=True)
        with suppress(PermissionError):  # somebody else's, who shares it on purpose
            folder.chmod(0o700)
        if os.geteuid() == 0:
            # Workers of nginx run as the owner of the pages, when root starts it, and write below it.
            owner = self._checkout.root.stat()
            os.chown(folder, owner.st_uid, owner.st_gid)

    def _addresses(self) -> dict[str, str]:
        settings = self._settings
        return {"GATEHOUSE_BIND": settings.bind, "GATEHOUSE_PORT": str(settings.port)} | {
            f"{service.variable_prefix}BIND": settings.binds[service.name]
            for service in settings.own_services
        }

    def _paths(self) -> dict[str, str]:
        return health.paths(self._settings.own_services)

    def _row(self, name: str, program: Program | None) -> Row:
        if program is None:
            return Row(name, "stopped")
        settings = self._settings
        url = (
            f"http://{settings.binds[name]}/health/ready"
            if name in settings.binds
            else settings.origin + self._paths().get(name, "/")
        )
        return Row(
            name,
            program.state.lower(),
            pid=program.pid or None,
            uptime_s=program.now - program.started if program.pid else None,
            restarts=max(leftovers.starts(self._checkout, name) - 1, 0),
            trouble=health.trouble(url) if program.pid else "not running",
        )

    @contextmanager
    def _stopped_on_failure(self) -> Iterator[None]:
        try:
            yield
        except BaseException:
            self.stop()
            raise


@contextmanager
def _readable_by_the_owner_only() -> Iterator[None]:
    """Files that are made meanwhile, by programs that are started too, are their owner's alone."""
    before = os.umask(0o077)
    try:
        yield
    finally:
        os.umask(before)


def _read_pid(pid_file: Path) -> int | None:
    try:
        return int(pid_file.read_text())
    except (OSError, ValueError):
        return None


def _is_supervisord(pid: int | None) -> bool:
    """Whether the process exists and still is a supervisord."""
    try:
        return b"deploy.local.supervise" in Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return False
