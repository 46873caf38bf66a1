"""Refuses passwords that are long enough and still easy to guess: common, breached, patterns, or the user's name.

How long a password must be is said in `auth_service.users.schemas`.
"""

import re

from zxcvbn_rs_py import zxcvbn

from auth_service.audit.context import AuditContext
from auth_service.errors import InvalidField
from auth_service.passwords.hashing import PasswordHashing, normalised
from auth_service.passwords.well_known import WELL_KNOWN

WEAKEST = 4
"""Of zxcvbn's scores 0 to 4: 10^10 guesses at least."""

WEAKEST_WORDS = 3
"""The same for words alone, when digits and punctuation are only around them: 10^8 guesses at least."""

# zxcvbn's work grows with the square of the length; later characters do not make a password weaker.
_CHECKED_CHARS = 72

# Whoever guesses tries a common word with digits and punctuation before and after it first of all.
_DECORATED = re.compile(r"[\W\d_]*([^\W\d_]+(?:[ _.-][^\W\d_]+)*)[\W\d_]*")


class WeakPassword(InvalidField):
    """A new password is easy to guess."""


async def check_strength(
    hashing: PasswordHashing, context: AuditContext, password: str, field: str, *about: str | None
) -> None:
    """Refuses a new password that is easy to guess for someone who knows what is in `about`.

    Args:
        field: where the password was given, for the error.

    Raises:
        WeakPassword: it is easy to guess.
        HashingBusy: too many passwords are being hashed already.
    """
    known = [word for word in about if word]
    checked = normalised(password)[:_CHECKED_CHARS]
    reason = await hashing.run(lambda: _weakness(checked, known), context)
    if reason:
        raise WeakPassword(field, reason)


def _weakness(password: str, known: list[str]) -> str | None:
    # Rust accepts no lone surrogates. The schema refuses them too, but this must not depend on it.
    password = password.encode("utf-8", "replace").decode()
    known = [*known, "gatehouse", *WELL_KNOWN]
    found = zxcvbn(password, known)
    decorated = _DECORATED.fullmatch(password)
    if (
        decorated
        and decorated[1] != password
        and int(zxcvbn(decorated[1], known).score) < WEAKEST_WORDS
    ):
        hint = ": digits and punctuation around a common word or phrase do not help"
    elif int(found.score) >= WEAKEST:
        return None
    else:
        warning = str(found.feedback.warning) if found.feedback and found.feedback.warning else ""
        hint = f": {warning.rstrip('.')}" if warning else ""
    return f"this password is too easy to guess{hint}; take four or more unrelated words"
