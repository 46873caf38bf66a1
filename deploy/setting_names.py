"""The names of settings, from docs/settings.md, and what a misspelt one was meant to be."""

import re
from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from pathlib import Path

from gatehouse_chassis.secret_files import FILE
from gatehouse_chassis.services import ServiceEntry

PAGE = Path("docs/settings.md")
# One letter is wrong, missing, or in another place.
ALIKE = 0.85
_COLUMNS = re.compile(r"^\| `([A-Z<][A-Z_<>]+)` \| (.+?) \|", re.MULTILINE)
# What may stand in a file has a second name.
_SECRET = "secret"
_OF_EVERY_SERVICE = "<SERVICE>_"
# What `make up` tells the programs that it starts.
_TOLD = ("GATEHOUSE_SUPERVISOR_SOCKET",)


def unknown(
    root: Path, services: Mapping[str, ServiceEntry], names: Iterable[str]
) -> dict[str, str | None]:
    """The `names` that look like settings and are none, each with the one that it was probably meant to be.

    A name looks like a setting when it begins as those of the stack or of a service do.
    """
    known = _known(root, services)
    if not known:
        return {}
    beginnings = ("GATEHOUSE_", *(service.variable_prefix for service in services.values()))
    return {
        name: next(iter(get_close_matches(name, known, n=1, cutoff=ALIKE)), None)
        for name in names
        if name.startswith(beginnings) and name not in known
    }


def _known(root: Path, services: Mapping[str, ServiceEntry]) -> set[str]:
    """Every setting; none where the page is missing."""
    try:
        rows = _COLUMNS.findall((root / PAGE).read_text(encoding="utf-8"))
    except FileNotFoundError:
        return set()
    listed = [name for name, _ in rows]
    listed += [name + FILE for name, kind in rows if kind == _SECRET]
    own = [name.removeprefix(_OF_EVERY_SERVICE) for name in listed if _OF_EVERY_SERVICE in name]
    known = {*_TOLD, *(name for name in listed if _OF_EVERY_SERVICE not in name)}
    for service in services.values():
        known |= {service.variable_prefix + name for name in (*own, "ADDRESS")}
        known |= {*service.settings, *(name + FILE for name in service.settings)}
    return known
