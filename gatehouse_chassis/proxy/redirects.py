"""Redirects that cannot leave the origin: every Location of our own becomes a relative reference.

A relative reference (RFC 3986 section 4.2) is right under every scheme, host, port and prefix, also
under those that no proxy announced. The directory redirect of StaticFiles is an absolute URL otherwise.
"""

import re
from itertools import takewhile
from urllib.parse import quote

from starlette.datastructures import URL
from starlette.types import Message, Scope

_ABSOLUTE = re.compile(r"(?P<origin>[A-Za-z][A-Za-z0-9+.-]*://[^/\\?#]*)(?P<rest>.*)", re.DOTALL)
# Browsers drop these from a URL before they read it (WHATWG URL, section 4.4): to them
# "/<tab>/evil.example" is "//evil.example".
_DROPPED_INSIDE = str.maketrans("", "", "\t\r\n")
_DROPPED_AROUND = "".join(map(chr, range(0x21)))
# All else is percent-encoded, above all the backslash, which browsers read as a slash.
_LEGAL_IN_PATH = "/%:@!$&'()*+,;=~"


def keep_location(scope: Scope) -> None:
    """Lets this answer's Location stand as it is: an address that somebody registered is exact (RFC 6749 3.1.2)."""
    scope["state"]["keep_location"] = True


def with_relative_location(message: Message, scope: Scope) -> Message:
    """The start of an answer; the Location of a redirect, or of what was created, is relative in it."""
    status = message["status"]
    if not (300 <= status < 400 or status == 201) or "keep_location" in scope.get("state", {}):
        return message
    headers = [
        (name, relative_location(value.decode("latin-1"), scope).encode("latin-1"))
        if name.lower() == b"location"
        else (name, value)
        for name, value in message.get("headers", ())
    ]
    return {**message, "headers": headers}


def relative_location(location: str, scope: Scope) -> str:
    """Makes `location` relative to the request's path if it is on the request's own origin.

    A location that begins with slashes or backslashes is always a path here, never a host: whoever
    means another host writes its scheme, so a path that a client made up (`//evil.example`) cannot
    become one.
    """
    target = location.translate(_DROPPED_INSIDE).strip(_DROPPED_AROUND)
    if match := _ABSOLUTE.fullmatch(target):
        own = URL(scope=scope)
        if match["origin"].lower() != f"{own.scheme}://{own.netloc}".lower():
            return location
        target = match["rest"]
        if not target.startswith(("/", "\\")):
            target = f"/{target}"
    elif not target.startswith(("/", "\\")):
        return location
    before_fragment, hash_sign, fragment = target.partition("#")
    path, question_mark, query = before_fragment.partition("?")
    path = quote("/" + path[1:], safe=_LEGAL_IN_PATH, encoding="latin-1")
    base = scope["raw_path"].decode("latin-1")
    return relative_path(base, path) + question_mark + query + hash_sign + fragment


def relative_path(base: str, target: str) -> str:
    """The shortest relative reference that leads from one absolute path to another."""
    folders = _segments(base)[:-1]
    wanted = _segments(target)
    common = len(
        list(takewhile(lambda pair: pair[0] == pair[1], zip(folders, wanted[:-1], strict=False)))
    )
    reference = "../" * (len(folders) - common) + "/".join(wanted[common:])
    # RFC 3986 section 4.2: without "./" a colon would name a scheme and an empty segment a host.
    if not reference or reference.startswith("/") or ":" in reference.partition("/")[0]:
        return f"./{reference}"
    return reference


def _segments(path: str) -> list[str]:
    """The segments of an absolute path without its dot segments (RFC 3986 section 5.2.4)."""
    segments: list[str] = []
    for segment in (parts := path.split("/")[1:]):
        if segment == "..":
            del segments[-1:]
        elif segment != ".":
            segments.append(segment)
    return segments if parts and parts[-1] not in (".", "..") else [*segments, ""]
