"""`make sync`: what is made from `services.toml`, and that it is not stale here."""

from pathlib import Path

import pytest

from deploy.checkout import Checkout
from deploy.errors import DeployError
from deploy.sync import BLOCKS, WHOLE_FILES, stale, sync
from testing.checkout import ROOT
from testing.services import SAMPLE, sample_checkout

NOTES = """
[notes]
title = "Notes"
description = "What comes later."
prefix = "/notes"
package = "notes_service"
"""
AUTH_ALONE = SAMPLE.partition("[items]")[0]


def test_nothing_in_this_checkout_is_stale() -> None:
    assert stale(Checkout(ROOT)) == [], "run: make sync"


def test_a_service_more_changes_every_generated_file_and_nothing_else(tmp_path: Path) -> None:
    checkout = sample_checkout(tmp_path)
    before = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    checkout.services_file.write_text(SAMPLE + NOTES)

    assert set(stale(checkout)) == {*BLOCKS, *WHOLE_FILES}
    changed = sync(checkout)

    after = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    differing = {str(path.relative_to(tmp_path)) for path in after if after[path] != before[path]}
    assert differing == {*changed, "services.toml"}
    assert set(changed) == {*BLOCKS, *WHOLE_FILES}
    assert sync(checkout) == []
    assert all(b"notes" in after[tmp_path / name].lower() for name in changed)


def test_a_service_less_leaves_nothing_of_it(tmp_path: Path) -> None:
    checkout = sample_checkout(tmp_path, SAMPLE + NOTES)
    checkout.services_file.write_text(SAMPLE)

    sync(checkout)

    generated = "".join((tmp_path / name).read_text() for name in (*BLOCKS, *WHOLE_FILES))
    assert "notes" not in generated.replace("wide_notes", "").replace("team/notes", "")


def test_auth_alone_leaves_nothing_of_items(tmp_path: Path) -> None:
    sample_checkout(tmp_path, AUTH_ALONE)

    for name in (*BLOCKS, *WHOLE_FILES):
        assert "items" not in (tmp_path / name).read_text().lower(), name


def test_what_is_written_by_hand_around_a_block_stays(tmp_path: Path) -> None:
    checkout = sample_checkout(tmp_path)
    compose = tmp_path / "docker-compose.yml"
    compose.write_text(f"# mine\n{compose.read_text()}\n# mine too\n")
    checkout.services_file.write_text(SAMPLE + NOTES)

    sync(checkout)

    text = compose.read_text()
    assert text.startswith("# mine\n")
    assert text.endswith("\n# mine too\n")


def test_a_block_that_is_gone_is_told_with_the_way_to_get_it_back(tmp_path: Path) -> None:
    checkout = sample_checkout(tmp_path)
    (tmp_path / "Dockerfile").write_text("FROM scratch\n")

    with pytest.raises(DeployError, match=r"Dockerfile has no block packages, state-folders .*git"):
        sync(checkout)
    (tmp_path / "Dockerfile").unlink()
    with pytest.raises(DeployError, match=r"Dockerfile is missing: .*git checkout Dockerfile"):
        sync(checkout)


def test_a_service_of_its_own_settings_is_told_them_in_its_container(tmp_path: Path) -> None:
    sample_checkout(tmp_path)

    text = (tmp_path / "docker-compose.yml").read_text()

    assert "\n  WIDE_NOTES_GREETING:\n" in text
    assert "wide_notes-migrate" not in text, "it has no database"
    assert "legacy:" not in text, "it runs elsewhere"
