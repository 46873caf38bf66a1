"""`make reload` for real, on local processes that run the code of a copy of the tree, so that the code can change."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from testing.checkout import Copy
from testing.hammer import Hammer
from testing.http import send
from testing.processes import wait_until

pytestmark = pytest.mark.stack


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Copy]:
    copy = Copy(tmp_path_factory.mktemp("reload") / "gatehouse", "local")
    copy.share_packages()
    done = copy.make("up")
    assert done.returncode == 0, done.stdout + done.stderr
    yield copy
    copy.make("down")


@pytest.fixture
def composition_root(copy: Copy) -> Iterator[Path]:
    """The file of the items service that a test may change."""
    file = copy.folder / "items_service" / "main.py"
    before = file.read_text()
    yield file
    file.write_text(before)


def title(copy: Copy) -> str:
    answer = send(f"http://127.0.0.1:{copy.port}/items/openapi.json")
    return str(answer.json["info"]["title"])


def test_no_request_fails_while_every_worker_is_replaced(copy: Copy) -> None:
    hammer = Hammer(f"http://127.0.0.1:{copy.port}", copy.sign_in())
    with hammer.at_work():
        done = copy.make("reload")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "auth: 2 workers were replaced." in done.stdout
    assert "items: 2 workers were replaced." in done.stdout
    assert hammer.failures == []
    assert hammer.lost_or_doubled() == []


def test_reload_brings_new_code_to_one_service(copy: Copy, composition_root: Path) -> None:
    before = copy.table()
    composition_root.write_text(
        composition_root.read_text().replace("title=service.title", 'title="New items"')
    )

    done = copy.make("reload", "S=items")

    assert done.returncode == 0, done.stdout + done.stderr
    assert "items: 2 workers were replaced." in done.stdout
    assert "auth" not in done.stdout
    assert title(copy) == "New items"
    pids = {name: row[1] for name, row in copy.table().items()}
    assert pids == {name: row[1] for name, row in before.items()}, "every main process stays"


def test_new_code_that_does_not_start_is_told_and_the_old_goes_on(
    copy: Copy, composition_root: Path
) -> None:
    before = title(copy)
    composition_root.write_text("raise RuntimeError('half written')\n")

    done = copy.make("reload")

    assert done.returncode != 0
    assert "RuntimeError: half written" in done.stderr
    assert (
        "items does not start with the code as it is now, so its old workers go on" in done.stderr
    )
    assert title(copy) == before


NEW_COLUMN = """\"\"\"A column that the old code does not know.\"\"\"

import sqlalchemy as sa
from alembic import op

revision = "9999"
down_revision = "{newest}"


def upgrade() -> None:
    op.add_column("items", sa.Column("colour", sa.String(20), nullable=True))


def downgrade() -> None:
    op.drop_column("items", "colour")
"""


def test_an_upgrade_migrates_while_the_old_code_serves_and_then_brings_the_new(
    copy: Copy, composition_root: Path
) -> None:
    versions = copy.folder / "items_service" / "migrations" / "versions"
    newest = max(path.name[:4] for path in versions.glob("[0-9]*.py"))
    migration = versions / "9999_colour.py"
    migration.write_text(NEW_COLUMN.format(newest=newest))
    composition_root.write_text(
        composition_root.read_text().replace("title=service.title", 'title="Newer items"')
    )
    hammer = Hammer(f"http://127.0.0.1:{copy.port}", copy.sign_in())
    with hammer.at_work():
        done = copy.make("upgrade")
    assert done.returncode == 0, done.stdout + done.stderr
    assert title(copy) == "Newer items"
    assert hammer.failures == []
    assert hammer.lost_or_doubled() == []
    with closing(sqlite3.connect(copy.folder / "var" / "items" / "items.db")) as database:
        columns = [row[1] for row in database.execute("PRAGMA table_info(items)")]
    assert "colour" in columns


@pytest.mark.sweep
def test_new_code_whose_migration_fails_is_told_and_the_old_goes_on(copy: Copy) -> None:
    versions = copy.folder / "items_service" / "migrations" / "versions"
    newest = max(path.name[:4] for path in versions.glob("[0-9]*.py"))
    broken = versions / "99999_broken.py"
    broken.write_text(
        NEW_COLUMN.format(newest=newest).replace("9999", "99999", 1).replace("colour", "title")
    )
    done = copy.make("upgrade")
    broken.unlink()
    assert done.returncode != 0
    assert "The database of items could not be migrated" in done.stderr
    assert copy.answers("/items/health/ready")


@pytest.mark.sweep
def test_a_backup_of_a_serving_stack_restores_into_an_empty_one_where_an_old_session_goes_on(
    copy: Copy,
) -> None:
    token, refresh_token = copy.sign_in_with_session()
    hammer = Hammer(f"http://127.0.0.1:{copy.port}", token)
    with hammer.at_work():
        wait_until(lambda: len(hammer.titles) > 10, seconds=30, what="writing")
        before = [*hammer.titles]
        done = copy.make("backup")
    assert done.returncode == 0, done.stdout + done.stderr
    assert hammer.failures == []
    [folder] = (copy.folder / "var" / "backups").iterdir()
    refused = copy.make("restore", f"FROM={folder}")
    assert "The stack runs" in refused.stderr

    assert copy.make("clean", "YES=1").returncode == 0
    assert folder.is_dir(), "a backup is no data to remove"
    done = copy.make("restore", f"FROM={folder.relative_to(copy.folder)}")
    assert done.returncode == 0, done.stdout + done.stderr
    again = copy.make("restore", f"FROM={folder}")
    assert "This replaces all data" in again.stdout + again.stderr or "no terminal" in again.stderr
    assert again.returncode != 0
    done = copy.make("up")
    assert done.returncode == 0, done.stdout + done.stderr
    renewed = copy.refresh(refresh_token)
    hammer.titles[:] = before
    assert renewed
    assert hammer.lost_or_doubled() == []


def test_a_service_that_is_none_is_refused_with_those_that_there_are(copy: Copy) -> None:
    done = copy.make("reload", "S=nginx")

    assert done.returncode != 0
    assert "There is no service 'nginx' to reload: S= takes auth, items." in done.stderr


def test_what_does_not_run_is_not_reloaded(tmp_path: Path) -> None:
    stopped = Copy(tmp_path / "gatehouse", "local")

    done = stopped.make("reload")

    assert done.returncode != 0
    assert "Nothing of this checkout is running. Start it: make up" in done.stderr
