"""Which scopes there are and who is granted which: what `services.toml` says, read once for each process.

Scopes are written as RFC 6749 section 3.3 has them: names with one space between them.
"""

from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from auth_service.clients.client import Client
from auth_service.users.schemas import Role
from gatehouse_chassis.services import load_services, services_file

AUTH = "auth"
"""The audience of a token without scopes: it can do nothing anywhere, and RFC 9068 section 2.2 wants an `aud`."""

OPENID = "openid"
"""The scope that makes an authorization request one of OpenID Connect."""

OFFLINE_ACCESS = "offline_access"

OF_OPENID = {
    OPENID: "Know that it is you",
    "profile": "Read your name",
    "email": "Read your mail address",
    OFFLINE_ACCESS: "Stay signed in while you are away",
}
"""The scopes of OpenID Connect Core sections 5.4 and 11, which belong to no service. A user grants them, no client has
them for itself."""


class ScopeNotGranted(Exception):
    """More is asked for than may be granted."""


@dataclass(frozen=True, slots=True)
class ScopeList:
    """The scopes of all services.

    Attributes:
        descriptions: every scope and what it allows, as the *Authorize* dialog shows it.
        by_role: what a user of each role may be granted.
        default: what a user is granted who asks for no scope by name.
        for_clients: what a client may be granted for itself.
        first_party: what only the built-in client may be granted.
    """

    descriptions: Mapping[str, str]
    by_role: Mapping[Role, frozenset[str]]
    default: tuple[str, ...]
    for_clients: frozenset[str]
    first_party: frozenset[str]


def scope_list() -> ScopeList:
    """What the list of services says.

    Raises:
        ServicesError: the list cannot be read.
    """
    return _read(services_file())


@cache
def _read(file: Path) -> ScopeList:
    scopes = {
        name: scope
        for service in load_services(file).values()
        for name, scope in service.scopes.items()
    }
    by_role = {
        role: frozenset(name for name, scope in scopes.items() if role.value in scope.roles)
        for role in Role
    }
    return ScopeList(
        descriptions={name: scope.description for name, scope in scopes.items()} | OF_OPENID,
        by_role={role: names | OF_OPENID.keys() for role, names in by_role.items()},
        default=tuple(name for name, scope in scopes.items() if scope.default),
        # A client is no administrator.
        for_clients=by_role[Role.USER],
        first_party=frozenset(name for name, scope in scopes.items() if scope.first_party),
    )


def allowed_to(client: Client) -> frozenset[str]:
    """The most that a client is given: of a registered one no first-party scope, whatever its row says."""
    return client.scopes if client.is_first_party else client.scopes - scope_list().first_party


def asked_by(client: Client, requested: str | None) -> str:
    """The scopes that a client asks for, by name or by default; whether a user may grant them is another question.

    Raises:
        ScopeNotGranted: one of the `requested` does not exist or is not for this client; or none is requested, and
            there is no default for it.
    """
    allowed = allowed_to(client)
    if requested is not None:
        names = requested.split(" ")
        for name in names:
            if name in scope_list().first_party - allowed:
                raise ScopeNotGranted(f"{name} is granted to the built-in client only")
        return _choose(names, allowed)
    names = [name for name in scope_list().default if name in allowed]
    if not names:
        raise ScopeNotGranted("no scope is granted to this client by default; ask for one by name")
    return " ".join(names)


def grant(requested: str | None, role: Role, client: Client) -> str:
    """The scopes that a user of this role is granted through a client.

    Raises:
        ScopeNotGranted: the client may not ask for one of them, or a user of this role may not have it.
    """
    asked = asked_by(client, requested)
    return _choose(asked.split(" "), scope_list().by_role[role])


def keep(granted: str, role: Role, client: Client) -> str:
    """What is left of scopes that were granted before, by the role and the rules of now; perhaps nothing."""
    allowed = scope_list().by_role[role] & allowed_to(client)
    return " ".join(name for name in granted.split() if name in allowed)


def grant_to_client(requested: str | None, client: Client) -> str:
    """The scopes that a client is granted for itself.

    Raises:
        ScopeNotGranted: one of the `requested` does not exist, is not for this client, or is for administrators only.
    """
    allowed = allowed_to(client) & scope_list().for_clients
    return _choose(sorted(allowed) if requested is None else requested.split(" "), allowed)


def keep_of_client(granted: str, client: Client) -> str:
    """The same of what a client was granted for itself."""
    allowed = allowed_to(client) & scope_list().for_clients
    return " ".join(name for name in granted.split() if name in allowed)


def narrow(requested: str | None, granted: str) -> str:
    """The scopes of a refreshed token: those of the session, or fewer (RFC 6749 section 6).

    Raises:
        ScopeNotGranted: more is asked for than the user granted.
    """
    if requested is None:
        return granted
    wanted = dict.fromkeys(requested.split(" "))
    if not set(granted.split()).issuperset(wanted):
        raise ScopeNotGranted("a refreshed token cannot have more scopes than the first")
    return " ".join(wanted)


def audience(scope: str) -> list[str]:
    """The services that the scopes name: `aud` of the token (RFC 9068 section 3)."""
    return sorted({service_of(name) for name in scope.split()}) or [AUTH]


def service_of(name: str) -> str:
    """The service that a scope is for; those of OpenID Connect are for auth, which answers about the user."""
    return AUTH if name in OF_OPENID else name.partition(":")[0]


def _choose(names: Sequence[str], allowed: AbstractSet[str]) -> str:
    wanted = dict.fromkeys(names)  # keeps the order and drops what is named twice
    if not wanted or not allowed >= set(wanted):
        raise ScopeNotGranted("not every scope that was asked for can be granted")
    return " ".join(wanted)
