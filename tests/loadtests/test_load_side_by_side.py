import math
from pathlib import Path

import pytest

from loadtests import side_by_side
from loadtests.comparison import RowComparison
from tests.loadtests.summaries import cells

SAME = RowComparison("GET /a", 60, 5.0, 5.1, 0.02, -0.04, 0.08, 0)
SLOWER = RowComparison("GET /b", 60, 5.0, 5.6, 0.12, 0.05, 0.19, 0)
OPEN = RowComparison("GET /c", 60, 5.0, 5.2, 0.04, -0.05, 0.14, 130)
NAN = math.nan
SELDOM = RowComparison("GET /d", 3, NAN, NAN, NAN, NAN, NAN, 700)


@pytest.mark.parametrize(
    ("rows", "code", "sentence"),
    [
        ([SAME], 0, "no row is slower."),
        ([SAME, OPEN], 4, "cannot tell (130 more seconds are needed): 1 of 2 rows."),
        ([SLOWER, OPEN], 3, "slower: GET /b."),
    ],
    ids=["same", "open", "slower"],
)
def test_a_comparison_ends_as_a_run_does(
    rows: list[RowComparison], code: int, sentence: str
) -> None:
    assert side_by_side.exit_code(rows) == code
    assert sentence in side_by_side.render(rows, ("main", "the work tree"))


def test_each_row_has_its_interval_and_its_verdict() -> None:
    page = side_by_side.render([SLOWER, OPEN, SELDOM], ("main", "the work tree"))

    assert cells(page, "GET /b")[1:] == [
        *("60", "5", "5.6", "+12.0%", "+5.0% to +19.0%", "slower"),
    ]
    assert cells(page, "GET /c")[-1] == "cannot tell (130 more s)"
    assert cells(page, "GET /d")[1:] == ["3", "-", "-", "-", "-", "cannot tell (700 more s)"]


def test_a_revision_that_is_not_there_is_a_sentence(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert side_by_side.main("no-such-revision", 10, 10, tmp_path) == 2

    assert "'no-such-revision' is no revision of this checkout" in capsys.readouterr().err
