"""Cookies that were set during the examination: their Path and Secure."""

import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from email.utils import parsedate_to_datetime

from doctor.addresses import scheme_of
from doctor.deployment import Answer
from doctor.findings import Finding
from doctor.subject import Subject


@dataclass(frozen=True)
class _Cookie:
    name: str
    path: str
    secure: bool
    is_deleted: bool


def cookies_keep_to_their_service(subject: Subject) -> Iterator[Finding]:
    """Look at every Set-Cookie that any answer carried."""
    deployment = subject.deployment
    prefix = deployment.prefix
    # The proxy's own cookies (balancing, bot checks) belong to the whole site.
    of_the_site = _names_at_the_root(deployment.answers, prefix)
    for answer in deployment.answers:
        for line in answer.headers.get_list("set-cookie"):
            cookie = _parse(line)
            if cookie.is_deleted:
                continue
            shown = f"Set-Cookie: {cookie.name}=...; {line.partition(';')[2].strip()}"
            if scheme_of(answer.url) == "https" and not cookie.secure:
                yield Finding("cookie-not-secure", answer.asked, shown, prefix)
            if prefix and cookie.name not in of_the_site and _is_shared(cookie, prefix):
                yield Finding("cookie-path-shared", answer.asked, shown, prefix)


def _is_shared(cookie: _Cookie, prefix: str) -> bool:
    if cookie.path == prefix or cookie.path.startswith(f"{prefix}/"):
        return False
    own_words = prefix.strip("/").lower().split("/")
    # A __Host- cookie must have Path=/ (RFC 6265bis); a name of its own overwrites no other cookie.
    return not cookie.name.startswith("__Host-") and own_words[-1] not in cookie.name.lower()


def _names_at_the_root(answers: list[Answer], prefix: str) -> set[str]:
    return {
        _parse(line).name
        for answer in answers
        if answer.status == 404 and prefix not in answer.url
        for line in answer.headers.get_list("set-cookie")
    }


def _parse(line: str) -> _Cookie:
    first, *attributes = line.split(";")
    given = {
        name.strip().lower(): value.strip()
        for name, _, value in (attribute.partition("=") for attribute in attributes)
    }
    age, expires = given.get("max-age", ""), given.get("expires", "")
    is_deleted = age.startswith(("0", "-")) or (not age and _is_past(expires))
    return _Cookie(
        first.partition("=")[0].strip(), given.get("path", ""), "secure" in given, is_deleted
    )


def _is_past(date: str) -> bool:
    with suppress(ValueError, TypeError):
        return parsedate_to_datetime(date).timestamp() < time.time()
    return False
