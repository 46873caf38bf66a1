"""Where PostgreSQL is and how to connect to it: what libpq's URLs say, for asyncpg.

https://www.postgresql.org/docs/current/libpq-connect.html#LIBPQ-CONNSTRING-URIS
"""

import os
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal
from urllib.parse import SplitResult, quote, unquote, urlencode, urlsplit

SCHEMES = ("postgresql://", "postgres://")

CONNECT_TIMEOUT = 5.0
"""Seconds that a statement waits for a connection, unless the URL has a `connect_timeout`."""

_PORT = 5432
_NO_URL = (
    "is no URL such as postgresql://user:password@host:5432/name, or a password in it with any of @ : / ? # [ ] is not "
    "percent-encoded"
)
_SSL_MODES = ("disable", "allow", "prefer", "require", "verify-ca", "verify-full")
_SSL_FILES = ("sslrootcert", "sslcert", "sslkey", "sslcrl")

# libpq's parameters that asyncpg does not know, and what they may say because it is so without them.
_UNKNOWN_TO_ASYNCPG: Mapping[str, tuple[str, ...]] = {
    "channel_binding": ("prefer", "disable"),
    "client_encoding": ("utf8", "utf-8", "auto"),
    "gssdelegation": ("0",),
    "gssencmode": ("prefer", "disable"),
    "load_balance_hosts": ("disable",),
    "sslcertmode": ("allow",),
    "sslcompression": ("0",),
    "sslsni": ("1",),
    **dict.fromkeys(
        (
            *("hostaddr", "keepalives", "keepalives_count", "keepalives_idle"),
            *("keepalives_interval", "max_protocol_version", "min_protocol_version"),
            *("replication", "require_auth", "requirepeer", "requiressl", "sslcrldir"),
            *("sslkeylogfile", "tcp_user_timeout"),
        ),
        (),
    ),
}


@dataclass(frozen=True, slots=True)
class PostgreSQLURL:
    """What a URL says.

    Attributes:
        dsn: what asyncpg reads itself: user, password, database, TLS, and settings of the server.
        hosts: name or folder of a socket, and port, in their order; None stands for libpq's environment variables.
        must_take_writes: whether a server that is read-only is refused (`target_session_attrs`).
        connect_timeout: seconds for one host.
        trust_system: whether the server's certificate is checked by the system's authorities (`sslrootcert=system`).
        pooler: `transaction` when statements of one connection may run on several of the server's, `session` when
            they do not or are known to each, None when nothing is said.
    """

    dsn: str
    hosts: tuple[tuple[str, int] | None, ...]
    must_take_writes: bool
    connect_timeout: float
    trust_system: bool
    pooler: Literal["transaction", "session"] | None

    @classmethod
    def parse(cls, url: str) -> "PostgreSQLURL":
        """Reads a URL.

        Raises:
            ValueError: it cannot be used; the clause says why and repeats no value, because one may be a password.
        """
        parts = _split(url)
        try:
            parameters = dict(_parameters(parts.query))
            hosts = _hosts(parts.netloc, parameters)
        except ValueError as error:
            raise ValueError(f"{_NO_URL} ({error})") from None
        database = parameters.pop("dbname", "") or unquote(parts.path.removeprefix("/"))
        if not database:
            raise ValueError("names no database: it must end in a file or in a database's name")
        target = _choice(parameters, "target_session_attrs", ("any", "read-write", "primary"))
        pooler = _choice(parameters, "pooler", ("transaction", "session"))
        _refuse_unknown(parameters)
        timeout = _seconds(parameters) or CONNECT_TIMEOUT / len(hosts)
        trust_system = _check_tls(parameters)
        user = parts.netloc.rpartition("@")[0]
        query = urlencode(parameters, quote_via=quote)
        return cls(
            dsn=f"postgresql://{user}{'@' if user else ''}/{quote(database, safe='')}{'?' if query else ''}{query}",
            hosts=hosts,
            must_take_writes=target in ("read-write", "primary"),
            connect_timeout=timeout,
            trust_system=trust_system,
            pooler=pooler,  # type: ignore[arg-type]  # one of the two, or None
        )

    def ssl_context(self) -> ssl.SSLContext | None:
        """What `trust_system` asks for; asyncpg makes every other context itself."""
        return ssl.create_default_context() if self.trust_system else None


def _split(url: str) -> SplitResult:
    try:
        parts = urlsplit(url)
    except ValueError:  # its sentence may repeat the password
        raise ValueError(_NO_URL) from None
    if parts.fragment:
        raise ValueError(f"{_NO_URL} (it has a #)")
    return parts


def _parameters(query: str) -> list[tuple[str, str]]:
    pairs = [pair.partition("=") for pair in query.split("&") if pair]
    if not all(equals for _, equals, _ in pairs):
        raise ValueError("each parameter is written name=value")
    return [(unquote(name), unquote(value)) for name, _, value in pairs]


def _hosts(netloc: str, parameters: dict[str, str]) -> tuple[tuple[str, int] | None, ...]:
    """The hosts of the authority, or those of `host` and `port`, which win."""
    user, _, listed = netloc.rpartition("@")
    if "@" in user:
        raise ValueError("it has two @")
    pairs = [_host_and_port(entry) for entry in listed.split(",")] if listed else []
    if "host" in parameters:
        pairs = [(host, "") for host in parameters.pop("host").split(",")]
    ports = parameters.pop("port", "").split(",")
    if len(ports) not in (1, len(pairs)):
        raise ValueError("it has another number of ports than of hosts")
    if not pairs and not ports[0]:
        return (None,)
    pairs = pairs or [("localhost", "")]
    if len(ports) == 1:
        ports *= len(pairs)
    return tuple(
        (host or "localhost", _port(listed or port))
        for (host, listed), port in zip(pairs, ports, strict=True)
    )


def _host_and_port(entry: str) -> tuple[str, str]:
    if entry.startswith("["):  # IPv6
        host, _, port = entry[1:].partition("]")
        return host, port.removeprefix(":")
    host, _, port = entry.partition(":")
    return unquote(host), unquote(port)


def _port(text: str) -> int:
    if not text:
        return int(os.environ.get("PGPORT", _PORT))
    if not (text.isascii() and text.isdigit() and 0 < int(text) < 65536):
        raise ValueError("a port is a number from 1 to 65535")
    return int(text)


def _choice(parameters: dict[str, str], name: str, choices: tuple[str, ...]) -> str | None:
    value = parameters.pop(name, None)
    if value is not None and value not in choices:
        raise ValueError(
            f"says {name}={value}; a service reads and writes, so it can be {', '.join(choices)}"
        )
    return value


def _refuse_unknown(parameters: dict[str, str]) -> None:
    for name, harmless in _UNKNOWN_TO_ASYNCPG.items():
        value = parameters.pop(name, None)
        if value is not None and value.lower() not in harmless:
            instead = f" or write {name}={harmless[0]}" if harmless else ""
            raise ValueError(
                f"says {name}, which the driver (asyncpg) cannot do: leave it out{instead}"
            )
    fallback = parameters.pop("fallback_application_name", None)
    if fallback is not None:
        parameters.setdefault("application_name", fallback)


def _seconds(parameters: dict[str, str]) -> float:
    text = parameters.pop("connect_timeout", "0")
    if not (text.isascii() and text.isdigit()):
        raise ValueError("says connect_timeout, which is a whole number of seconds")
    return float(text)


def _check_tls(parameters: dict[str, str]) -> bool:
    """Whether the system's authorities are to be trusted; ends in a clause what would fail only when connecting."""
    if "ssl" in parameters:  # as JDBC and SQLAlchemy write it
        said = parameters.pop("ssl")
        parameters.setdefault("sslmode", "require" if said == "true" else said)
    mode = parameters.get("sslmode", os.environ.get("PGSSLMODE") or "prefer")
    if mode not in _SSL_MODES:
        raise ValueError(f"says sslmode={mode}; it can be {', '.join(_SSL_MODES)}")
    if parameters.get("sslrootcert") == "system":
        if parameters.get("sslmode", "verify-full") != "verify-full":
            raise ValueError("says sslrootcert=system, which needs sslmode=verify-full")
        del parameters["sslrootcert"]
        parameters.pop("sslmode", None)
        return True
    for name in _SSL_FILES:
        if name in parameters and not os.access(parameters[name], os.R_OK):
            raise ValueError(f"says {name}={parameters[name]}, and there is no such file to read")
    if mode.startswith("verify-") and not (
        "sslrootcert" in parameters
        or os.environ.get("PGSSLROOTCERT")
        or Path("~/.postgresql/root.crt").expanduser().exists()
    ):
        raise ValueError(
            f"says sslmode={mode} and not by whose certificate: add sslrootcert= and a file, or "
            "sslrootcert=system"
        )
    return False
