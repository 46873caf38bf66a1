"""What no cache may keep: answers about people. An answer's own `Cache-Control` always stands."""

from starlette.datastructures import MutableHeaders
from starlette.types import Scope

_NO_STORE = "no_store"


def keep_out_of_caches(scope: Scope) -> None:
    """Says that the answer to this request is about a person, because a token was needed for it."""
    scope.setdefault("state", {})[_NO_STORE] = True


def add_no_store(headers: MutableHeaders, scope: Scope) -> None:
    """Adds `Cache-Control: no-store` to what a token was needed for, and to what sets a cookie."""
    if _NO_STORE in scope["state"] or "set-cookie" in headers:
        headers.setdefault("Cache-Control", "no-store")
