"""What each row of the report may cost: read from a TOML file, with a sentence for whatever is wrong in it."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

DEFAULT_FILE = Path(__file__).parent / "budgets.toml"
METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")


class BudgetsError(Exception):
    """The file is no file of budgets; the message names the file, the row and the key."""


@dataclass(frozen=True)
class Budget:
    """The most that a row may cost: times in milliseconds, failures as a ratio.

    A row with fewer than `minimum` requests has shown nothing.
    """

    p50: float | None = None
    p95: float | None = None
    p99: float | None = None
    failures: float = 0.0
    minimum: int = 1


KEYS = tuple(field.name for field in fields(Budget))


def read(path: Path) -> dict[str, Budget]:
    """The budgets of a file, by row. Raises BudgetsError."""
    try:
        tables = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise BudgetsError(
            f"{path} cannot be read ({error.strerror}): name a file of budgets with BUDGETS=."
        ) from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise BudgetsError(f"{path} is no TOML ({error}).") from error
    if not tables:
        raise BudgetsError(f"{path} holds no budget: give one as in {DEFAULT_FILE.name}.")
    return {row: _budget(f"{path}, row {row!r}", row, table) for row, table in tables.items()}


def _budget(where: str, row: str, table: object) -> Budget:
    if not isinstance(table, Mapping) or row.split(" ")[0] not in METHODS:
        raise BudgetsError(
            f"{where}: a row is a table that is named by method and path, such as "
            f'["GET /items/{{item_id}}"].'
        )
    for key, value in table.items():
        _check(f"{where}, key {key!r}", key, value)
    budget = Budget(**table)
    times = [time for time in (budget.p50, budget.p95, budget.p99) if time is not None]
    if times != sorted(times):
        raise BudgetsError(f"{where}: p50, p95 and p99 must not fall.")
    return budget


def _check(where: str, key: str, value: Any) -> None:
    if key not in KEYS:
        raise BudgetsError(f"{where}: there is no such key; there are {', '.join(KEYS)}.")
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    if key == "minimum" and not (is_number and isinstance(value, int) and value >= 0):
        raise BudgetsError(f"{where}: {value!r} is no number of requests; give 0 or more.")
    if key == "failures" and not (is_number and 0 <= value <= 1):
        raise BudgetsError(f"{where}: {value!r} is no ratio; give 0 to 1, such as 0.01.")
    if key.startswith("p") and not (is_number and value > 0):
        raise BudgetsError(f"{where}: {value!r} is no time; give milliseconds above 0.")
