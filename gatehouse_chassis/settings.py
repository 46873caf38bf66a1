"""Settings: typed, read from the environment once, and refused with a sentence when they cannot work."""

import os
import re
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any, Literal, Self, get_args

from pydantic import AfterValidator, BeforeValidator, Field, SecretStr, ValidationError
from pydantic.fields import FieldInfo
from pydantic_core import to_jsonable_python
from pydantic_settings import (
    BaseSettings,
    NoDecode,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
)
from sqlalchemy import make_url

from gatehouse_chassis.database.postgresql_url import SCHEMES, PostgreSQLURL
from gatehouse_chassis.http.body_limit import MAX_BODY_BYTES
from gatehouse_chassis.http.cors import USUAL_HEADERS
from gatehouse_chassis.proxy.forwarded import PREFIX, TrustedProxies
from gatehouse_chassis.proxy.public_prefix import normalise_root_path
from gatehouse_chassis.secret_files import FILE, read_secret
from gatehouse_chassis.services import ServicesError, auth_prefix

SECRET_MIN_LENGTH = 32
PASSWORD_MIN_LENGTH = 12
# An origin, which may end in an outer prefix.
_HEADER_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_ORIGIN = re.compile(
    r"https?://(?:[A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])(?::(?P<port>[0-9]{1,5}))?"
    rf"{PREFIX.pattern}/?"
)
_PLACEHOLDERS = (
    "changeme",
    "changethis",
    "default",
    "example",
    "insecure",
    "password",
    "placeholder",
    "replaceme",
    "replacethis",
    "secret",
    "yourpassword",
    "yoursecret",
)


class SettingsError(Exception):
    """The environment cannot run the service; `str()` is one sentence per variable, for the person who starts it."""


def _looks_like_placeholder(value: str) -> bool:
    letters = "".join(char for char in value.lower() if char.isalnum())
    return letters.startswith(_PLACEHOLDERS) or len(set(value)) < 5


def _refuse_weak(kind: str, minimum: int) -> AfterValidator:
    def check(secret: SecretStr) -> SecretStr:
        value = secret.get_secret_value()
        if len(value) < minimum:
            raise ValueError(
                f"is {len(value)} characters long, and a {kind} needs at least {minimum}, such as "
                f"`openssl rand -hex {minimum}` prints"
            )
        if _looks_like_placeholder(value):
            raise ValueError(
                f"looks like a placeholder, and a {kind} must be random, such as "
                f"`openssl rand -hex {minimum}` prints"
            )
        return secret

    return AfterValidator(check)


def _check_bind(value: str) -> str:
    host, colon, port = value.rpartition(":")
    if not (colon and host and port.isascii() and port.isdigit() and 0 < int(port) < 65536):
        raise ValueError(f"is {value!r}; it must be an address and a port, such as 127.0.0.1:8001")
    return value


def _check_origin(value: str) -> str:
    if not value:  # Compose hands on what is not set as an empty value
        return value
    url = _ORIGIN.fullmatch(value)
    if url is None or not 0 < int(url["port"] or 80) < 65536:
        raise ValueError(f"is {value!r}; it must be a URL such as https://api.example.com")
    return value.rstrip("/")


def _check_database_url(value: str) -> str:
    if value.startswith(SCHEMES):
        PostgreSQLURL.parse(value)
    elif not value.startswith("sqlite:///"):
        raise ValueError("must begin with sqlite:/// or postgresql://")
    elif not make_url(value).database:
        raise ValueError("names no database: it must end in a file or in a database's name")
    return value


def _read_trusted_proxies(value: str | TrustedProxies) -> TrustedProxies:
    return TrustedProxies.parse(value) if isinstance(value, str) else value


def _read_list(value: str | frozenset[str]) -> frozenset[str]:
    return frozenset(value.replace(",", " ").split()) if isinstance(value, str) else value


def _check_cors_origins(origins: frozenset[str]) -> frozenset[str]:
    for origin in sorted(origins):
        url = _ORIGIN.fullmatch(origin)
        if url is None or origin.count("/") != 2:
            raise ValueError(
                f"has {origin!r}; each entry must be an origin such as https://app.example.com, without a path"
            )
    return origins


def _check_header_names(names: frozenset[str]) -> frozenset[str]:
    for name in sorted(names):
        if not _HEADER_NAME.fullmatch(name):
            raise ValueError(
                f"has {name!r}, which is no name of a header, such as X-Requested-With"
            )
    return names or USUAL_HEADERS  # Compose sets what is unset to nothing


@dataclass(frozen=True, slots=True)
class HoldsSecret:
    """Marks a setting that is no `SecretStr` but may hold a password, so that it can be read from a file too."""


def is_secret(field: FieldInfo) -> bool:
    """Whether the setting may be read from a file: it is a `SecretStr`, or marked with `HoldsSecret`."""
    kinds = [field.annotation, *get_args(field.annotation)]
    kinds += [get_args(kind)[0] for kind in kinds if get_args(kind)]
    return SecretStr in kinds or HoldsSecret() in field.metadata


Secret = Annotated[SecretStr, _refuse_weak("secret", SECRET_MIN_LENGTH)]
"""A random key of at least 32 characters that no example ever contained."""

Password = Annotated[SecretStr, _refuse_weak("password", PASSWORD_MIN_LENGTH)]
"""A first user's password: at least 12 characters, no placeholder."""

RootPath = Annotated[
    str,
    AfterValidator(normalise_root_path),
    Field(
        description="The public path prefix of the service; `make up` and Compose set it from `services.toml`."
    ),
]
BindAddress = Annotated[
    str,
    AfterValidator(_check_bind),
    Field(description="The address and port that the service listens on; Compose sets it."),
]
DatabaseURL = Annotated[
    str,
    AfterValidator(_check_database_url),
    HoldsSecret(),
    Field(
        description="`sqlite:///` and a file, or `postgresql://user:password@host:port/name` and whatever else a URL "
        "of libpq says (docs/databases.md); with Docker, the host as a container reaches it."
    ),
]
StateDir = Annotated[
    Path,
    Field(
        description="The folder for what the service keeps beside its database; Compose sets it."
    ),
]
Origin = Annotated[str, AfterValidator(_check_origin)]


_HTTP_URL = r"^https?://[^/]+/"
JwksURL = Annotated[
    str,
    Field(
        pattern=_HTTP_URL,
        description="Where the service fetches auth's public keys; `make up` and Compose set it.",
    ),
]
StatusListURL = Annotated[
    str,
    Field(
        pattern=_HTTP_URL,
        description="Where the service fetches the list of revoked tokens; `make up` and Compose set it.",
    ),
]


class _SecretFiles(PydanticBaseSettingsSource):
    """Reads a secret from the file that `<VARIABLE>_FILE` names, without the line break at its end."""

    def __call__(self) -> dict[str, Any]:
        """The secrets by the names under which the environment is read.

        Raises:
            SettingsError: a file cannot be read or is empty, or the variable itself is set too.
        """
        found, problems = {}, []
        for name, field in self.settings_cls.model_fields.items():
            key = str(field.validation_alias or name)
            variable = _variable(self.settings_cls, key)
            if not os.environ.get(variable + FILE) or not is_secret(field):
                continue
            try:
                found[key] = read_secret(os.environ, variable)
            except ValueError as error:
                problems.append(str(error))
        if problems:
            raise SettingsError("\n".join(problems))
        return found

    def get_field_value(self, field: FieldInfo, field_name: str) -> tuple[Any, str, bool]:
        """Not asked: `__call__` reads all of them, to tell all that is wrong at once."""
        raise NotImplementedError


def _variable(settings: type[BaseSettings], name: str) -> str:
    return name if name.isupper() else f"{settings.model_config['env_prefix']}{name.upper()}"


class EnvironmentSettings(BaseSettings):
    """Settings that are read from the environment, all at once, and refused in sentences.

    Each secret `X` may stand in a file instead, which `X_FILE` names.
    """

    model_config = SettingsConfigDict(frozen=True, extra="ignore", populate_by_name=True)

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Adds the files that hold secrets to what pydantic-settings reads."""
        files = _SecretFiles(settings_cls)
        return init_settings, files, env_settings, dotenv_settings, file_secret_settings

    @classmethod
    def load(cls) -> Self:
        """The settings in the environment.

        Raises:
            SettingsError: a variable is missing or cannot work; names each one and the command that mends it.
        """
        try:
            return cls()
        except ValidationError as error:
            raise SettingsError("\n".join(map(cls._sentence, error.errors()))) from None
        except ServicesError as error:
            raise SettingsError(str(error)) from None

    @classmethod
    def variable(cls, name: str) -> str:
        """The environment variable of a setting, for sentences about it."""
        return _variable(cls, name)

    @classmethod
    def _sentence(cls, error: Any) -> str:
        variable = cls.variable(str(error["loc"][0]) if error["loc"] else "")
        if error["type"] == "missing":
            return f"{variable} is not set: run `make up`, which writes it to .env, or set it yourself."
        reason = error["msg"].removeprefix("Value error, ")
        if error["type"] == "time_delta_parsing":
            reason = "is not valid: it must be a duration"
        elif error["type"] != "value_error":
            reason = f"is not valid: {reason[0].lower()}{reason[1:]}"
        example = "" if "such as" in reason else cls._example(variable)
        file = os.environ.get(variable + FILE)
        where = f"{file!r}, which {variable}{FILE} names" if file else ".env or in the environment"
        return f"{variable} {reason}{example}. Change it in {where}."

    @classmethod
    def _example(cls, variable: str) -> str:
        """What the setting can be: what its field says, or its default."""
        fields = {
            cls.variable(str(each.validation_alias or name)): each
            for name, each in cls.model_fields.items()
        }
        field = fields.get(variable)
        if field is None:
            return ""
        (example,) = field.examples or [to_jsonable_python(field.default, fallback=lambda _: "")]
        if isinstance(example, bool):
            example = "on" if example else "off"
        return (
            f", such as {variable}={example}"
            if isinstance(example, str | int) and example != ""
            else ""
        )


class ServiceSettings(EnvironmentSettings):
    """The settings of every service. A service adds its own fields and sets `env_prefix` (such as `ITEMS_`)."""

    model_config = SettingsConfigDict(arbitrary_types_allowed=True)

    root_path: RootPath
    bind: BindAddress
    workers: Annotated[
        int,
        Field(ge=1, le=64, description="Worker processes; the default comes from `services.toml`."),
    ] = 2
    body_limit: Annotated[
        int,
        Field(
            ge=1,
            description="Bytes that a request's body may have (larger: 413); `services.toml` may set another default.",
        ),
    ] = MAX_BODY_BYTES
    database_url: DatabaseURL
    state_dir: StateDir
    trusted_proxies: Annotated[
        TrustedProxies,
        NoDecode,
        BeforeValidator(_read_trusted_proxies),
        Field(
            description="Networks whose `X-Forwarded-*` headers the service believes: with Docker those of its "
            "containers, and Compose sets it."
        ),
    ] = TrustedProxies.parse("127.0.0.1,::1")
    cors_origins: Annotated[
        frozenset[str],
        NoDecode,
        BeforeValidator(_read_list),
        AfterValidator(_check_cors_origins),
        Field(
            description="Origins whose pages may call the service from a browser, such as `https://app.example.com`."
        ),
    ] = frozenset()
    cors_headers: Annotated[
        frozenset[str],
        NoDecode,
        BeforeValidator(_read_list),
        AfterValidator(_check_header_names),
        Field(
            description="Request headers that such pages may send, instead of the usual ones "
            "(`gatehouse_chassis/http/cors.py`)."
        ),
    ] = USUAL_HEADERS

    port: Annotated[
        int,
        Field(
            ge=1,
            le=65535,
            validation_alias="GATEHOUSE_PORT",
            description="The port that nginx listens on; as local processes the services take the ports after it.",
        ),
    ] = 8080
    public_url: Annotated[
        Origin,
        Field(
            validation_alias="GATEHOUSE_PUBLIC_URL",
            description="The URL at which the public reaches the stack, with an outer prefix if there is one; tokens "
            "name it as their issuer (default: `http://localhost` and the port).",
        ),
    ] = ""
    log_level: Annotated[
        Literal["debug", "info", "warning", "error"],
        Field(
            validation_alias="GATEHOUSE_LOG_LEVEL",
            description="The least severe lines that are logged.",
        ),
    ] = "info"
    log_format: Annotated[
        Literal["auto", "text", "json"],
        Field(
            validation_alias="GATEHOUSE_LOG_FORMAT",
            description="`auto` is text on a terminal and JSON elsewhere.",
        ),
    ] = "auto"

    @property
    def origin(self) -> str:
        """Where the public finds the whole stack; it may end in an outer prefix."""
        return self.public_url or f"http://localhost:{self.port}"

    @property
    def issuer(self) -> str:
        """The `iss` of every access token (RFC 9068 section 2.2): the public URL of the auth service."""
        return f"{self.origin}{auth_prefix()}"

    @property
    def resource(self) -> str:
        """What this service calls itself in its metadata (RFC 9728), and clients in `resource` (RFC 8707)."""
        return f"{self.origin}{self.root_path}"


class ResourceServerSettings(ServiceSettings):
    """The settings of a service that checks the access tokens of auth."""

    jwks_url: JwksURL = "http://127.0.0.1:8001/.well-known/jwks.json"
    jwks_refresh: Annotated[
        timedelta,
        Field(
            ge=timedelta(seconds=1),
            le=timedelta(hours=1),
            description="How long the service keeps auth's keys before it fetches them again; a key that leaked is "
            "refused after this time.",
        ),
    ] = timedelta(minutes=1)
    status_list_url: StatusListURL = "http://127.0.0.1:8001/status-list"
