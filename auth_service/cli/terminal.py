"""What the commands read from and print to a terminal."""

import json
from collections.abc import Iterable
from datetime import UTC, datetime
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
    listed = [row.model_dump() if isinstance(row, BaseModel) else row for row in rows]
    if shows_json():
        text = json.dumps(to_jsonable_python(listed), indent=2)
        # JSON escapes every control character but this one.
        click.echo(text.replace("\x7f", "\\u007f"))
        return
    cells = [
        [printable(words(row[column])).replace("\n", "\\n") for column in columns] for row in listed
    ]
    widths = [max(map(len, column)) for column in zip(columns, *cells, strict=True)]
    for line in ([column.upper() for column in columns], *cells):
        click.echo("  ".join(map(str.ljust, line, widths)).rstrip())


def shows_json() -> bool:
    """Whether --json was given: for programs, which want what is stored and no words about it."""
    return bool(click.get_current_context().find_root().params["as_json"])


def words(value: object) -> str:
    """The value as a person writes it; a moment in UTC, to the second."""
    match value:
        case None | "":
            return "-"
        case bool():
            return "yes" if value else "no"
        case Enum():
            return str(value.value)
        case datetime():
            return f"{value.astimezone(UTC):%Y-%m-%d %H:%M:%SZ}"
        case dict():
            return ", ".join(f"{name}: {words(one)}" for name, one in value.items()) or "-"
        case list() | tuple() | set() | frozenset():
            return ", ".join(map(words, value)) or "-"
    return str(value)


class OneOf(click.Choice[Any]):
    """A member of an enumeration, given by its value as in the API; click would take its name."""

    def normalize_choice(self, choice: Any, ctx: click.Context | None) -> str:
        return str(choice.value if isinstance(choice, Enum) else choice)
