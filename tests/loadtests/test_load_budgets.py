from pathlib import Path

import pytest

from loadtests import budgets
from loadtests.budgets import Budget, BudgetsError


def written(folder: Path, text: str) -> Path:
    file = folder / "mine.toml"
    file.write_text(text)
    return file


def test_a_budget_has_times_a_ratio_of_failures_and_a_minimum(tmp_path: Path) -> None:
    file = written(
        tmp_path,
        '["GET /items/"]\np50 = 5\np95 = 20.5\np99 = 100\nfailures = 0.01\nminimum = 50\n'
        '["POST /items/"]\n',
    )

    assert budgets.read(file) == {
        "GET /items/": Budget(p50=5, p95=20.5, p99=100, failures=0.01, minimum=50),
        "POST /items/": Budget(p50=None, p95=None, p99=None, failures=0.0, minimum=1),
    }


def test_the_budgets_of_the_repository_are_budgets() -> None:
    assert budgets.read(budgets.DEFAULT_FILE)["GET /items/{item_id}"].p99


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ('["GET /a"]\np100 = 1\n', r"row 'GET /a', key 'p100': there is no such key; .* p50, p95"),
        ('["GET /a"]\np50 = "5 ms"\n', r"row 'GET /a', key 'p50': '5 ms' is no time"),
        ('["GET /a"]\np50 = true\n', r"key 'p50': True is no time"),
        ('["GET /a"]\np95 = 0\n', r"key 'p95': 0 is no time; give milliseconds above 0"),
        ('["GET /a"]\nfailures = 5\n', r"key 'failures': 5 is no ratio; give 0 to 1"),
        ('["GET /a"]\nminimum = 1.5\n', r"key 'minimum': 1.5 is no number of requests"),
        ('["GET /a"]\np50 = 9\np95 = 5\n', r"row 'GET /a': p50, p95 and p99 must not fall"),
        ('["/a"]\np50 = 9\n', r"row '/a': a row is a table that is named by method and path"),
        ("p50 = 9\n", r"row 'p50': a row is a table"),
        ("", "holds no budget"),
        ("[", "is no TOML"),
    ],
)
def test_what_is_no_budget_is_refused_by_file_row_and_key(
    text: str, sentence: str, tmp_path: Path
) -> None:
    with pytest.raises(BudgetsError, match=rf"mine\.toml.*{sentence}"):
        budgets.read(written(tmp_path, text))


def test_a_file_that_is_not_there_names_the_setting(tmp_path: Path) -> None:
    with pytest.raises(BudgetsError, match=r"No such file .*BUDGETS="):
        budgets.read(tmp_path / "missing.toml")
