"""Ids sort by time, and a stored time is the same instant everywhere."""

import subprocess
import sys
from datetime import UTC, datetime, timedelta, timezone

import pytest
from sqlalchemy.dialects import sqlite

from chassis.columns import UtcDateTime, new_id, now
from tests.support.checkout import ROOT


def test_ids_are_version_7_and_sort_by_time_of_creation() -> None:
    ids = [new_id() for _ in range(1000)]
    assert ids == sorted(ids)
    assert len(set(ids)) == 1000
    assert {row_id.version for row_id in ids} == {7}


def test_now_has_an_offset() -> None:
    assert now().utcoffset() == timedelta(0)


def test_a_time_without_an_offset_is_refused() -> None:
    naive = datetime(2026, 1, 1)  # the very thing that is refused
    with pytest.raises(ValueError, match="needs an offset"):
        UtcDateTime().process_bind_param(naive, sqlite.dialect())


def test_a_time_is_stored_in_utc() -> None:
    noon_in_delhi = datetime(2026, 1, 1, 12, tzinfo=timezone(timedelta(hours=5, minutes=30)))
    stored = UtcDateTime().process_bind_param(noon_in_delhi, sqlite.dialect())
    assert stored == datetime(2026, 1, 1, 6, 30, tzinfo=UTC)


def test_processes_forked_from_one_that_made_ids_make_ids_of_their_own() -> None:
    program = """if True:
        import os, sys
        from chassis.columns import new_id
        new_id()
        for _ in range(2):
            if child := os.fork():
                os.waitpid(child, 0)
            else:
                os.write(1, f"{new_id().int & (1 << 62) - 1}\\n".encode())
                os._exit(0)
    """
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True
    )
    random_parts = done.stdout.split()
    assert len(set(random_parts)) == 2
