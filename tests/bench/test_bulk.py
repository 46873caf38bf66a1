import sqlite3
from contextlib import closing
from pathlib import Path
from uuid import uuid4

from sqlalchemy import Column, MetaData, String, Table, Uuid, create_engine, insert, select

from bench.bulk import copy_row, id_of

PEOPLE = Table(
    "people",
    MetaData(),
    Column("id", Uuid, primary_key=True),
    Column("name", String),
    Column("name_key", String),
    Column("colour", String),
)


def test_copies_of_a_row_differ_in_what_was_said(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/people.db"
    engine, first = create_engine(url), uuid4()
    PEOPLE.metadata.create_all(engine)
    with engine.begin() as connection:
        ada = {"id": first, "name": "Ada", "name_key": "ada", "colour": "red"}
        connection.execute(insert(PEOPLE), ada)

    copy_row(url, PEOPLE, first, range(7, 9), {"name": "'number ' || i"})
    copy_row(url, PEOPLE, first, range(9, 9), {"name": "'number ' || i"})

    with engine.connect() as connection:
        rows = connection.execute(select(PEOPLE).order_by(PEOPLE.c.id)).all()
    engine.dispose()
    copies = [row for row in rows if row.id != first]
    assert [tuple(row) for row in copies] == [
        (id_of(7), "number 7", "number 7", "red"),
        (id_of(8), "number 8", "number 8", "red"),
    ]
    with closing(sqlite3.connect(tmp_path / "people.db")) as file:
        assert file.execute("PRAGMA integrity_check").fetchone() == ("ok",)
