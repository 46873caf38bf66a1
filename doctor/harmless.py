"""Which routes may be asked without knowing what they do: those whose names end or change nothing."""

import re
from typing import Any

_WORDS = frozenset(
    "abort accept activate add admin approve archive ban block buy cancel charge clean clear close confirm connect "
    "create deactivate delete deploy destroy disable disconnect drop empty enable end erase execute exit expire "
    "export flush forget generate impersonate import invalidate invite kick kill launch leave lock login logoff logon "
    "logout migrate move off out pay purge quit reboot rebuild refresh register reindex reject reload remove rename "
    "renew reset restart restore revoke rollback rotate run send shutdown signin signoff signout signup sleep start "
    "stop stream submit subscribe suspend switch sync terminate toggle trigger unban unlink unlock unregister "
    "unsubscribe update upgrade upload verify wipe".split()
)
_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+")
_STREAMS = ("text/event-stream", "application/x-ndjson", "multipart/x-mixed-replace")


def is_harmless(path: str, operation: Any) -> bool:
    """Whether a GET of `path`, described by `operation`, can be sampled.

    A GET should change nothing (RFC 9110 section 9.2.1), but `/logout` does. An endless answer
    (Server-Sent Events) is left out too.
    """
    described = operation if isinstance(operation, dict) else {}
    names = f"{path} {described.get('operationId') or ''}"
    if _WORDS & {word.lower() for word in _WORD.findall(names)}:
        return False
    return not any(kind in str(described.get("responses")) for kind in _STREAMS)
