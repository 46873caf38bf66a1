"""A secret in a file, which `<VARIABLE>_FILE` names.

From the standard library alone: `make up` reads such files before packages are installed.
"""

from collections.abc import Mapping
from pathlib import Path

FILE = "_FILE"
"""What the variable of a secret ends in when it names the file that holds the secret."""


def read_secret(environment: Mapping[str, str], variable: str) -> str:
    """The secret of the variable, or of the file that is named in its place; nothing where neither is set.

    Raises:
        ValueError: both are set, or the file cannot be read or is empty; a sentence says what mends it.
    """
    value, path = environment.get(variable, ""), environment.get(variable + FILE, "")
    if not path:
        return value
    where = f"{variable}{FILE} names {path!r}"
    if value:
        raise ValueError(
            f"{variable} and {variable}{FILE} are both set, and only one can count: unset one of them, in .env or in "
            "the environment."
        )
    try:
        text = Path(path).read_text(encoding="utf-8").rstrip("\r\n")
    except OSError as error:
        raise ValueError(
            f"{where}, which cannot be read ({error.strerror}): correct the path, or let the user that runs the "
            "service read it."
        ) from None
    except UnicodeDecodeError:
        raise ValueError(f"{where}, which is no UTF-8 text: write the secret into it.") from None
    if not text.strip():
        raise ValueError(f"{where}, which is empty: write the secret into it.")
    return text
