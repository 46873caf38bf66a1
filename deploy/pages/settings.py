"""docs/settings.md, from the settings classes."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from importlib import import_module
from inspect import isclass
from pathlib import Path
from types import UnionType
from typing import Annotated, Any, Literal, get_args, get_origin

from pydantic import SecretStr, TypeAdapter
from pydantic.fields import FieldInfo

from gatehouse_chassis.services import ServiceEntry
from gatehouse_chassis.settings import (
    EnvironmentSettings,
    ResourceServerSettings,
    ServiceSettings,
    is_secret,
)

PAGE = Path("docs/settings.md")

_HEADER = """\
# Settings

Settings are environment variables. `make up` writes `.env` with random secrets on its first run; a variable of the
environment wins over `.env`. There is no default password. A service that cannot work with a setting says which one,
why and what to do, and does not start; `make up` asks all of them first, and refuses a name that is nearly one of
these. Durations are ISO 8601: `PT10M` is ten minutes, `P14D` fourteen days.

Whatever has the type *secret* may stand in a file instead, which the same name with `_FILE` names:
`AUTH_KEY_ENCRYPTION_SECRET_FILE=/run/secrets/auth-key`. The line break at its end does not count. Only one of the two
may be set, and a file that cannot be read or is empty is refused. [Secrets](secrets.md) says what each is for, how it
is changed and what to do when it leaks.

Behind a proxy that signs with an authority of its own, `make up` hands `SSL_CERT_FILE=/path/to/ca.pem` (all authorities
that are to be trusted, as PEM) to uv and pip, and as local processes to auth for its mails; `UV_NATIVE_TLS=1` makes uv
trust what the system trusts. Either may stand in `.env`. Images are built without them.

Written by `make sync` from the settings classes and `services.toml`; do not edit it.
"""


@dataclass(frozen=True)
class Row:
    """One variable of a table."""

    name: str
    type: str
    default: str
    meaning: str


_OF_THE_STACK = (
    Row(
        "GATEHOUSE_BIND",
        "address",
        "`127.0.0.1`",
        "The address of this machine that nginx listens on.",
    ),
    Row(
        "GATEHOUSE_TRUSTED_PROXIES",
        "networks",
        "(none)",
        "Networks whose `X-Forwarded-*` headers nginx believes: your outer proxy. With Docker, a proxy on this machine "
        "appears as `10.84.80.1`, the first address of `GATEHOUSE_NETWORK`.",
    ),
    Row(
        "GATEHOUSE_RATE_LIMIT_EXEMPT",
        "networks",
        "(none)",
        "Networks that nginx's limits do not count: your load generator.",
    ),
    Row(
        "GATEHOUSE_ALLOWED_HOSTS",
        "names",
        "(any)",
        "Host names that nginx serves, such as `api.example.com, *.example.com`; for others it answers 421. List the "
        "names that browsers use, and the one that an outer proxy writes into `Host` unless it is trusted and sends "
        "`X-Forwarded-Host`. `localhost` and the loopback addresses are always served.",
    ),
    Row(
        "GATEHOUSE_SECURITY_CONTACT",
        "mailto: or https:",
        "(none)",
        "Whom to tell of a vulnerability, such as `mailto:security@example.com`: what `/.well-known/security.txt` "
        "(RFC 9116) says. Without it that address is 404.",
    ),
    Row(
        "GATEHOUSE_SERVICES",
        "path",
        "`services.toml`",
        "The list of services that a service reads.",
    ),
    Row(
        "GATEHOUSE_NETWORK",
        "three numbers",
        "`10.84.80`",
        "Docker only: the beginning of the addresses of the containers; a second checkout needs its own.",
    ),
    Row(
        "<SERVICE>_REPLICAS",
        "number",
        "`1`",
        "Docker only: how many containers run the service. While they run: `docker compose up --detach --no-recreate "
        "--scale items=3 items`.",
    ),
    Row(
        "COMPOSE_PROJECT_NAME",
        "name",
        "`gatehouse`",
        "Docker only: the name of the Compose project; a second checkout needs its own.",
    ),
    Row(
        "GATEHOUSE_VOLUMES",
        "name",
        "in `.env`",
        "Docker only: what the names of the volumes begin with, so that no checkout opens another's data.",
    ),
    Row(
        "POSTGRES_PASSWORD",
        "secret",
        "in `.env`",
        "Docker only: the password of PostgreSQL's superuser.",
    ),
)
_OF_EACH_SERVICE = (
    Row(
        "DATABASE_PASSWORD",
        "secret",
        "in `.env`",
        "Docker only: the password of the service's database in the stack's own PostgreSQL.",
    ),
)


def page(services: Mapping[str, ServiceEntry]) -> str:
    """The page for these services.

    Raises:
        LookupError: a setting has no description.
    """
    every = ServiceSettings.model_fields
    protected = {
        name: field
        for name, field in ResourceServerSettings.model_fields.items()
        if name not in every
    }
    of_the_stack = [name for name in every if _is_shared(every[name])]
    own = {name: field for name, field in every.items() if name not in of_the_stack}
    parts = [
        _HEADER,
        "## The stack\n",
        _table(
            [
                *(_row(ServiceSettings, name, every[name], "") for name in of_the_stack),
                *_OF_THE_STACK,
            ]
        ),
        "## Every service\n\nThe names begin with that of the service: `AUTH_WORKERS`, `ITEMS_WORKERS`.\n",
        _table(
            [
                *(_row(ServiceSettings, name, field, "<SERVICE>_") for name, field in own.items()),
                *(
                    Row(f"<SERVICE>_{row.name}", row.type, row.default, row.meaning)
                    for row in _OF_EACH_SERVICE
                    if row.name.lower() not in every
                ),
            ]
        ),
        "## Every service that checks access tokens\n\nAll but auth.\n",
        _table(
            _row(ResourceServerSettings, name, field, "<SERVICE>_")
            for name, field in protected.items()
        ),
    ]
    for service in services.values():
        tables = []
        for settings in settings_classes(service):
            known = {*every, *protected} if issubclass(settings, ServiceSettings) else set()
            rows = [
                _row(settings, name, field, settings.model_config.get("env_prefix", ""))
                for name, field in settings.model_fields.items()
                if name not in known
            ]
            if rows:
                tables += [(settings.__doc__ or "").partition("\n")[0] + "\n", _table(rows)]
        if tables:
            parts += [f"## {service.title}\n", *tables]
    return "\n".join(parts)


def settings_classes(service: ServiceEntry) -> list[type[EnvironmentSettings]]:
    """The settings classes of a service that stand in its `settings` module, in their order."""
    if not service.package:
        return []
    module = import_module(f"{service.package}.settings")
    return [
        member
        for member in vars(module).values()
        if isclass(member)
        and issubclass(member, EnvironmentSettings)
        and member.__module__ == module.__name__
    ]


def _is_shared(field: FieldInfo) -> bool:
    return str(field.validation_alias or "").startswith("GATEHOUSE_")


def _row(settings: type[EnvironmentSettings], name: str, field: FieldInfo, prefix: str) -> Row:
    if not field.description:
        raise LookupError(f"{settings.__name__}.{name} has no description: Field(description=...)")
    variable = str(field.validation_alias or f"{prefix}{name.upper()}")
    return Row(variable, _type(field), _default(name, field), field.description)


def _type(field: FieldInfo) -> str:
    kind: Any = field.annotation
    if is_secret(field):
        return "secret"
    if type(None) in get_args(kind):  # what may be left out
        kind = get_args(kind)[0]
        kind = get_args(kind)[0] if get_origin(kind) is Annotated else kind
    if get_origin(kind) is Literal:
        return ", ".join(f"`{value}`" for value in get_args(kind))
    if kind is int:
        bounds = {type(bound).__name__: bound for bound in field.metadata}
        lowest, highest = (getattr(bounds.get(name), name.lower(), None) for name in ("Ge", "Le"))
        return f"number, {lowest} to {highest}" if highest is not None else "number"
    names: dict[Any, str] = {
        bool: "`on` or `off`",
        timedelta: "duration",
        Path: "path",
        str: "text",
    }
    if kind in names:
        return names[kind]
    if isinstance(kind, UnionType):
        return "text"
    return "list"


def _default(name: str, field: FieldInfo) -> str:
    if type(None) in get_args(field.annotation) and not field.validation_alias:
        return "(none)"
    if field.is_required() or field.default is None:
        # Those that every service sets for itself, and those that `make up` writes.
        return (
            "in `.env`"
            if field.annotation is SecretStr or field.validation_alias
            else "per service"
        )
    if field.default_factory is not None:
        return "from `services.toml`"
    value = field.default
    if isinstance(value, bool):
        return "`on`" if value else "`off`"
    if isinstance(value, timedelta):
        return f"`{TypeAdapter(timedelta).dump_python(value, mode='json')}`"
    if isinstance(value, SecretStr) or value in ("", frozenset()):
        return "(none)"
    if isinstance(value, frozenset):
        return "the usual ones"
    text = "127.0.0.1, ::1" if name == "trusted_proxies" else str(value)
    return f"`{text}`"


def _table(rows: Iterable[Row]) -> str:
    lines = ["| variable | type | default | meaning |", "| --- | --- | --- | --- |"]
    lines += [f"| `{row.name}` | {row.type} | {row.default} | {row.meaning} |" for row in rows]
    return "\n".join([*lines, ""])
