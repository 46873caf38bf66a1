"""`make reload` for real, on local processes that run the code of a copy of the tree, so that the code can change."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from testing.checkout import Copy
from testing.hammer import Hammer
from testing.http import send

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


def test_a_service_that_is_none_is_refused_with_those_that_there_are(copy: Copy) -> None:
    done = copy.make("reload", "S=nginx")

    assert done.returncode != 0
    assert "There is no service 'nginx' to reload: S= takes auth, items." in done.stderr


def test_what_does_not_run_is_not_reloaded(tmp_path: Path) -> None:
    stopped = Copy(tmp_path / "gatehouse", "local")

    done = stopped.make("reload")

    assert done.returncode != 0
    assert "Nothing of this checkout is running. Start it: make up" in done.stderr
