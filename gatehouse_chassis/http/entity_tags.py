"""Conditional requests (RFC 9110 section 13): a row's version as its entity tag."""

import re
from typing import Annotated

from fastapi import Header

from gatehouse_chassis.http.problems import BadRequest

_ENTITY_TAG = re.compile(r'(?:W/)?"[\x21\x23-\x7e\x80-\xff]*"')
# Nine digits fit every database's integer. A proxy that compresses an answer rewrites its tag: nginx makes "1" weak,
# Apache writes "1-gzip", Jetty "1--gzip", Traefik and others "1;br". It still stands for what the client has read.
_OURS = re.compile(r'(?:W/)?"([1-9][0-9]{0,8})(?:(?:--?|;)(?:gzip|br|zstd|deflate))?"')

NEVER = -1
"""A version that no row has: what a tag that is not ours stands for."""

IfMatch = Annotated[
    str | None,
    Header(
        description="The ETag that was read; the change is refused with 412 when it is no longer the current one"
    ),
]
IfNoneMatch = Annotated[
    str | None,
    Header(description="An ETag that the client has; 304 when it is still the current one"),
]


def entity_tag(version: int) -> str:
    """The strong entity tag of a version."""
    return f'"{version}"'


def expected_version(if_match: str | None) -> int | None:
    """The version that `If-Match` asks for; None when any will do (no header, or `*`).

    RFC 9110 section 13.1.1 compares strongly. A weak tag of ours is taken all the same: no two versions share a number.

    Raises:
        BadRequest: it is no entity tag.
    """
    if if_match is None or if_match.strip() == "*":
        return None
    tags = _tags(if_match, "If-Match")
    ours = [int(match[1]) for tag in tags if (match := _OURS.fullmatch(tag))]
    # Only one version can be current, and a client that names several has read none of them for this change.
    return ours[0] if len(tags) == len(ours) == 1 else NEVER


def still_has(if_none_match: str | None, current: str) -> bool:
    """Whether the client's copy is the current one (weak comparison, RFC 9110 section 13.1.2).

    A tag of ours that a proxy has rewritten is ours.

    Raises:
        BadRequest: the header holds no entity tags.
    """
    if if_none_match is None:
        return False
    if if_none_match.strip() == "*":
        return True
    return any(_as_sent(tag) == _as_sent(current) for tag in _tags(if_none_match, "If-None-Match"))


def _as_sent(tag: str) -> str:
    """A tag as the service wrote it, before a proxy rewrote it."""
    found = _OURS.fullmatch(tag)
    return f'"{found[1]}"' if found else tag.removeprefix("W/")


def _tags(value: str, header: str) -> list[str]:
    tags = _ENTITY_TAG.findall(value)
    if not tags or _ENTITY_TAG.sub("", value).strip(", \t"):
        raise BadRequest(f'{header} must hold entity tags in double quotes, such as "3".')
    return tags
