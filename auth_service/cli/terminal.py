"""What the commands read from and print to a terminal."""

import json
from collections.abc import Iterable
from enum import Enum
from typing import Any

import click
from pydantic import BaseModel
from pydantic_core import to_jsonable_python

MAX_ROWS = 100
"""How many rows a command lists."""


def printable(text: str) -> str:
    """The text with an escape sequence in place of each character that a terminal would obey or hide."""
    return "".join(
        char if char.isprintable() or char == "\n" else char.encode("unicode_escape").decode()
        for char in text
    )


def show(rows: Iterable[BaseModel | dict[str, Any]], *columns: str) -> None:
    """Prints rows: as a JSON list after --json, otherwise as a table of these columns."""
    listed = [to_jsonable_python(row) for row in rows]
    if click.get_current_context().find_root().params["as_json"]:
        # JSON escapes every control character but this one.
        click.echo(json.dumps(listed, indent=2).replace("\x7f", "\\u007f"))
        return
    cells = [
        [printable(str(row[column])).replace("\n", "\\n") for column in columns] for row in listed
    ]
    widths = [max(map(len, column)) for column in zip(columns, *cells, strict=True)]
    for line in ([column.upper() for column in columns], *cells):
        click.echo("  ".join(map(str.ljust, line, widths)).rstrip())


class OneOf(click.Choice[Any]):
    """A member of an enumeration, given by its value as in the API; click would take its name."""

    def normalize_choice(self, choice: Any, ctx: click.Context | None) -> str:
        return str(choice.value if isinstance(choice, Enum) else choice)
