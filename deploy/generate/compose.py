"""The parts of `docker-compose.yml` that name services."""

from collections.abc import Iterable, Mapping

from deploy.secret_files import OF_AUTH, names
from gatehouse_chassis.services import ServiceEntry

# Where a container finds what it is handed.
_MOUNTED = "/run/secrets"
FIRST_PASSWORDS = ("ADMIN_PASSWORD", "DEMO_PASSWORD")
# The addresses that containers get. This machine has another one in their network.
CONTAINERS = "${GATEHOUSE_NETWORK:-10.84.80}.128/25"


def settings(services: Mapping[str, ServiceEntry]) -> str:
    """What each container is told. Settings of one service alone are written by hand, as `x-<name>-settings`."""
    auth = services["auth"]
    parts = [_settings(service, auth) for service in _ours(services)]
    return "\n\n".join(parts)


def proxy_environment(services: Mapping[str, ServiceEntry]) -> str:
    """Where the proxy finds each service, how large a body it lets pass, and which front ends may read its answers."""
    lines = []
    for service in services.values():
        variable = service.name.upper()
        address = (
            f"{service.name}:8000"
            if service.is_ours
            else f"${{{variable}_ADDRESS:-{service.upstream}}}"
        )
        lines += [f"{variable}_ADDRESS: {address}", _limit(service), _cors_origins(service)]
    return "\n".join(lines)


def proxy_depends_on(services: Mapping[str, ServiceEntry]) -> str:
    """What must be ready before the proxy starts."""
    return "\n".join(
        f"{service.name}: {{condition: service_healthy}}" for service in _ours(services)
    )


def services(services: Mapping[str, ServiceEntry]) -> str:
    """The containers of each service: one that serves, and one before it that migrates."""
    serving = [_service(service) for service in _ours(services)]
    migrating = [_migration(service) for service in _ours(services) if service.database]
    return "\n\n".join([*serving, *migrating])


def database_passwords(services: Mapping[str, ServiceEntry]) -> str:
    """Which databases there are, and the password of each one's role."""
    named = [service for service in _ours(services) if service.database]
    variables = [f"{service.variable_prefix}DATABASE_PASSWORD" for service in named]
    passwords = [f"{variable}_FILE: {_MOUNTED}/{variable}" for variable in variables]
    return "\n".join([f"DATABASES: {' '.join(service.name for service in named)}", *passwords])


def database_secrets(services: Mapping[str, ServiceEntry]) -> str:
    """The passwords that the container which makes the databases is handed."""
    return "\n".join(
        f"- {service.variable_prefix}DATABASE_PASSWORD"
        for service in _ours(services)
        if service.database
    )


def secrets(services: Mapping[str, ServiceEntry]) -> str:
    """The file of each secret."""
    return "\n".join(f"{name}: {{file: ./var/secrets/{name}}}" for name in names(services))


def volumes(services: Mapping[str, ServiceEntry]) -> str:
    """Where each service keeps what is its own."""
    return "\n".join(
        f'{service.name}-state: {{name: "${{GATEHOUSE_VOLUMES}}-{service.name}-state"}}'
        for service in _ours(services)
    )


def _settings(service: ServiceEntry, auth: ServiceEntry) -> str:
    name, variable = service.name, service.name.upper()
    own = ", *auth-settings" if name == "auth" else ""
    lines = [
        f"x-{name}: &{name}",
        f"  <<: [*for-every-service{own}]",
        f"  {variable}_BIND: 0.0.0.0:8000",
        f"  {variable}_ROOT_PATH: {service.prefix}",
        f"  {variable}_WORKERS: ${{{variable}_WORKERS:-{service.workers}}}",
        f"  {_limit(service)}",
        f"  {_cors_origins(service)}",
        f"  {variable}_CORS_HEADERS: ${{{variable}_CORS_HEADERS:-}}",
        f"  {variable}_TRUSTED_PROXIES: {CONTAINERS}",
    ]
    if service.database:
        lines.append(f"  {variable}_DATABASE_URL_FILE: {_MOUNTED}/{variable}_DATABASE_URL")
    if name != auth.name:
        lines += [
            f"  {variable}_JWKS_URL: http://auth:8000/.well-known/jwks.json",
            f"  {variable}_JWKS_REFRESH: ${{{variable}_JWKS_REFRESH:-PT1M}}",
            f"  {variable}_STATUS_LIST_URL: http://auth:8000/status-list",
        ]
    # Without a value: Compose tells it only when it is set.
    lines += [f"  {one}:" for one in service.settings]
    return "\n".join(lines)


def _service(service: ServiceEntry) -> str:
    name = service.name
    lines = [f"{name}:", "  <<: *service"]
    if name == "auth":
        lines += [
            "  # Where others want the cores too (1024 each): people who sign in must not slow down those who read.",
            "  cpu_shares: 256",
        ]
    lines += [
        f"  scale: ${{{service.variable_prefix}REPLICAS:-1}}",
        f"  command: [python, -m, {service.package}, serve]",
        f"  environment: *{name}",
        *_secrets(service),
        f'  volumes: ["{name}-state:/gatehouse/var/{name}"]',
        f"  networks: [{'front, data' if service.database else 'front'}]",
    ]
    if service.database:
        lines += [
            "  depends_on:",
            f"    {name}-migrate: {{condition: service_completed_successfully}}",
        ]
    return "\n".join(lines)


def _migration(service: ServiceEntry) -> str:
    name = service.name
    environment = "{<<: [*auth, *first-users]}" if name == "auth" else f"*{name}"
    return "\n".join(
        [
            f"{name}-migrate:",
            "  <<: *one-shot",
            f"  command: [python, -m, {service.package}, migrate]",
            f"  environment: {environment}",
            *_secrets(service, *(FIRST_PASSWORDS if name == "auth" else ())),
            "  networks: [front, data]",
            f'  volumes: ["{name}-state:/gatehouse/var/{name}"]',
        ]
    )


def _secrets(service: ServiceEntry, *more: str) -> list[str]:
    handed = [*(OF_AUTH if service.name == "auth" else ()), *more]
    if service.database:
        handed.append(f"{service.variable_prefix}DATABASE_URL")
    return [f"  secrets: [{', '.join(handed)}]"] if handed else []


def _limit(service: ServiceEntry) -> str:
    variable = service.name.upper()
    return f"{variable}_BODY_LIMIT: ${{{variable}_BODY_LIMIT:-{service.body_limit}}}"


def _cors_origins(service: ServiceEntry) -> str:
    variable = service.name.upper()
    return f"{variable}_CORS_ORIGINS: ${{{variable}_CORS_ORIGINS:-}}"


def _ours(services: Mapping[str, ServiceEntry]) -> Iterable[ServiceEntry]:
    return [service for service in services.values() if service.is_ours]
