"""The statistics of a comparison, on times that are made up but spread as recorded ones are."""

import math

import numpy as np
import pytest
from numpy.random import Generator, default_rng
from numpy.typing import NDArray

from loadtests.comparison import RowComparison, compare_turns, student_quantile
from loadtests.latency import Samples
from loadtests.turns import SECONDS, is_turn_of, pair_of

ROWS = {f"GET /{number}": 2.0 + number for number in range(9)}
PAIRS, REQUESTS = 60, 46


def turns(
    random: Generator,
    machine: NDArray[np.float64],
    side: int,
    slower: dict[str, float] | None = None,
) -> dict[str, Samples]:
    """A run's rows: lognormal times on a `machine` that is faster in one turn than in the next, with a stall."""
    found = {}
    starts = [number * SECONDS for number in range(2 * PAIRS) if is_turn_of(side, number * SECONDS)]
    for row, typical in ROWS.items():
        typical *= 1 + (slower or {}).get(row, 0.0)
        times = np.array(
            [
                np.round(
                    typical
                    * machine[int(start / SECONDS)]
                    * random.lognormal(0, 0.4, size=REQUESTS),
                    1,
                )
                for start in starts
            ]
        )
        times[random.integers(PAIRS)] *= 30
        values = np.unique(times)
        counts = np.zeros((PAIRS, len(values)), np.int64)
        np.add.at(counts, (np.arange(PAIRS)[:, None], values.searchsorted(times)), 1)
        found[row] = Samples(np.array(starts), values, counts)
    return found


def comparison(seed: int, slower: dict[str, float] | None = None) -> dict[str, RowComparison]:
    random = default_rng(seed)
    machine = np.exp(
        np.cumsum(random.normal(0, 0.03, 2 * PAIRS)) + random.normal(0, 0.05, 2 * PAIRS)
    )
    rows = compare_turns(turns(random, machine, 0), turns(random, machine, 1, slower), 240)
    return {one.row: one for one in rows}


def test_twenty_comparisons_of_a_revision_with_itself_give_no_alarm() -> None:
    verdicts = [one.verdict for seed in range(20) for one in comparison(seed).values()]

    assert len(verdicts) == 20 * len(ROWS)
    assert {"slower", "faster"}.isdisjoint(verdicts)


def test_a_tenth_on_one_row_is_found_and_on_no_other() -> None:
    found = [comparison(100 + seed, {"GET /5": 0.10}) for seed in range(10)]

    assert sum(rows["GET /5"].verdict == "slower" for rows in found) >= 9
    assert {rows[row].verdict for rows in found for row in ROWS if row != "GET /5"} <= {
        "no difference",
        "cannot tell",
    }


def test_an_interval_that_is_too_wide_says_how_much_longer_it_takes() -> None:
    wide = RowComparison("GET /", 45, 5.0, 5.2, 0.04, -0.05, 0.14, more_seconds=180)

    assert wide.verdict == "cannot tell"


def test_a_row_of_few_turns_cannot_be_told() -> None:
    few = Samples(np.arange(5.0) * 2 * SECONDS, np.array([5.0]), np.full((5, 1), 10))

    (row,) = compare_turns({"GET /": few}, {"GET /": few}, 60)

    assert row.verdict == "cannot tell"
    assert math.isnan(row.change)


def test_each_side_has_one_turn_of_every_pair_and_neither_is_always_first() -> None:
    moments = [number * SECONDS for number in range(8)]

    assert [int(is_turn_of(1, moment)) for moment in moments] == [0, 1, 1, 0, 0, 1, 1, 0]
    assert [pair_of(moment) for moment in moments] == [0, 0, 1, 1, 2, 2, 3, 3]


@pytest.mark.parametrize(
    ("probability", "freedom", "expected"),
    [(0.975, 10, 2.228), (0.995, 30, 2.750), (0.9995, 30, 3.646)],
)
def test_the_quantile_of_t_is_that_of_the_tables(
    probability: float, freedom: int, expected: float
) -> None:
    assert student_quantile(probability, freedom) == pytest.approx(expected, abs=0.01)
