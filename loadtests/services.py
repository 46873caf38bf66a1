"""Which services the stack has, and which of them there are users for."""

from loadtests.progress import say
from loadtests.target import NotReadyError, Target

LIST_PATH = "/services.json"
AUTH, ITEMS = "auth", "items"
LOADABLE = (AUTH, ITEMS)
"""The services that a kind of user in `users/` calls, each at the prefix of its own name."""


def find_services(target: Target) -> frozenset[str]:
    """The services of the target that can be loaded. Says which others it has.

    Raises NotReadyError.
    """
    listed = _listed(target)
    if AUTH not in listed:
        raise NotReadyError(
            f"{target.url}{LIST_PATH} lists no service auth at /auth, so no user can sign in there."
        )
    found = frozenset(name for name in LOADABLE if name in listed)
    for name in listed:
        if name not in found:
            say(f"{name} is not loaded: loadtests/users/ has no user that calls it.")
    if ITEMS not in found:
        say("items is not there: the load is sign-ins and reads of the own account.")
    return found


def scopes_of_users(services: frozenset[str]) -> list[str]:
    """What a user of the run asks for: the items, or where there are none the own account."""
    return ["items:read", "items:write"] if ITEMS in services else ["auth:profile"]


def applies(row: str, services: frozenset[str]) -> bool:
    """Whether a row such as `GET /items/{item_id}` belongs to one of these services."""
    _, _, path = row.partition(" ")
    first = path.strip("/").partition("/")[0]
    return first in services or first not in LOADABLE


def _listed(target: Target) -> list[str]:
    answer = target.get(LIST_PATH)
    if answer.status in (502, 503, 504):
        raise NotReadyError(f"{target.url} answers {answer.status}: see `make ps`, `make logs`.")
    if answer.status != 200 or not isinstance(answer.body, list):
        raise NotReadyError(
            f"{target.url}{LIST_PATH} answered {answer.status}, so this is not Gatehouse: "
            f"see `make ps`, or name the target with URL=."
        )
    return [
        entry["name"]
        for entry in answer.body
        if isinstance(entry, dict)
        and isinstance(entry.get("name"), str)
        and str(entry.get("prefix")).strip("/") == entry["name"]
    ]
