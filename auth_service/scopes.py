"""Which scopes there are and who is granted which. A new service adds its own here: `<service>:<right>`."""

from auth_service.oauth_errors import InvalidScope
from auth_service.schemas import Role

SCOPES = {
    "items:read": "Read your items",
    "items:write": "Create, change and delete your items",
    "auth:admin": "See and disable users (administrators only)",
}
"""Every scope and what it allows, as the *Authorize* dialog shows it."""

_FOR_THE_ASKING = {
    Role.USER: frozenset({"items:read", "items:write"}),
    Role.ADMIN: frozenset(SCOPES),
}
_WHEN_NOTHING_IS_ASKED = ("items:read", "items:write")


def grant(requested: str | None, role: Role) -> str:
    """The scopes that a user of this role is granted, as RFC 6749 section 3.3 writes them.

    Raises:
        InvalidScope: one of the `requested` does not exist or is not for this role.
    """
    if requested is None:
        return " ".join(_WHEN_NOTHING_IS_ASKED)
    # A dictionary keeps the order and drops what is named twice.
    wanted = dict.fromkeys(requested.split(" "))
    if not _FOR_THE_ASKING[role].issuperset(wanted):
        raise InvalidScope("this user cannot be granted every scope that was asked for")
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
