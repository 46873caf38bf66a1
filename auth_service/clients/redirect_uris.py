"""Redirect URIs: which may be registered, and which of them a request may name (RFC 6749 section 3.1.2, RFC 8252)."""

import re
from collections.abc import Iterable
from urllib.parse import urlsplit

MAX_CHARS = 1024

_ASCII = re.compile(r"[!-~]+")
# RFC 8252 section 8.3 would rather have an address than the name, which a hosts file or a firewall may bend; but
# command-line clients send the name. Each is right only where it was registered.
LOOPBACK = frozenset(("127.0.0.1", "::1", "localhost"))
"""The hosts that are the person's own computer (RFC 8252 section 7.3)."""

_LOOPBACK = re.compile(r"(http://(?:127\.0\.0\.1|\[::1\]|localhost))(?::[0-9]{1,5})?([/?][!-~]*)?")
_WEB = re.compile(r"https://(?:[A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])(?::[0-9]{1,5})?(?:[/?][!-~]*)?")
# RFC 8252 section 7.1: an app's own scheme is a domain of its maker, written backwards, so it has a dot.
_PRIVATE = re.compile(r"[a-z][a-z0-9+-]*(?:\.[a-z0-9+-]+)+:/[!-~]*")


def check_redirect_uri(uri: str) -> str:
    """The URI, which a client may register.

    Raises:
        ValueError: codes sent there could be read on the way, or it means another thing to each reader.
    """
    if len(uri) > MAX_CHARS or not _ASCII.fullmatch(uri):
        raise ValueError(f"a redirect URI has at most {MAX_CHARS} characters, printable and ASCII")
    if any(char in uri for char in "#\\*@\"'<>"):
        raise ValueError("a redirect URI has no fragment, user name, wildcard, quote or backslash")
    try:
        urlsplit(uri)
    except ValueError:
        raise ValueError("a redirect URI has a valid host; this one is no IPv6 address") from None
    if not (_LOOPBACK.fullmatch(uri) or _WEB.fullmatch(uri) or _PRIVATE.fullmatch(uri)):
        raise ValueError(
            "a redirect URI begins with https://, http://127.0.0.1, http://[::1], http://localhost, or an app's own "
            "scheme with a dot in it such as com.example.app:/"
        )
    return uri


def is_registered(uri: str, registered: Iterable[str], *, native: bool) -> bool:
    """Whether `uri` is one of the `registered`, character by character.

    A native app cannot know which port of its own computer will be free, so with `native` any port of a loopback
    address is right (RFC 8252 section 7.3).
    """
    if not native:
        return uri in registered
    return _without_loopback_port(uri) in map(_without_loopback_port, registered)


def _without_loopback_port(uri: str) -> str:
    found = _LOOPBACK.fullmatch(uri)
    return found[1] + (found[2] or "") if found else uri
