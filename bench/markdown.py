"""Tables of the page, and the places between markers where they go."""

import re
from collections.abc import Iterable, Mapping, Sequence


class MarkersMissing(Exception):
    """The page has no place for a block; `str()` says which."""


def table(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A Markdown table; figures stand right, so a column whose name begins with `>` is turned."""
    names = [name.removeprefix(">") for name in columns]
    rules = ["---:" if name.startswith(">") else "---" for name in columns]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in (names, rules, *rows))


def fill(page: str, blocks: Mapping[str, str]) -> str:
    """The page with each block between its markers; whatever else is written there stays as it is.

    Raises:
        MarkersMissing: the page has no such markers, or has them twice.
    """
    for name, block in blocks.items():
        begin, end = f"<!-- bench:{name} -->", f"<!-- /bench:{name} -->"
        pattern = re.compile(f"{re.escape(begin)}.*?{re.escape(end)}", re.DOTALL)
        # A function, because the block may hold what a replacement would take for a reference.
        page, count = pattern.subn(lambda _, new=f"{begin}\n\n{block}\n\n{end}": new, page)  # type: ignore[misc]
        if count != 1:
            raise MarkersMissing(f"{begin} and {end} must be there once, and are {count} times")
    return page
