"""Which routes may be asked without knowing what they do: those whose names end or change nothing."""

import re
from typing import Any

_ENDS_OR_CHANGES = re.compile(
    r"abort|accept|activate|add|admin|approve|archive|ban|block|buy|cancel|charge|clean|clear|close|confirm|"
    r"connect|create|deactivate|delete|deploy|destroy|disable|disconnect|drop|empty|enable|end|erase|execute|"
    r"exit|expire|export|flush|forget|generate|impersonate|import|invalidate|invite|kick|kill|launch|leave|"
    r"lock|login|logoff|logon|logout|migrate|move|off|out|pay|purge|quit|reboot|rebuild|refresh|register|"
    r"reindex|reject|reload|remove|rename|renew|reset|restart|restore|revoke|rollback|rotate|run|send|"
    r"shutdown|signin|signoff|signout|signup|sleep|start|stop|stream|submit|subscribe|suspend|switch|sync|"
    r"terminate|toggle|trigger|unban|unlink|unlock|unregister|unsubscribe|update|upgrade|upload|verify|wipe",
    re.IGNORECASE,
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
    if any(_ENDS_OR_CHANGES.fullmatch(word) for word in _WORD.findall(names)):
        return False
    return not any(kind in str(described.get("responses")) for kind in _STREAMS)
