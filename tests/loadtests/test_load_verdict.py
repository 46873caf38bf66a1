from collections.abc import Mapping, Sequence
from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import pytest

from loadtests.budgets import Budget
from loadtests.latency import Samples
from loadtests.verdict import Verdict, judge
from loadtests.verdict_table import failures, table

ROW = "GET /items/"


def judged(
    rows: Mapping[str, Sequence[float]],
    budgets: Mapping[str, Budget],
    *,
    failed: int = 0,
    errors: Sequence[tuple[str, str, int]] = (),
    **options: Any,
) -> Verdict:
    """The verdict on the times of each row, in each of which so many requests failed."""
    entries = {}
    for row, times in rows.items():
        method, _, name = row.partition(" ")
        entries[name, method] = SimpleNamespace(
            method=method, name=name, num_requests=len(times), num_failures=failed
        )
    stats = SimpleNamespace(
        entries=entries,
        total=SimpleNamespace(num_requests=sum(len(times) for times in rows.values())),
        errors={
            number: SimpleNamespace(method="GET", name=name, error=error, occurrences=count)
            for number, (name, error, count) in enumerate(errors)
        },
    )
    samples = {row: samples_of(times) for row, times in rows.items() if times}
    return judge(cast("Any", stats), samples, budgets, seconds=30, **options)


def samples_of(times: Sequence[float]) -> Samples:
    """All of them in one block."""
    values, counts = np.unique(np.array(times), return_counts=True)
    return Samples(np.zeros(1), values, counts[None, :])


def test_rows_within_their_budgets_end_with_0() -> None:
    verdict = judged({ROW: [5.0] * 100}, {ROW: Budget(p50=5, p95=6, p99=7)})

    assert (verdict.exit_code, verdict.sentence) == (0, "every budget was kept.")
    assert [row.state for row in verdict.rows] == ["ok"]


@pytest.mark.parametrize(
    ("times", "budget", "sentence"),
    [
        ([9.0] * 100, Budget(p50=5), "p50 of 9 ms, at most 5"),
        ([1.0] * 80 + [9.0] * 20, Budget(p50=5, p95=5), "p95 of 9 ms, at most 5"),
        ([1.0] * 970 + [9.0] * 30, Budget(p95=5, p99=5), "p99 of 9 ms, at most 5"),
    ],
    ids=["p50", "p95", "p99"],
)
def test_a_broken_budget_ends_with_3_and_names_the_row(
    times: list[float], budget: Budget, sentence: str
) -> None:
    verdict = judged({ROW: times, "GET /other": [1.0]}, {ROW: budget})

    assert verdict.exit_code == 3
    assert verdict.sentence == f"broken: {ROW} ({sentence})."


@pytest.mark.parametrize(
    ("times", "budget", "sentence", "seconds"),
    [
        ([1.0] * 5, Budget(minimum=10), "5 requests, at least 10", 30),
        ([], Budget(), "0 requests, at least 1", 30),
        ([1.0] * 9, Budget(minimum=10), "9 requests, at least 10", 10),
    ],
    ids=["half", "none", "almost"],
)
def test_a_run_that_was_too_short_for_a_row_ends_with_4_and_says_how_much_longer_it_takes(
    times: list[float], budget: Budget, sentence: str, seconds: int
) -> None:
    verdict = judged({ROW: times, "GET /other": [1.0]}, {ROW: budget})

    assert verdict.exit_code == 4
    assert verdict.sentence == (
        f"cannot tell ({seconds} more seconds are needed): {ROW} ({sentence}). Give it more TIME=."
    )
    assert verdict.rows[0].state == "too few"


def test_a_figure_whose_bounds_hold_its_budget_is_neither_kept_nor_broken() -> None:
    verdict = judged({ROW: [1.0] * 98 + [9.0] * 2}, {ROW: Budget(p99=5)})

    assert verdict.exit_code == 4
    assert f"{ROW} (p99 between 1 and 9 ms, at most 5)" in verdict.sentence
    assert "more seconds are needed" in verdict.sentence
    assert verdict.rows[0].state == "cannot tell"


def test_of_few_samples_the_slowest_is_no_upper_bound() -> None:
    budget = {ROW: Budget(p95=400)}

    assert judged({ROW: [1.0] * 45 + [500.0]}, budget).exit_code == 0
    assert judged({ROW: [1.0] * 190 + [500.0] * 9}, budget).exit_code == 4


def test_a_figure_that_is_as_large_as_its_budget_needs_no_more_time_but_another_budget() -> None:
    verdict = judged({ROW: [4.0] * 49 + [5.0] * 2 + [6.0] * 49}, {ROW: Budget(p50=5)})

    assert verdict.exit_code == 4
    assert "change the budget" in verdict.sentence


def test_a_run_that_lost_a_process_is_never_passed() -> None:
    rows, lost = (
        {ROW: [9.0] * 100},
        "1 of 2 processes of the load generator ended before the run did",
    )

    kept = judged(rows, {ROW: Budget(p50=9)}, incomplete=[lost])
    broken = judged(rows, {ROW: Budget(p50=5)}, incomplete=[lost])

    assert (kept.exit_code, kept.sentence) == (
        4,
        f"cannot tell: {lost}, so part of the load is missing.",
    )
    assert broken.exit_code == 3


def test_of_few_requests_there_is_no_percentile() -> None:
    few, enough = [1.0] * 18 + [900.0], [1.0] * 10 + [900.0] * 10

    verdict = judged({ROW: few}, {ROW: Budget(p95=5, p99=5)})

    assert verdict.exit_code == 0
    assert verdict.rows[0].percentiles.keys() == {"p50"}
    assert judged({ROW: enough}, {ROW: Budget(p95=5)}).exit_code == 3


def test_each_percentile_says_how_many_requests_took_so_long() -> None:
    (row,) = judged({ROW: [float(time) for time in range(1, 2001)]}, {}).rows

    found = {name: (one.milliseconds, one.slower) for name, one in row.percentiles.items()}
    assert found == {"p50": (1000, 1001), "p95": (1900, 101), "p99": (1980, 21), "p99.9": (1998, 3)}


@pytest.mark.parametrize(("failed", "exit_code"), [(1, 0), (2, 3)])
def test_failures_are_judged_as_a_ratio(failed: int, exit_code: int) -> None:
    verdict = judged({ROW: [1.0] * 100}, {ROW: Budget(failures=0.01)}, failed=failed)

    assert verdict.exit_code == exit_code


def test_a_row_without_a_budget_is_listed_and_may_be_slow_but_not_fail() -> None:
    slow = judged({ROW: [60_000.0] * 5}, {})
    assert (slow.exit_code, slow.rows[0].state) == (0, "no budget")

    failing = judged({ROW: [1.0] * 5}, {}, failed=1)
    assert failing.exit_code == 3
    assert failing.rows[0].broken == ("1 of 5 failed, none may",)


def test_a_row_whose_users_were_left_out_is_not_missed() -> None:
    verdict = judged({"GET /other": [1.0]}, {ROW: Budget()}, left_out=[ROW])

    assert verdict.exit_code == 0
    assert [row.state for row in verdict.rows] == ["not measured", "no budget"]


def test_a_run_without_a_request_ends_with_2_whatever_the_budgets_say() -> None:
    verdict = judged({}, {ROW: Budget()})

    assert verdict.exit_code == 2
    assert verdict.sentence.startswith("nothing was measured")


def test_an_error_of_the_load_test_itself_ends_with_1() -> None:
    verdict = judged({ROW: [1.0]}, {}, errors_of_users=["no such attribute"])

    assert verdict.exit_code == 1
    assert "no such attribute" in verdict.sentence


def test_the_table_shows_every_time_beside_its_budget_and_colours_the_state_only() -> None:
    verdict = judged({ROW: [5.0] * 100}, {ROW: Budget(p50=4, p95=6)})

    assert table(verdict, colour=False).splitlines()[1] == (
        "GET /items/       100       0  5 / 4  5 / 6    5      -  broken"
    )
    assert table(verdict, colour=True).splitlines()[1].endswith("  \033[31mbroken\033[0m")


def test_failures_are_told_most_often_first_in_the_words_of_the_worker() -> None:
    errors = [("/items/", "rare", 1), ("/items/", 'CatchResponseError("it\'s often")', 7)]
    verdict = judged({ROW: [1.0]}, {}, errors=errors)

    assert failures(verdict).splitlines()[1:] == [
        "  7 x GET /items/: it's often",
        "  1 x GET /items/: rare",
    ]
