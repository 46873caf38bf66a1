from pathlib import Path
from typing import Any

import pytest

from loadtests import compare
from tests.loadtests.summaries import cells, row, save, summary


def test_each_figure_stands_beside_its_own_of_the_other_run_with_the_ratio() -> None:
    slower = summary(rows=[row("GET /items/", rate=5.0, p50=6, p99=40)])

    page = compare.compare(summary(), slower, ("first", "second"))

    assert cells(page, "GET /items/")[1:] == [
        "10 -> 5 (0.50)",
        "4 -> 6 (1.50)",
        "9 -> 9 (1.00)",
        "20 -> 40 (2.00)",
    ]
    assert "Not comparable" not in page


def test_a_row_that_one_run_lacks_has_no_ratio() -> None:
    more = summary(rows=[row("GET /items/"), row("POST /items/")])

    page = compare.compare(summary(), more, ("first", "second"))

    assert cells(page, "POST /items/")[1] == "- -> 10"


@pytest.mark.parametrize(
    ("what", "change", "named"),
    [
        ("machine", {"cores": 8}, ["machine: cores", "2", "8"]),
        ("settings", {"users": 50}, ["settings: users", "10", "50"]),
        ("versions", {"Locust": "2.48.0"}, ["versions: Locust", "2.47.0", "2.48.0"]),
        ("versions", {"nginx": "1.30"}, ["versions: nginx", "-", "1.30"]),
    ],
    ids=["machine", "settings", "version", "version-of-one"],
)
def test_other_circumstances_are_named_as_not_comparable(
    what: str, change: dict[str, Any], named: list[str]
) -> None:
    before = summary()

    page = compare.compare(before, summary(**{what: before[what] | change}), ("first", "second"))

    assert "Not comparable" in page
    assert cells(page, named[0]) == named


def test_revisions_stand_beside_each_other_and_say_what_was_changed_and_not_committed() -> None:
    changed = summary(revision={"commit": "fedcba9876543210", "dirty": True})

    page = compare.compare(summary(revision=None), changed, ("first", "second"))

    assert cells(page, "revision")[1:] == ["unknown", "fedcba987654, with changes"]


def test_a_load_generator_at_its_limit_is_told() -> None:
    at_limit = summary(generator={"limit": 90.0, "near_limit": True, "processes": []})

    page = compare.compare(summary(), at_limit, ("first", "second"))

    assert "**B: The load generator was at its limit" in page


def test_the_two_newest_runs_are_compared_by_default(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("2026-01-03", "2026-01-01", "2026-01-02"):
        save(tmp_path / name)
    (tmp_path / "2026-01-04").mkdir()

    assert compare.main(None, None, tmp_path) == 0

    assert capsys.readouterr().out.startswith("# 2026-01-02 (A) and 2026-01-03 (B)\n")


def test_one_run_that_is_named_is_compared_with_the_newest(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    save(tmp_path / "load" / "2026-01-02")
    save(tmp_path / "load" / "2026-01-01")

    assert compare.main(save(tmp_path / "kept"), None, tmp_path / "load") == 0

    assert capsys.readouterr().out.startswith("# kept (A) and 2026-01-02 (B)\n")


def test_one_run_is_nothing_to_compare(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    save(tmp_path / "2026-01-01")

    assert compare.main(None, None, tmp_path) == 2

    assert "There is one report in" in capsys.readouterr().err


def test_a_folder_that_is_not_there_is_a_sentence(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert compare.main(save(tmp_path / "a"), tmp_path / "b", tmp_path) == 2

    said = capsys.readouterr().err
    assert "b/summary.json cannot be read (No such file or directory)" in said


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ('{"target": ', "is damaged"),
        ("[]", "is no summary of this version"),
        ('{"total": {"row": "all"}, "rows": 7}', "is no summary of this version"),
        ('{"target": "http://localhost:8080"}', "is no summary of this version"),
    ],
    ids=["cut-off", "no-object", "wrong-rows", "too-little"],
)
def test_a_damaged_summary_is_a_sentence(
    text: str, sentence: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    damaged = save(tmp_path / "b")
    (damaged / "summary.json").write_text(text)

    assert compare.main(save(tmp_path / "a"), damaged, tmp_path) == 2

    assert sentence in capsys.readouterr().err
