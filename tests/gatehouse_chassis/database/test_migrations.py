"""Every service's tables in code are those that its migrations make, on both databases."""

import asyncio
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from alembic import command
from alembic.util import CommandError
from sqlalchemy import text

from gatehouse_chassis.database import migrations, open_database
from testing.checkout import ROOT

SERVICES = ["auth_service", "items_service"]


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


def test_a_database_that_lags_behind_the_code_is_told(database_url: str) -> None:
    folder = ROOT / "items_service" / "migrations"
    migrations.migrate(folder, database_url)

    async def change() -> None:
        database = open_database(database_url)
        await database.execute(text("ALTER TABLE items DROP COLUMN description"))
        await database.close()

    asyncio.run(change())
    with pytest.raises(CommandError, match="description"):
        migrations.check(folder, database_url)


def test_a_failed_migration_leaves_the_database_as_it_was(
    database_url: str, tmp_path: Path
) -> None:
    folder = tmp_path / "migrations"
    shutil.copytree(ROOT / "items_service" / "migrations", folder)
    (folder / "versions" / "0002_bad.py").write_text(
        'from alembic import op\nrevision, down_revision = "0002", "0001"\n'
        'def upgrade() -> None:\n    op.execute("CREATE TABLE half (id INTEGER)")\n'
        '    op.execute("SELECT broken FROM nowhere")\n'
    )
    with pytest.raises(Exception, match="nowhere"):
        migrations.migrate(folder, database_url)

    async def tables() -> list[str]:
        database = open_database(database_url)
        catalogue = "sqlite_master" if database_url.startswith("sqlite") else "pg_class"
        column = "name" if database_url.startswith("sqlite") else "relname"
        rows = await database.fetch_all(
            text(f"SELECT {column} AS name FROM {catalogue} WHERE {column} IN ('half', 'items')")
        )
        await database.close()
        return [row["name"] for row in rows]

    assert asyncio.run(tables()) == []
    good = ROOT / "items_service" / "migrations"
    migrations.migrate(good, database_url)
    migrations.check(good, database_url)


def test_copying_a_table_on_sqlite_keeps_the_rows_that_refer_to_it(tmp_path: Path) -> None:
    """SQLite alters a table by copying it; dropping the old one must not delete what hangs on it."""
    folder = tmp_path / "migrations"
    shutil.copytree(ROOT / "items_service" / "migrations", folder)
    url = f"sqlite:///{tmp_path}/test.db"
    migrations.migrate(folder, url)

    async def run(*statements: str) -> list[object]:
        database = open_database(url)
        for statement in statements[:-1]:
            await database.execute(text(statement))
        rows = await database.fetch_all(text(statements[-1]))
        await database.close()
        return [list(row.values()) for row in rows]

    listed = asyncio.run(
        run(
            "CREATE TABLE notes (item CHAR(32) REFERENCES items (id) ON DELETE CASCADE)",
            "INSERT INTO items VALUES ('a', 'me', 't', 'd', 1, '2026-01-01', '2026-01-01')",
            "INSERT INTO notes VALUES ('a')",
            "SELECT * FROM notes",
        )
    )
    assert listed == [["a"]]
    (folder / "versions" / "0002_longer.py").write_text(
        'import sqlalchemy as sa\nfrom alembic import op\nrevision, down_revision = "0002", "0001"\n'
        'def upgrade() -> None:\n    with op.batch_alter_table("items") as items:\n'
        '        items.alter_column("title", type_=sa.String(300))\n'
    )
    migrations.migrate(folder, url)
    assert asyncio.run(run("SELECT * FROM notes")) == listed
    assert asyncio.run(run("SELECT id FROM items")) == listed


MIGRATE = """
import sys
from pathlib import Path
from gatehouse_chassis.database.migrations import migrate
migrate(Path("items_service/migrations"), sys.argv[1])
"""


def test_replicas_that_start_together_migrate_once(database_url: str) -> None:
    replicas = [
        subprocess.Popen([sys.executable, "-c", MIGRATE, database_url], cwd=ROOT) for _ in range(3)
    ]
    assert [replica.wait(timeout=30) for replica in replicas] == [0, 0, 0]
    migrations.check(ROOT / "items_service" / "migrations", database_url)
