"""Every service's tables in code are those that its migrations make, on both databases."""

import asyncio
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from alembic import command
from alembic.util import CommandError
from sqlalchemy import text

from gatehouse_chassis.database import migrations, open_database
from gatehouse_chassis.services import load_services
from testing.checkout import ROOT
from testing.processes import wait_until
from testing.sample_service import PACKAGE, write_sample_service

SERVICES = [
    service.package for service in load_services(ROOT / "services.toml").values() if service.package
]


@pytest.fixture
def sample(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The `migrations/` folder of a service whose tables these tests may change."""
    write_sample_service(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    yield tmp_path / PACKAGE / "migrations"
    for name in [name for name in sys.modules if name.split(".")[0] == PACKAGE]:
        del sys.modules[name]


@pytest.mark.parametrize("service", SERVICES)
def test_the_migrations_make_the_tables_that_the_code_describes(
    service: str, database_url: str
) -> None:
    folder = ROOT / service / "migrations"
    migrations.migrate(folder, database_url)
    migrations.check(folder, database_url)
    migrations.migrate(folder, database_url)


@pytest.mark.parametrize("service", SERVICES)
def test_the_migrations_can_be_taken_back(service: str, database_url: str) -> None:
    folder = ROOT / service / "migrations"
    migrations.migrate(folder, database_url)
    command.downgrade(migrations.configuration(folder, database_url), "base")
    with pytest.raises(CommandError, match="not up to date"):
        migrations.check(folder, database_url)
    migrations.migrate(folder, database_url)


def test_a_database_that_lags_behind_the_code_is_told(sample: Path, database_url: str) -> None:
    migrations.migrate(sample, database_url)

    async def change() -> None:
        database = open_database(database_url)
        await database.execute(text("ALTER TABLE samples DROP COLUMN description"))
        await database.close()

    asyncio.run(change())
    with pytest.raises(CommandError, match="description"):
        migrations.check(sample, database_url)


def test_a_failed_migration_leaves_the_database_as_it_was(sample: Path, database_url: str) -> None:
    bad = sample / "versions" / "0002_bad.py"
    bad.write_text(
        'from alembic import op\nrevision, down_revision = "0002", "0001"\n'
        'def upgrade() -> None:\n    op.execute("CREATE TABLE half (id INTEGER)")\n'
        '    op.execute("SELECT broken FROM nowhere")\n'
    )
    with pytest.raises(Exception, match="nowhere"):
        migrations.migrate(sample, database_url)

    async def tables() -> list[str]:
        database = open_database(database_url)
        catalogue = "sqlite_master" if database_url.startswith("sqlite") else "pg_class"
        column = "name" if database_url.startswith("sqlite") else "relname"
        rows = await database.fetch_all(
            text(f"SELECT {column} AS name FROM {catalogue} WHERE {column} IN ('half', 'samples')")
        )
        await database.close()
        return [row["name"] for row in rows]

    assert asyncio.run(tables()) == []
    bad.unlink()
    migrations.migrate(sample, database_url)
    migrations.check(sample, database_url)


def test_a_migration_that_was_killed_midway_is_done_by_the_next_start(
    sample: Path, database_url: str, tmp_path: Path
) -> None:
    migrations.migrate(sample, database_url)
    halfway = tmp_path / "halfway"
    slow = sample / "versions" / "0002_slow.py"
    slow.write_text(
        'from alembic import op\nrevision, down_revision = "0002", "0001"\n'
        'def upgrade() -> None:\n    op.execute("CREATE TABLE half (id INTEGER)")\n'
        f'    import pathlib, time\n    pathlib.Path("{halfway}").touch()\n    time.sleep(600)\n'
    )
    code = (
        "import sys, pathlib; from gatehouse_chassis.database.migrations import migrate; "
        "migrate(pathlib.Path(sys.argv[1]), sys.argv[2])"
    )
    command_line = [sys.executable, "-c", code, str(sample), database_url]
    with subprocess.Popen(command_line, cwd=ROOT, start_new_session=True) as migrating:
        wait_until(halfway.exists, seconds=60, what="the migration")
        migrating.kill()

    slow.write_text(slow.read_text().replace("time.sleep(600)", 'op.execute("DROP TABLE half")'))
    migrations.migrate(sample, database_url)
    migrations.check(sample, database_url)


def test_copying_a_table_on_sqlite_keeps_the_rows_that_refer_to_it(
    sample: Path, tmp_path: Path
) -> None:
    """SQLite alters a table by copying it; dropping the old one must not delete what hangs on it."""
    url = f"sqlite:///{tmp_path}/test.db"
    migrations.migrate(sample, url)

    async def run(*statements: str) -> list[object]:
        database = open_database(url)
        for statement in statements[:-1]:
            await database.execute(text(statement))
        rows = await database.fetch_all(text(statements[-1]))
        await database.close()
        return [list(row.values()) for row in rows]

    listed = asyncio.run(
        run(
            "CREATE TABLE notes (sample CHAR(32) REFERENCES samples (id) ON DELETE CASCADE)",
            "INSERT INTO samples VALUES ('a', 'me', 't', 'd', 1, '2026-01-01', '2026-01-01')",
            "INSERT INTO notes VALUES ('a')",
            "SELECT * FROM notes",
        )
    )
    assert listed == [["a"]]
    (sample / "versions" / "0002_longer.py").write_text(
        'import sqlalchemy as sa\nfrom alembic import op\nrevision, down_revision = "0002", "0001"\n'
        'def upgrade() -> None:\n    with op.batch_alter_table("samples") as samples:\n'
        '        samples.alter_column("title", type_=sa.String(300))\n'
    )
    migrations.migrate(sample, url)
    assert asyncio.run(run("SELECT * FROM notes")) == listed
    assert asyncio.run(run("SELECT id FROM samples")) == listed


MIGRATE = """
import sys
from pathlib import Path
from gatehouse_chassis.database.migrations import migrate
migrate(Path(sys.argv[1]), sys.argv[2])
"""


def test_replicas_that_start_together_migrate_once(sample: Path, database_url: str) -> None:
    command_line = [sys.executable, "-c", MIGRATE, str(sample), database_url]
    replicas = [subprocess.Popen(command_line, cwd=ROOT) for _ in range(3)]
    assert [replica.wait(timeout=30) for replica in replicas] == [0, 0, 0]
    migrations.check(sample, database_url)


def _revise(sample: Path, message: str) -> tuple[Path, str]:
    """Add a column to the tables in code and write the migration."""
    tables = sample.parent / "tables.py"
    column = 'Column("title", String(200), nullable=False),'
    text = tables.read_text(encoding="utf-8")
    assert column in text
    tables.write_text(text.replace(column, f'{column} Column("colour", String(20)),'))
    url = f"sqlite:///{sample}/samples.db"
    migrations.migrate(sample, url)
    migrations.revise(sample, url, message)
    (written,) = (sample / "versions").glob("0002_*.py")
    migrations.migrate(sample, url)
    migrations.check(sample, url)
    return written, written.read_text(encoding="utf-8")


@pytest.mark.parametrize("message", ["colour of a sample", 'adds "colour"', "back\\slash."])
def test_a_migration_is_written_as_the_checks_want_it(sample: Path, message: str) -> None:
    written, text = _revise(sample, message)
    # As if it stood in the checkout, where other rules hold for migrations than elsewhere.
    ruff = [sys.executable, "-m", "ruff"]
    named = ["--stdin-filename", str(ROOT / "samples_service" / "migrations" / written.name), "-"]
    for arguments in (["check", "--no-cache", "--quiet"], ["format", "--check", "--quiet"]):
        done = subprocess.run(
            [*ruff, *arguments, *named],
            cwd=ROOT,
            input=text,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr


def test_a_migration_has_the_next_number(sample: Path) -> None:
    written, text = _revise(sample, "colour of a sample")
    assert written.name == "0002_colour_of_a_sample.py"
    assert text.startswith('"""Colour of a sample."""\n')
    assert 'down_revision: str | None = "0001"' in text


def test_a_migration_is_refused_while_the_database_lags_behind(sample: Path) -> None:
    with pytest.raises(CommandError, match="not up to date"):
        migrations.revise(sample, f"sqlite:///{sample}/samples.db", "too early")
    assert [file.name for file in (sample / "versions").glob("*.py")] == ["0001_samples.py"]
