"""Text that every database and every JSON document can hold."""

import re
from typing import Annotated, Any

from pydantic import AfterValidator, Field


def _check_storable(value: str) -> str:
    if "\x00" in value:
        raise ValueError("text may not contain the NUL character")  # PostgreSQL cannot store it
    try:
        value.encode()  # pydantic looks for lone surrogates only where the text has a constraint
    except UnicodeEncodeError:
        raise ValueError("text may not contain lone surrogates") from None
    return value


STORABLE = AfterValidator(_check_storable)
"""Refuses NUL and lone surrogates; written after constraints, because what stands before it is checked first."""

# Control characters (a terminal obeys them), line separators, and marks that turn the direction of what follows.
_INVISIBLE = re.compile(
    r"[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069]"
)


def _check_name(value: str) -> str:
    if _INVISIBLE.search(value):
        raise ValueError("a name may not contain control characters")
    return value


ONE_LINE = AfterValidator(_check_name)
"""Refuses what does not show as it is, in a name that others read; written after constraints, as `STORABLE` is."""

StorableText = Annotated[str, STORABLE]


def _hide_default(schema: dict[str, Any]) -> None:
    del schema["default"]


# Null is no text, so a field that may be left out is not one that may be null, and its default is not told.
OMITTED: Any = Field(default="", json_schema_extra=_hide_default)
"""Default of a text field that a change may leave out; ask `model_dump(exclude_unset=True)` what was given."""
