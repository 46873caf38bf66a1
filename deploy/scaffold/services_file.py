"""`services.toml` with an entry more or less: the rest of its text stays, comments too."""

import re
import tomllib

from deploy.errors import DeployError

_TABLE = re.compile(r"\[\s*[\"']?(?P<name>[A-Za-z0-9_-]+)[\"']?\s*[\].]")


def with_entry(text: str, name: str, entry: str) -> str:
    """The text of the file with `entry`, the TOML of the service `name`, at its end.

    Raises:
        DeployError: the text cannot be extended in this way.
    """
    longer = f"{text.rstrip()}\n\n{entry.strip()}\n".lstrip()
    _compare(text, longer, name)
    return longer


def without_entry(text: str, name: str) -> str:
    """The text of the file without the tables of the service `name` and the comment directly above each.

    Raises:
        DeployError: the entry is written in a way that only a person can take out.
    """
    kept: list[str] = []
    comment: list[str] = []  # the lines directly above what comes next, to which they belong
    is_doomed = False
    for line in text.splitlines(keepends=True):
        if line.startswith("#"):
            comment.append(line)
            continue
        if table := _TABLE.match(line):
            is_doomed = table["name"] == name
        if not is_doomed:
            kept += [*comment, line]
        comment = []
    kept += comment
    shorter = re.sub(r"\n{3,}", "\n\n", "".join(kept).strip() + "\n")
    _compare(shorter, text, name)
    return shorter


def _compare(without: str, with_it: str, name: str) -> None:
    """The one must differ from the other by the entry `name` alone."""
    try:
        before, after = tomllib.loads(without), tomllib.loads(with_it)
    except tomllib.TOMLDecodeError:
        before, after = {}, {}
    if name not in after or before != {key: value for key, value in after.items() if key != name}:
        raise DeployError(
            f"services.toml is written in a way that cannot be changed for you: edit the entry [{name}] "
            "by hand, then run: make sync"
        )
