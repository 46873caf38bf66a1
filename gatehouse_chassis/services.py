"""The list of services, `services.toml`: what each is called, where it stands, and which scopes it has.

Only the standard library is used here: `make up` reads the list before any package is installed.
"""

import os
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

DEFAULT_BODY_LIMIT = 128 * 1024
DEFAULT_READ_TIMEOUT = 30
ROLES = ("user", "admin")

_NAME = re.compile(r"[a-z][a-z0-9]*(_[a-z0-9]+)*")
_PREFIX = re.compile(r"(/[A-Za-z0-9._~-]+)+")
_SCOPE = re.compile(r"(?P<service>[a-z0-9_]+):[a-z][a-z0-9_.-]*")
_UPSTREAM = re.compile(r"([A-Za-z0-9._-]+|\[[0-9A-Fa-f:]+\]):[0-9]{1,5}")
_PANEL = re.compile(r"panels/[a-z0-9_-]+")
_LIMITED = re.compile(r"(?P<method>POST|PUT|PATCH|DELETE) (?P<path>(/[A-Za-z0-9._~-]+)+)")
_BODY_ROUTE = re.compile(
    r"(POST|PUT|PATCH|DELETE) (/|(/([A-Za-z0-9._~-]+|\{[A-Za-z_][A-Za-z0-9_]*\}))+/?)"
)
_SCOPE_KEYS = {"description", "default", "roles", "first_party"}
_NGINX_PREFIXES = ("/docs", "/.well-known", "/portal", "/panels", "/_problem", "/_verify")
# Names of containers, databases, programs and variables that are not a service's.
RESERVED_NAMES = frozenset(
    (
        *("admin", "databases", "demo", "docs", "gatehouse", "nginx", "postgres", "proxy"),
        *("supervisord", "template0", "template1"),
    )
)


class ServicesError(Exception):
    """`services.toml` cannot be used; `str()` is a sentence that names the entry and what is wrong with it."""


@dataclass(frozen=True, slots=True)
class ScopeEntry:
    """One scope of a service.

    Attributes:
        description: a sentence for the *Authorize* dialog and for the consent page.
        default: whether a user is granted it without asking for it by name.
        roles: the roles that may be granted it: `user` (everyone) or `admin`.
        first_party: whether only the built-in client of this deployment may be granted it, and no registered one.
    """

    description: str
    default: bool = False
    roles: tuple[str, ...] = ROLES
    first_party: bool = False


@dataclass(frozen=True, slots=True)
class ServiceEntry:
    """One service of the list.

    Attributes:
        name: its short name, as in scopes, audiences, variables (`ITEMS_...`) and logs.
        prefix: the path under the domain, such as `/items`.
        package: its Python package; empty for an upstream that is not ours.
        upstream: `host:port` of a program that is not ours; empty for a package.
        scopes: its scopes by name (`items:read`).
        database: whether it has a database of its own.
        workers: worker processes, unless `<NAME>_WORKERS` says otherwise.
        body_limit: bytes that a request's body may have.
        body_limits: routes with another limit, each as `POST /notes/{note_id}/picture`: a method and a path below the
            prefix. nginx goes by the path alone, and takes the largest where methods differ.
        read_timeout: seconds that nginx waits for the next part of an answer; then it answers 504 in its place.
        panel: a folder of `proxy/site/` with a `panel.js` that shows the service on the portal, such as
            `panels/items`; empty for a card alone.
        sign_in_limit: what nginx counts as an attempt to sign in, each as `POST /token`: a method and a path below the
            prefix. Whatever hashes or verifies a password belongs here.
        settings: variables of its own that its container is told when they are set, such as `ITEMS_GREETING`.
        require: of an upstream that has no sign-in: the scopes and roles that whoever asks must have, such as
            `items:read` or `user`, which every person has; nginx asks auth before it passes a request on.
    """

    name: str
    title: str
    description: str
    prefix: str
    package: str = ""
    upstream: str = ""
    scopes: Mapping[str, ScopeEntry] = field(default_factory=dict)
    database: bool = True
    workers: int = 2
    body_limit: int = DEFAULT_BODY_LIMIT
    body_limits: Mapping[str, int] = field(default_factory=dict)
    read_timeout: int = DEFAULT_READ_TIMEOUT
    panel: str = ""
    sign_in_limit: tuple[str, ...] = ()
    settings: tuple[str, ...] = ()
    require: tuple[str, ...] = ()

    @property
    def is_ours(self) -> bool:
        """Whether it is a package of this repository, and no program that runs elsewhere."""
        return bool(self.package)

    @property
    def variable_prefix(self) -> str:
        """What the names of its environment variables begin with: `ITEMS_`."""
        return f"{self.name.upper()}_"


def services_file() -> Path:
    """`GATEHOUSE_SERVICES`, or `services.toml` in the working directory."""
    return Path(os.environ.get("GATEHOUSE_SERVICES") or "services.toml")


def load_services(file: Path | None = None) -> dict[str, ServiceEntry]:
    """The services by name, in the order of the file.

    Raises:
        ServicesError: the file cannot be read, or an entry cannot be used.
    """
    file = (file or services_file()).resolve()
    try:
        text = file.read_text(encoding="utf-8")
    except OSError as error:
        raise ServicesError(f"{file} cannot be read: {error.strerror}.") from None
    except UnicodeDecodeError as error:
        raise ServicesError(f"{file} is not UTF-8 text: {error}.") from None
    return dict(parse_services(file, text))


def auth_prefix() -> str:
    """The prefix of the auth service, with which the issuer of every token ends.

    Raises:
        ServicesError: the list cannot be read.
    """
    return load_services()["auth"].prefix


def scope_descriptions(service: str) -> dict[str, str]:
    """The scopes of one service and their descriptions, as `OAuth2PasswordBearer(scopes=...)` takes them.

    Raises:
        ServicesError: the list cannot be read, or has no such service.
    """
    services = load_services()
    if service not in services:
        raise ServicesError(f"{services_file()} has no entry [{service}].")
    return {name: scope.description for name, scope in services[service].scopes.items()}


def body_limits(service: str) -> Mapping[str, int]:
    """The routes of one service that have another limit than its `body_limit`; none when it is not listed.

    Raises:
        ServicesError: the list cannot be read.
    """
    entry = load_services().get(service)
    return entry.body_limits if entry else {}


def path_expression(template: str) -> str:
    """A regular expression, for Python and for nginx, of the paths of a route's template, in both spellings."""
    segments = template.rstrip("/").split("/")
    return "/".join("[^/]+" if "{" in one else re.escape(one) for one in segments) + "/?"


@cache
def parse_services(file: Path, text: str) -> dict[str, ServiceEntry]:
    """The services that `text` lists, where `file` is what messages call it.

    Raises:
        ServicesError: an entry cannot be used.
    """
    try:
        document = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ServicesError(f"{file} is not valid TOML: {error}.") from None
    services = {name: _entry(file, name, value) for name, value in document.items()}
    if "auth" not in services or not services["auth"].is_ours:
        raise ServicesError(
            f"{file.name} has no entry [auth] with a package: every other needs it."
        )
    _refuse_clashes(file, services)
    _refuse_unknown_requirements(file, services)
    return services


def _entry(file: Path, name: str, value: Any) -> ServiceEntry:
    where = f"[{name}] in {file.name}"
    if not _NAME.fullmatch(name):
        raise ServicesError(f"{where}: a name has lower-case letters, digits and underscores.")
    if name in RESERVED_NAMES:
        raise ServicesError(f"{where}: the name {name} is taken by a part of the stack itself.")
    if not isinstance(value, dict):
        raise ServicesError(f"{where} must be a table.")
    kinds: dict[str, type] = {
        **dict.fromkeys(("title", "description", "prefix", "package", "upstream", "panel"), str),
        **dict.fromkeys(("workers", "body_limit", "read_timeout"), int),
        **dict.fromkeys(("sign_in_limit", "settings", "require"), list),
        **dict.fromkeys(("scopes", "body_limits"), dict),
        "database": bool,
    }
    for key, setting in value.items():
        if key not in kinds:
            raise ServicesError(f"{where}: {key} is not known; known are {', '.join(kinds)}.")
        if type(setting) is not kinds[key]:
            raise ServicesError(f"{where}: {key} must be of type {kinds[key].__name__}.")
    for key in ("title", "description", "prefix"):
        if not value.get(key):
            raise ServicesError(f"{where}: {key} is missing.")
    if bool(value.get("package")) == bool(value.get("upstream")):
        raise ServicesError(f"{where}: set either package or upstream.")
    if value.get("upstream") and not _UPSTREAM.fullmatch(value["upstream"]):
        raise ServicesError(f"{where}: upstream must be host:port, such as 127.0.0.1:9000.")
    if not _PREFIX.fullmatch(value["prefix"]):
        raise ServicesError(f"{where}: prefix must be a path such as /{name}.")
    for key in ("workers", "body_limit", "read_timeout"):
        if value.get(key, 1) < 1:
            raise ServicesError(f"{where}: {key} must be 1 or more.")
    for route, limit in value.get("body_limits", {}).items():
        if not _BODY_ROUTE.fullmatch(route) or type(limit) is not int or limit < 1:
            raise ServicesError(
                f'{where}: body_limits takes entries such as "POST /notes/{{note_id}}/picture" = 6000000: '
                f"a method, a path below the prefix, and bytes; {route!r} is none."
            )
    if value.get("panel") and not _PANEL.fullmatch(value["panel"]):
        raise ServicesError(f"{where}: panel must be a folder such as panels/{name}.")
    limited = tuple(value.get("sign_in_limit", ()))
    if not all(isinstance(one, str) and _LIMITED.fullmatch(one) for one in limited):
        raise ServicesError(f"{where}: sign_in_limit takes entries such as 'POST /token'.")
    variables = tuple(value.get("settings", ()))
    known = re.compile(rf"{name.upper()}_[A-Z0-9_]+")
    if not all(isinstance(one, str) and known.fullmatch(one) for one in variables):
        raise ServicesError(f"{where}: settings takes variables that begin with {name.upper()}_.")
    required = tuple(value.get("require", ()))
    if "require" in value and (value.get("package") or not required):
        raise ServicesError(
            f"{where}: require takes scopes and roles that an upstream is protected by, such as "
            '["items:read"] or ["user"]; a package checks its tokens itself.'
        )
    scopes = {
        scope: _scope(where, name, scope, content)
        for scope, content in value.get("scopes", {}).items()
    }
    return ServiceEntry(
        name=name,
        **{
            **value,
            "scopes": scopes,
            "sign_in_limit": limited,
            "settings": variables,
            "require": required,
        },
    )


def _scope(where: str, service: str, name: str, value: Any) -> ScopeEntry:
    match = _SCOPE.fullmatch(name)
    if match is None or match["service"] != service:
        raise ServicesError(f"{where}: the scope {name!r} must be written {service}:<right>.")
    if not isinstance(value, dict) or not value.keys() <= _SCOPE_KEYS:
        raise ServicesError(f"{where}: the scope {name!r} takes {', '.join(sorted(_SCOPE_KEYS))}.")
    roles = tuple(value.get("roles", ROLES))
    if not value.get("description") or not set(roles) <= set(ROLES):
        raise ServicesError(
            f"{where}: the scope {name!r} needs a description, and roles among {', '.join(ROLES)}."
        )
    default, first_party = value.get("default", False), value.get("first_party", False)
    if not isinstance(default, bool) or not isinstance(first_party, bool):
        raise ServicesError(
            f"{where}: default and first_party of the scope {name!r} must be true or false."
        )
    # The consent page lists what is granted by default before it knows who signs in.
    if default and "user" not in roles:
        raise ServicesError(
            f"{where}: the scope {name!r} is granted by default, so its roles must include user."
        )
    return ScopeEntry(value["description"], default, roles, first_party)


def _refuse_clashes(file: Path, services: Mapping[str, ServiceEntry]) -> None:
    taken: dict[str, str] = dict.fromkeys(_NGINX_PREFIXES, "nginx itself")
    for service in services.values():
        for prefix, owner in taken.items():
            if f"{service.prefix}/".startswith(f"{prefix}/") or f"{prefix}/".startswith(
                f"{service.prefix}/"
            ):
                raise ServicesError(
                    f"[{service.name}] in {file.name}: the prefix {service.prefix} collides with {prefix} "
                    f"of {owner}."
                )
        taken[service.prefix] = service.name


def _refuse_unknown_requirements(file: Path, services: Mapping[str, ServiceEntry]) -> None:
    known = {*ROLES, *(name for service in services.values() for name in service.scopes)}
    for service in services.values():
        for name in service.require:
            if name not in known:
                raise ServicesError(
                    f"[{service.name}] in {file.name}: require has {name!r}, which is no scope of any service and no "
                    f"role; known are {', '.join(sorted(known))}."
                )
