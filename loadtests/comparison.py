"""Which of two revisions is slower, row by row, from runs that took turns on the same machine.

A machine is faster in one minute than in the next, so only turns that follow each other are set side by side: each
pair gives a ratio, and the ratios of all pairs their trimmed mean with its interval (Yuen 1974). The interval is so
wide that a revision which is compared with itself gives one false alarm in a thousand comparisons, over all its rows.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from statistics import NormalDist
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from loadtests.latency import Samples, of_the_load
from loadtests.turns import pair_of

FALSE_ALARMS = 0.001
TRIMMED = 0.1
FEWEST_PAIRS = 12
FEWEST_REQUESTS = 3
"""Of fewer in a turn its mean says nothing."""
WORTH_KNOWING = 0.10

Verdict = Literal["slower", "faster", "no difference", "cannot tell"]


@dataclass(frozen=True)
class RowComparison:
    """How much longer the typical answer (the geometric mean) takes than before: 0.1 is 10 % longer.

    `low` and `high` are the interval; all three are NaN where too few pairs of turns have the row. `more_seconds` is
    how much longer the comparison should have been to find a tenth.
    """

    row: str
    pairs: int
    before: float
    after: float
    change: float
    low: float
    high: float
    more_seconds: float = 0.0

    @property
    def verdict(self) -> Verdict:
        """What is sure enough to be said."""
        if self.low > 0:
            return "slower"
        if self.high < 0:
            return "faster"
        if self.low > -WORTH_KNOWING and self.high < WORTH_KNOWING:
            return "no difference"
        return "cannot tell"


def compare_turns(
    before: Mapping[str, Samples], after: Mapping[str, Samples], seconds: float
) -> list[RowComparison]:
    """Every row that both have, from blocks that are turns; the comparison took so many seconds."""
    rows = sorted(of_the_load(before).keys() & of_the_load(after).keys())
    alpha = FALSE_ALARMS / max(len(rows), 1)
    return [_compare(row, before[row], after[row], seconds, alpha) for row in rows]


def _compare(
    row: str, before: Samples, after: Samples, seconds: float, alpha: float
) -> RowComparison:
    a, b = _by_pair(before), _by_pair(after)
    pairs = sorted(a.keys() & b.keys())
    if len(pairs) < FEWEST_PAIRS:
        nan, missing = math.nan, seconds * (FEWEST_PAIRS / max(len(pairs), 1) - 1)
        return RowComparison(row, len(pairs), nan, nan, nan, nan, nan, missing)
    logs = np.array([[a[pair], b[pair]] for pair in pairs])
    middle, half = trimmed_mean(logs[:, 1] - logs[:, 0], alpha)
    change, low, high = (math.expm1(one) for one in (middle, middle - half, middle + half))
    wanted = math.log1p(WORTH_KNOWING)
    return RowComparison(
        row,
        len(pairs),
        math.exp(logs[:, 0].mean()),
        math.exp(logs[:, 1].mean()),
        change,
        low,
        high,
        more_seconds=seconds * max(((half + abs(middle)) / wanted) ** 2 - 1, 0.1),
    )


def trimmed_mean(values: NDArray[np.float64], alpha: float) -> tuple[float, float]:
    """The mean without the smallest and the largest tenth, and half of its interval (Yuen 1974)."""
    count = len(values)
    cut = int(count * TRIMMED)
    ordered = np.sort(values)
    kept = ordered[cut : count - cut]
    winsorized = np.clip(ordered, kept[0], kept[-1])
    error = winsorized.std(ddof=1) / ((1 - 2 * TRIMMED) * math.sqrt(count))
    return float(kept.mean()), float(student_quantile(1 - alpha / 2, len(kept) - 1) * error)


def student_quantile(probability: float, freedom: int) -> float:
    """The quantile of Student's t distribution, by the expansion of Cornish and Fisher (Abramowitz, Stegun 26.7.5)."""
    z = NormalDist().inv_cdf(probability)
    terms = (
        z,
        (z**3 + z) / 4,
        (5 * z**5 + 16 * z**3 + 3 * z) / 96,
        (3 * z**7 + 19 * z**5 + 17 * z**3 - 15 * z) / 384,
        (79 * z**9 + 776 * z**7 + 1482 * z**5 - 1920 * z**3 - 945 * z) / 92160,
    )
    return math.fsum(term / float(freedom) ** power for power, term in enumerate(terms))


def _by_pair(samples: Samples) -> dict[int, float]:
    """The mean logarithm of the times in each pair of turns."""
    logs = np.log(np.maximum(samples.values, 0.001))
    return {
        pair_of(float(start)): float((counts * logs).sum() / counts.sum())
        for start, counts in zip(samples.starts, samples.counts, strict=True)
        if counts.sum() >= FEWEST_REQUESTS
    }
