"""What befalls the file of a SQLite database: for how long it hinders, and whom."""

import os
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from sqlalchemy import text

from gatehouse_chassis.database import Database, DatabaseUnavailable, WritesRefused, open_database

_GARBAGE = b"this is no database " * 10_000
_WRITE = text("INSERT INTO notes (note) VALUES (:note)")
_COUNT = text("SELECT count(*) AS number FROM notes")


@pytest.fixture
def file() -> Iterator[Path]:
    """Not in pytest's folder: another user could not enter that one."""
    with tempfile.TemporaryDirectory() as folder:
        yield Path(folder) / "data" / "test.db"


@pytest.fixture
async def database(file: Path) -> AsyncIterator[Database]:
    opened = open_database(f"sqlite:///{file}")
    await opened.execute(text("CREATE TABLE notes (id INTEGER PRIMARY KEY, note TEXT)"))
    for number in range(100):
        await opened.execute(_WRITE, note=f"{number} " * 200)
    yield opened
    await opened.close()


async def _write(database: Database) -> None:
    await database.execute(_WRITE, note="one more")


async def _write_in_a_transaction(database: Database, note: str) -> None:
    async with database.transaction() as transaction:
        await transaction.execute(_WRITE, note="short")
        await transaction.execute(_WRITE, note=note)


@pytest.mark.parametrize("how", ["in place", "by another file"])
async def test_a_file_that_was_overwritten_is_an_outage_that_readiness_tells(
    database: Database, file: Path, how: str
) -> None:
    await database.execute(text("PRAGMA wal_checkpoint(TRUNCATE)"))
    good = file.read_bytes()
    if how == "in place":
        file.write_bytes(_GARBAGE)
    else:
        (file.parent / "other").write_bytes(_GARBAGE)
        (file.parent / "other").replace(file)
    with pytest.raises(DatabaseUnavailable, match="not a database"):
        await database.ping()
    for _ in range(2):
        for work in (_write(database), database.fetch_all(_COUNT), database.check_writes()):
            with pytest.raises(DatabaseUnavailable):
                await work
        with pytest.raises(DatabaseUnavailable):
            await _write_in_a_transaction(database, "one more")
    file.write_bytes(good)
    await database.ping()
    await _write(database)
    assert await database.fetch_all(_COUNT) == [{"number": 101}]


async def test_pages_that_were_overwritten_are_an_outage_and_no_bug(
    database: Database, file: Path
) -> None:
    await database.close()
    with file.open("r+b") as opened:
        opened.seek(4096)
        opened.write(os.urandom(file.stat().st_size - 4096))
    with pytest.raises(DatabaseUnavailable, match="malformed"):
        await database.fetch_all(text("SELECT * FROM notes LIMIT 1000"))


async def test_a_file_that_is_gone_is_told(database: Database, file: Path) -> None:
    file.rename(file.with_name("elsewhere.db"))
    with pytest.raises(DatabaseUnavailable, match="there is no file"):
        await database.ping()
    assert not file.exists()


@pytest.fixture
def as_a_user(file: Path) -> Iterator[None]:
    """Root may write to every file."""
    if os.getuid() != 0:
        yield
        return
    for path in (file.parent.parent, *file.parent.parent.rglob("*")):
        os.chown(path, 65534, -1)
    os.seteuid(65534)
    yield
    os.seteuid(0)


@pytest.mark.parametrize("folder", [0o700, 0o500])
async def test_a_file_that_was_read_only_is_read_then_and_written_again_soon(
    database: Database, file: Path, as_a_user: None, folder: int
) -> None:
    await database.close()
    refused = 0

    def count() -> None:
        nonlocal refused
        refused += 1

    database.on_writes_refused = count
    file.chmod(0o400)
    await database.fetch_all(_COUNT)
    file.parent.chmod(folder)
    for _ in range(3):
        with pytest.raises(WritesRefused, match="readonly"):
            await _write(database)
        with pytest.raises(WritesRefused, match="readonly"):
            await database.check_writes()
        assert await database.fetch_all(_COUNT) == [{"number": 100}]
        await database.ping()
    assert refused == 3  # to ask is no write
    file.parent.chmod(0o700)
    for path in file.parent.iterdir():
        path.chmod(0o600)
    with suppress(WritesRefused):  # of the connection that was opened meanwhile
        await database.check_writes()
    await _write(database)


@pytest.fixture
def full(monkeypatch: pytest.MonkeyPatch) -> None:
    """A limit for the number of pages stands in for a full disk: SQLite says the same."""
    pragmas = ("journal_mode=WAL", "synchronous=NORMAL", "max_page_count=1")
    monkeypatch.setattr("gatehouse_chassis.database.sqlite._PRAGMAS", pragmas)


async def test_on_a_full_disk_writes_are_refused_and_reads_go_on(
    database: Database, file: Path, full: None
) -> None:
    limited = open_database(f"sqlite:///{file}")
    for _ in range(3):
        with pytest.raises(WritesRefused, match="full"):
            await limited.execute(_WRITE, note="x" * 10_000)
        with pytest.raises(WritesRefused, match="full"):
            await _write_in_a_transaction(limited, "x" * 10_000)
        assert await limited.fetch_all(_COUNT) == [{"number": 100}]
    await limited.close()


async def test_to_ask_whether_writes_work_changes_nothing(database: Database) -> None:
    version = text("PRAGMA user_version")
    await database.execute(text("PRAGMA user_version = 7"))
    await database.check_writes()
    assert await database.fetch_all(version) == [{"user_version": 7}]
