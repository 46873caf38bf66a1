"""Which scopes there are and who is granted which. A new service adds its own here: `<service>:<right>`."""

from collections.abc import Sequence
from collections.abc import Set as AbstractSet

from auth_service.oauth.errors import InvalidScope
from auth_service.schemas import Role

SCOPES = {
    "items:read": "Read your items",
    "items:write": "Create, change and delete your items",
    "auth:admin": "See and disable users (administrators only)",
}
"""Every scope and what it allows, as the *Authorize* dialog shows it."""

SERVICES = sorted({name.partition(":")[0] for name in SCOPES})
"""The services that scopes are for."""

_FOR_THE_ASKING = {
    Role.USER: frozenset({"items:read", "items:write"}),
    Role.ADMIN: frozenset(SCOPES),
}
_FOR_USERS_ONLY = frozenset({"auth:admin"})
_WHEN_NOTHING_IS_ASKED = ("items:read", "items:write")


def grant(requested: str | None, role: Role, of_client: AbstractSet[str]) -> str:
    """The scopes that a user of this role is granted through a client, as RFC 6749 section 3.3 writes them.

    Raises:
        InvalidScope: one of the `requested` does not exist, or is not for this role or not for this client.
    """
    allowed = _FOR_THE_ASKING[role] & of_client
    return _choose(requested, allowed, default_of(allowed))


def keep(granted: str, role: Role) -> str:
    """What is left of granted scopes for a user whose role may have changed since; perhaps nothing."""
    return " ".join(name for name in granted.split(" ") if name in _FOR_THE_ASKING[role])


def default_of(allowed: AbstractSet[str]) -> list[str]:
    """What a user grants when nothing is asked for by name."""
    return [name for name in _WHEN_NOTHING_IS_ASKED if name in allowed]


def grant_to_client(requested: str | None, of_client: AbstractSet[str]) -> str:
    """The scopes that a client is granted for itself.

    Raises:
        InvalidScope: one of the `requested` does not exist, is not for this client, or is for users only.
    """
    allowed = of_client - _FOR_USERS_ONLY
    return _choose(requested, allowed, sorted(allowed))


def _choose(requested: str | None, allowed: AbstractSet[str], default: Sequence[str]) -> str:
    # A dictionary keeps the order and drops what is named twice.
    wanted = dict.fromkeys(default if requested is None else requested.split(" "))
    if not wanted or not allowed >= set(wanted):
        raise InvalidScope("not every scope that was asked for can be granted")
    return " ".join(wanted)


def narrow(requested: str | None, granted: str) -> str:
    """The scopes of a refreshed token: those of the session, or fewer (RFC 6749 section 6).

    Raises:
        InvalidScope: more is asked for than the user granted.
    """
    if requested is None:
        return granted
    wanted = dict.fromkeys(requested.split(" "))
    if not set(granted.split(" ")).issuperset(wanted):
        raise InvalidScope("a refreshed token cannot have more scopes than the first")
    return " ".join(wanted)


def audience(scope: str) -> list[str]:
    """The services that the scopes name: `aud` of the token (RFC 9068 section 3)."""
    return sorted({name.partition(":")[0] for name in scope.split(" ")})
