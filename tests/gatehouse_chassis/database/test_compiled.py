"""SQL is compiled once for a statement that is kept, and remembered no longer than the statement lives."""

import gc
import weakref
from typing import Any

import pytest
from sqlalchemy import Column, Integer, MetaData, Select, Table, bindparam, select
from sqlalchemy.dialects import sqlite

from gatehouse_chassis.database.compiled import compiler

things = Table("things", MetaData(), Column("id", Integer, primary_key=True))


def by_id() -> Select[Any]:
    return select(things).where(things.c.id == bindparam("wanted"))


def test_a_statement_is_compiled_once() -> None:
    compile_once = compiler(sqlite.dialect())
    statement = by_id()
    assert compile_once(statement, ("wanted",)) is compile_once(statement, ("wanted",))


def test_what_was_built_for_a_call_is_remembered_no_longer_than_the_call() -> None:
    compile_once = compiler(sqlite.dialect())
    statement = by_id()
    compiled_statement = weakref.ref(statement)
    compile_once(statement, ("wanted",))
    del statement
    gc.collect()
    assert compiled_statement() is None


def test_a_value_of_a_statement_that_was_built_for_a_call_is_its_own() -> None:
    compile_once = compiler(sqlite.dialect())
    for wanted in (1, 2):
        compiled = compile_once(select(things).where(things.c.id == wanted), ())
        assert compiled.arguments({}) == [wanted]


def test_a_parameter_that_a_call_forgets_is_refused() -> None:
    with pytest.raises(TypeError, match="the parameter 'wanted' is missing"):
        compiler(sqlite.dialect())(by_id(), ())
