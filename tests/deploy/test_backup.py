"""Backups: of databases that are in use, checked before anything is replaced, and an old session goes on."""

import json
import os
import sqlite3
import stat
import subprocess
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from deploy import backup
from deploy.checkout import Checkout
from deploy.databases import PostgreSQL, ServiceDatabase, SQLiteFile, libpq
from deploy.errors import DeployError

SECRET = {"AUTH_KEY_ENCRYPTION_SECRET": "b0c7d1e94fa2386570b1f6c9d8e3a254"}
OTHER = {"AUTH_KEY_ENCRYPTION_SECRET": "d41d8cd98f00b204e9800998ecf8427e"}


@pytest.fixture
def checkout(tmp_path: Path) -> Checkout:
    return Checkout(tmp_path)


def sqlite_of(checkout: Checkout, name: str) -> SQLiteFile:
    return SQLiteFile(checkout.data / name / f"{name}.db")


def execute(checkout: Checkout, name: str, *statements: str) -> list[object]:
    path = checkout.data / name / f"{name}.db"
    path.parent.mkdir(parents=True, exist_ok=True)
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("PRAGMA journal_mode=WAL")
        return [row for one in statements for (row,) in connection.execute(one)]


def databases_of(checkout: Checkout) -> dict[str, ServiceDatabase]:
    return {name: sqlite_of(checkout, name) for name in ("auth", "items")}


def filled(checkout: Checkout) -> dict[str, ServiceDatabase]:
    for name in ("auth", "items"):
        execute(checkout, name, "CREATE TABLE notes (text)", "INSERT INTO notes VALUES ('old')")
    return databases_of(checkout)


def test_a_backup_is_of_one_moment_while_others_write_and_only_its_owner_can_read_it(
    checkout: Checkout,
) -> None:
    databases = filled(checkout)
    with closing(sqlite3.connect(checkout.data / "items" / "items.db")) as writing:
        writing.execute("INSERT INTO notes VALUES ('not committed')")
        folder = backup.back_up(checkout, databases, SECRET, "local")
        writing.commit()

    assert {path.name for path in folder.iterdir()} == {"auth.db", "items.db", "manifest.json"}
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert {stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir()} == {0o600}
    manifest = backup.read(folder)
    assert list(manifest["services"]) == ["items", "auth"], "who owns an item is in it too"
    assert SECRET["AUTH_KEY_ENCRYPTION_SECRET"] not in (folder / "manifest.json").read_text()

    backup.check_fits(manifest, databases, SECRET)
    backup.restore(folder, manifest, databases)
    assert execute(checkout, "items", "SELECT text FROM notes") == ["old"]


def test_a_backup_that_fails_leaves_nothing(checkout: Checkout) -> None:
    databases = filled(checkout)
    path = checkout.data / "auth" / "auth.db"
    path.write_bytes(b"garbage" * 1000)
    with pytest.raises(DeployError, match="cannot be copied: file is not a database"):
        backup.back_up(checkout, databases, SECRET, "local")
    assert list(checkout.backups.iterdir()) == []


def _change(folder: Path) -> None:
    (folder / "auth.db").write_bytes(b"garbage")


def _lose(folder: Path) -> None:
    (folder / "auth.db").unlink()


def _be_newer(folder: Path) -> None:
    manifest = json.loads((folder / "manifest.json").read_text())
    (folder / "manifest.json").write_text(json.dumps({**manifest, "format": 2}))


def _point_elsewhere(folder: Path) -> None:
    manifest = json.loads((folder / "manifest.json").read_text())
    manifest["services"]["auth"]["file"] = "../auth.db"
    (folder / "manifest.json").write_text(json.dumps(manifest))


@pytest.mark.parametrize(
    ("spoil", "reason"),
    [
        (_point_elsewhere, "not beside it"),
        (_change, "its checksum differs"),
        (_lose, "auth.db is missing"),
        (_be_newer, "made by a newer Gatehouse"),
        (lambda folder: (folder / "manifest.json").unlink(), "is no backup"),
        (lambda folder: (folder / "manifest.json").write_text("{"), "cannot be read"),
    ],
)
def test_a_spoilt_backup_is_refused_before_anything_is_replaced(
    checkout: Checkout, spoil: Callable[[Path], None], reason: str
) -> None:
    folder = backup.back_up(checkout, filled(checkout), SECRET, "local")
    spoil(folder)
    with pytest.raises(DeployError, match=reason):
        backup.read(folder)


def test_a_backup_that_does_not_fit_is_refused(checkout: Checkout) -> None:
    databases = filled(checkout)
    manifest = backup.read(backup.back_up(checkout, databases, SECRET, "local"))
    with pytest.raises(DeployError, match="AUTH_KEY_ENCRYPTION_SECRET is not the one"):
        backup.check_fits(manifest, databases, OTHER)
    old = {"AUTH_KEY_ENCRYPTION_SECRET_PREVIOUS": SECRET["AUTH_KEY_ENCRYPTION_SECRET"]}
    backup.check_fits(manifest, databases, OTHER | old)
    with pytest.raises(DeployError, match=r"items, which services\.toml does not list"):
        backup.check_fits(manifest, {"auth": databases["auth"]}, SECRET)
    elsewhere = PostgreSQL.at("postgresql://a@b/c", {}, checkout.root)
    with pytest.raises(DeployError, match="make move-database"):
        backup.check_fits(manifest, {**databases, "items": elsewhere}, SECRET)


def test_postgresql_is_dumped_and_restored_in_place_of_what_is_there(
    checkout: Checkout, postgresql_database: str
) -> None:
    url = postgresql_database
    environ = {"PATH": os.environ["PATH"]}
    database = PostgreSQL.at(f"{url}?pooler=session", environ, checkout.root)

    def ask(statement: str) -> str:
        command = ["psql", "-qAtX", "-c", statement, url]
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()

    assert database.is_empty()
    ask("CREATE TABLE notes (id int GENERATED BY DEFAULT AS IDENTITY, text text)")
    ask("INSERT INTO notes (text) VALUES ('old')")
    ask("CREATE TYPE colour AS ENUM ('red'); CREATE VIEW seen AS SELECT text FROM notes")
    ask("CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END'")
    ask("CREATE TRIGGER kept BEFORE DELETE ON notes FOR EACH ROW EXECUTE FUNCTION refuse()")
    folder = backup.back_up(checkout, {"items": database}, SECRET, "local")
    ask("INSERT INTO notes (text) VALUES ('new')")
    ask("CREATE TABLE later (id int)")
    assert not database.is_empty()

    backup.restore(folder, backup.read(folder), {"items": database})
    assert ask("SELECT text FROM notes") == "old"
    assert ask("SELECT to_regclass('later')") == "", "a migration can make it again"
    assert ask("DELETE FROM notes RETURNING 1") == "", "the trigger is there"
    assert ask("INSERT INTO notes (text) VALUES ('next') RETURNING id") == "2"


def test_the_password_of_a_url_goes_another_way_than_the_command_line() -> None:
    assert libpq("postgresql://me:p%40ss@one:1,two:2/name?pooler=transaction&sslmode=require") == (
        "postgresql://me@one:1,two:2/name?sslmode=require",
        "p@ss",
    )
    assert libpq("postgresql://me@one/name?password=p%40ss") == ("postgresql://me@one/name", "p@ss")
    assert libpq("postgresql://me@/name?host=/run/postgresql") == (
        "postgresql://me@/name?host=%2Frun%2Fpostgresql",
        "",
    )
