"""From a SQLAlchemy Core statement to what a driver takes, and from what it gives to rows."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any
from weakref import WeakKeyDictionary

from sqlalchemy import Dialect, Executable
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.types import TypeEngine

from gatehouse_chassis.database.interface import Parameters, Row

_Process = Callable[[Any], Any]


class CompiledStatement:
    """The SQL of a statement in one dialect, with the way of its parameters in and of its rows out.

    Args:
        statement: of SQLAlchemy Core, with `bindparam()` for what changes from call to call.
        dialect: one with positional parameters.
        names: the parameters that calls will give; an INSERT without values gets those columns.

    Raises:
        TypeError: a parameter of the statement is not among `names`.
    """

    __slots__ = ("_columns", "_parameters", "sql")

    def __init__(self, statement: Executable, dialect: Dialect, names: Sequence[str]) -> None:
        compiled: SQLCompiler = statement.compile(dialect=dialect, column_keys=list(names))  # type: ignore[attr-defined]
        self.sql = str(compiled)
        self._parameters = tuple(_parameters(compiled, dialect, names))
        self._columns = tuple(_columns(statement, dialect))

    def arguments(self, parameters: Parameters) -> list[Any]:
        """The driver's arguments, in the order of the SQL."""
        return [
            process(parameters.get(name, otherwise)) if process else parameters.get(name, otherwise)
            for name, otherwise, process in self._parameters
        ]

    def rows(self, found: Iterable[Sequence[Any]], names: Iterable[str]) -> list[Row]:
        """The rows, with values as Python has them.

        Args:
            found: what the driver gave.
            names: those of the columns, for a statement that does not say itself (`text()`).
        """
        columns = self._columns or [(name, None) for name in names]
        return [
            {
                name: process(value) if process else value
                for (name, process), value in zip(columns, row, strict=True)
            }
            for row in found
        ]


def compiler(dialect: Dialect) -> Callable[[Executable, tuple[str, ...]], CompiledStatement]:
    """Compiles for `dialect`, and each statement once while it lives.

    The SQL of a statement that a module keeps is kept with it; that of one which was built for a call goes with it.
    """
    kept: WeakKeyDictionary[Executable, dict[tuple[str, ...], CompiledStatement]] = (
        WeakKeyDictionary()
    )

    def compile_once(statement: Executable, names: tuple[str, ...]) -> CompiledStatement:
        by_names = kept.get(statement)
        if by_names is None:
            by_names = kept[statement] = {}
        compiled = by_names.get(names)
        if compiled is None:
            compiled = by_names[names] = CompiledStatement(statement, dialect, names)
        return compiled

    return compile_once


def _parameters(
    compiled: SQLCompiler, dialect: Dialect, names: Sequence[str]
) -> Iterator[tuple[str, Any, _Process | None]]:
    if compiled.post_compile_params:
        raise TypeError(f"a list cannot be a parameter, name each of its elements: {compiled}")
    binds = {name: bind for bind, name in compiled.bind_names.items()}
    for name in compiled.positiontup or ():
        bind = binds[name]
        if bind.required and name not in names:
            raise TypeError(f"the parameter {name!r} is missing: {compiled}")
        yield name, bind.effective_value, _impl(bind.type, dialect).bind_processor(dialect)


def _columns(statement: Executable, dialect: Dialect) -> Iterator[tuple[str, _Process | None]]:
    for column in getattr(statement, "exported_columns", ()):
        yield column.key, _impl(column.type, dialect).result_processor(dialect, None)


def _impl(kind: TypeEngine[Any], dialect: Dialect) -> TypeEngine[Any]:
    return kind.dialect_impl(dialect)
