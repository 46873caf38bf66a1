"""The settings of the stack as a whole, out of the environment and `.env`."""

import os
from collections.abc import Mapping
from dataclasses import dataclass

from deploy import running, setting_names, settings_file, stack_settings
from deploy.checkout import Checkout
from deploy.errors import DeployError
from gatehouse_chassis.secret_files import FILE
from gatehouse_chassis.services import ServiceEntry, ServicesError, load_services

# What a server listens on for every address, and where this machine finds it then.
EVERY_ADDRESS = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104


@dataclass(frozen=True)
class Settings:
    """What `make up` itself needs to know; the services read `environment` on their own.

    Attributes:
        environment: the variables of the environment and of `.env`.
        bind, port: where nginx listens.
        services: the list of services, by name.
        binds: where each service of this repository listens as a local process, `host:port` by name.
    """

    environment: Mapping[str, str]
    bind: str
    port: int
    services: Mapping[str, ServiceEntry]
    binds: Mapping[str, str]

    @property
    def url(self) -> str:
        """The address of the stack for a browser on this machine."""
        if self.bind in ("127.0.0.1", *EVERY_ADDRESS):
            return f"http://localhost:{self.port}"
        return self.origin

    @property
    def origin(self) -> str:
        """The address at which this machine itself reaches nginx, whatever nginx listens on."""
        host = EVERY_ADDRESS.get(self.bind, self.bind)
        return f"http://[{host}]:{self.port}" if ":" in host else f"http://{host}:{self.port}"

    @property
    def own_services(self) -> list[ServiceEntry]:
        """The services that run here, without the programs that run elsewhere."""
        return [service for service in self.services.values() if service.is_ours]

    def of_local_processes(self) -> dict[str, str]:
        """The environment of every local process: what is set, and what follows from the list of services."""
        told = {
            **self.environment,
            "GATEHOUSE_BIND": self.bind,
            "GATEHOUSE_PORT": str(self.port),
        }
        for service in self.services.values():
            told |= {
                service.variable_prefix + name: value
                for name, value in self._of_service(service).items()
            }
        return told

    def of_installers(self) -> dict[str, str]:
        """The environment of uv and pip: `.env` may name an authority or an index, and its secrets are not for them."""
        return of_program("", self.environment, self.services)

    def _of_service(self, service: ServiceEntry) -> dict[str, str]:
        """The variables of one service, without their common beginning."""
        defaults = {"BODY_LIMIT": str(service.body_limit)}
        fixed = {}
        if not service.is_ours:
            defaults["ADDRESS"] = service.upstream
        else:
            defaults["WORKERS"] = str(service.workers)
            bind = self.binds[service.name]
            fixed = {"BIND": bind, "ADDRESS": bind, "ROOT_PATH": service.prefix}
            if service.name != "auth":
                auth = f"http://{self.binds['auth']}"
                defaults["JWKS_URL"] = f"{auth}/.well-known/jwks.json"
                defaults["STATUS_LIST_URL"] = f"{auth}/status-list"
        chosen = {
            name: self.get(service.variable_prefix + name) or default
            for name, default in defaults.items()
        }
        return {**chosen, **fixed}

    def get(self, name: str) -> str:
        """Return the variable, or nothing when it is unset."""
        return self.environment.get(name, "")


def of_program(
    program: str, environ: Mapping[str, str], services: Mapping[str, ServiceEntry]
) -> dict[str, str]:
    """What one local program may know of the environment of all of them.

    A service gets its own variables and those that are nobody's secret; nginx gets of each service where it listens and
    what it takes. The passwords of the first users are for the migration of auth, which is no such program.
    """
    prefixes = sorted((one.variable_prefix for one in services.values()), key=len, reverse=True)
    own = services[program].variable_prefix if program in services else ""
    secrets = {variable.name for variable in settings_file.variables(services)}
    secrets |= {f"{name}{FILE}" for name in secrets}

    def may_know(name: str) -> bool:
        # One prefix may begin as another does, so the longest counts.
        prefix = next((one for one in prefixes if name.startswith(one)), None)
        if prefix is None:
            return name not in secrets
        for_nginx = (f"{prefix}ADDRESS", f"{prefix}BODY_LIMIT", f"{prefix}CORS_ORIGINS")
        return prefix == own or (program == "nginx" and name in for_nginx)

    return {name: value for name, value in environ.items() if may_know(name)}


FIRST_USERS = (
    "ADMIN_USERNAME",
    "ADMIN_PASSWORD",
    "ADMIN_PASSWORD_FILE",
    "DEMO_USERNAME",
    "DEMO_PASSWORD",
    "DEMO_PASSWORD_FILE",
)
"""What the migration of auth is told, and no program that serves."""


def load(checkout: Checkout, environ: Mapping[str, str] = os.environ) -> Settings:
    """Read the settings to start with: the environment wins over `.env`.

    Raises DeployError with a sentence for each setting that cannot be used, ServicesError for a list of services that
    cannot be used.
    """
    services = load_services(checkout.services_file)
    of_file, problems = settings_file.parse(checkout.env_file)
    environment = {**of_file, **environ}
    problems += [
        *stack_settings.problems(environment, services),
        *_misspelt(checkout, services, environment),
    ]
    if problems:
        raise DeployError("\n".join(problems))
    return _settings(environment, services)


def load_for_what_runs(checkout: Checkout, environ: Mapping[str, str] = os.environ) -> Settings:
    """Read the settings to look at what runs, or to stop it, with the addresses that it was started with.

    For that no setting is needed, so what cannot be used is left out.
    """
    try:
        services = load_services(checkout.services_file)
    except ServicesError:
        services = {}
    known = {**settings_file.parse(checkout.env_file)[0], **environ, **running.read(checkout)}
    return _settings(stack_settings.usable(known, services), services)


def unknown_names(checkout: Checkout, settings: Settings) -> list[str]:
    """The variables that begin as settings do but are none, and none that is misspelt."""
    return [*setting_names.unknown(checkout.root, settings.services, settings.environment)]


def _settings(environment: Mapping[str, str], services: Mapping[str, ServiceEntry]) -> Settings:
    own = [service for service in services.values() if service.is_ours]
    port = int(environment.get("GATEHOUSE_PORT") or "8080")
    return Settings(
        environment=environment,
        bind=environment.get("GATEHOUSE_BIND") or "127.0.0.1",
        port=port,
        services=services,
        binds={
            service.name: environment.get(f"{service.variable_prefix}BIND") or f"127.0.0.1:{number}"
            for number, service in enumerate(own, start=port + 1)
        },
    )


def _misspelt(
    checkout: Checkout, services: Mapping[str, ServiceEntry], environment: Mapping[str, str]
) -> list[str]:
    found = setting_names.unknown(checkout.root, services, environment)
    return [
        f"{name} is no setting: did you mean {meant}? (docs/settings.md lists all)"
        for name, meant in found.items()
        if meant
    ]
