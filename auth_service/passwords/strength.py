"""Which passwords are refused although they are long enough: common, breached, patterns, or made of the user's name."""

from zxcvbn_rs_py import zxcvbn

from auth_service.passwords.hashing import PasswordHashing
from gatehouse_chassis.http.problems import InvalidInput

WEAKEST = 3
"""Of zxcvbn's scores 0 to 4: 10^8 guesses at least."""

# zxcvbn's work grows with the square of the length; what comes after does not make a password weaker.
_LOOKED_AT = 72


async def refuse_weak(
    hashing: PasswordHashing, password: str, pointer: str, *about: str | None
) -> None:
    """Refuses a new password that is easily guessed by somebody who knows what is in `about`.

    Raises:
        InvalidInput: it is, and `pointer` says where it was given.
        ServiceUnavailable: too much is being hashed already.
    """
    known = [word for word in about if word]
    reason = await hashing.run(lambda: _weakness(password[:_LOOKED_AT], known))
    if reason:
        raise InvalidInput.of_member(pointer, reason)


def _weakness(password: str, known: list[str]) -> str | None:
    # The library hands text to Rust, where a lone surrogate has no place; the schema refuses it, this stays safe.
    found = zxcvbn(password.encode("utf-8", "replace").decode(), [*known, "gatehouse"])
    if int(found.score) >= WEAKEST:
        return None
    warning = str(found.feedback.warning) if found.feedback and found.feedback.warning else ""
    hint = f": {warning.rstrip('.')}" if warning else ""
    return f"this password is too easy to guess{hint}; take four or more unrelated words"
