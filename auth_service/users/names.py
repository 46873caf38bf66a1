"""User names: what they may be, and when two are one (RFC 8265, PRECIS UsernameCaseMapped)."""

import re
import string
import unicodedata
from collections.abc import Iterator

from precis_i18n import get_profile

MAX_NAME_CHARS = 64

NAME_SENTENCE = "A user name has 3 to 64 letters, digits or . _ @ + - and begins and ends with a letter or a digit."

_CASE_PRESERVED = get_profile("UsernameCasePreserved")
_CASE_MAPPED = get_profile("UsernameCaseMapped")
_ASCII_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._@+-]{1,62}[A-Za-z0-9]")
_OTHER_ASCII = re.compile(r"[\x00-\x7f](?<![A-Za-z0-9._@+-])")
# What is longer is no name in any spelling; preparing it would take longer with its length.
_MAX_SPELLING = 2 * MAX_NAME_CHARS
# Scripts that people write together, and in which no letter looks like one of another (UTS 39, "highly restrictive").
_WRITTEN_TOGETHER = (
    {"LATIN", "CJK", "HIRAGANA", "KATAKANA"},
    {"LATIN", "CJK", "BOPOMOFO"},
    {"LATIN", "CJK", "HANGUL"},
)


def check_username(typed: str) -> str:
    """The name as it is stored and shown: in one normal form, with its case.

    A name in ASCII has 3 characters or more; others may be shorter, as in Chinese.

    Raises:
        ValueError: it cannot be a name; the sentence says why.
    """
    if typed.isascii():
        if not _ASCII_NAME.fullmatch(typed):
            raise ValueError(NAME_SENTENCE)
        return typed
    if len(typed) > _MAX_SPELLING:
        raise ValueError(NAME_SENTENCE)
    try:
        name, key = _CASE_PRESERVED.enforce(typed), _CASE_MAPPED.enforce(typed)
    except UnicodeEncodeError:
        raise ValueError(
            f"{NAME_SENTENCE} Signs, spaces, and letters that are written in two directions are none of these."
        ) from None
    if name.isascii():
        return check_username(name)
    ends_well = _kind(name[0]) in "LN" and _kind(name[-1]) in "LNM"
    if not ends_well or _OTHER_ASCII.search(name) or max(len(name), len(key)) > MAX_NAME_CHARS:
        raise ValueError(NAME_SENTENCE)
    scripts = set(_scripts(name))
    if len(scripts) > 1 and not any(scripts <= together for together in _WRITTEN_TOGETHER):
        raise ValueError(
            "A user name has the letters of one alphabet: those of two may look the same, and so would two names."
        )
    return name


def username_key(typed: str) -> str:
    """What is the same for two spellings of one name, on every database; whatever was typed has one."""
    if typed.isascii() or len(typed) > _MAX_SPELLING:
        return typed.lower()
    try:
        return str(_CASE_MAPPED.enforce(typed))
    except UnicodeEncodeError:
        return typed.lower()  # of no name that there is


def _kind(char: str) -> str:
    """Letter, mark, number and so on (Unicode's general category)."""
    return unicodedata.category(char)[0]


def _scripts(name: str) -> Iterator[str]:
    """The scripts of the letters and of the digits that are not ASCII, by the first word of each one's Unicode name."""
    for char in name:
        if _kind(char) in "LN" and char not in string.digits:
            words = unicodedata.name(char, "UNKNOWN").removeprefix("EXTENDED ")
            script = re.split(r"[ -]", words)[0]
            if script != "MODIFIER":  # signs that belong to every script
                yield {"IDEOGRAPHIC": "CJK"}.get(script, script)
