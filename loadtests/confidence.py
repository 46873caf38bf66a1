"""How sure a figure is: bounds by bootstrap, and the rule that cuts off the warm-up."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from loadtests.latency import Samples, of_the_load, quantile, together

DRAWS = 500
CONFIDENCE = 0.95
FEWEST_BLOCKS = 10
"""Of fewer blocks it is the requests that are drawn, as if they were independent of each other."""
LONGEST_WARM_UP = 0.2


@dataclass(frozen=True)
class WarmUp:
    """The blocks before `end`, in seconds since the epoch, and the slowest answer in them, in milliseconds.

    It is told, because what is cut off must not hide a target that stalled.
    """

    end: float
    blocks: int
    slowest: float


def bounds(samples: Samples, ratio: float) -> tuple[float, float]:
    """Between which times the percentile lies with a confidence of 95 %, in milliseconds.

    The blocks of the run are drawn with replacement, because requests of the same moment are alike (Efron and
    Tibshirani, An Introduction to the Bootstrap, section 8.6). The same samples have the same bounds every time.
    """
    random = np.random.default_rng(0)
    used = samples.counts[samples.counts.sum(axis=1) > 0]
    if len(used) >= FEWEST_BLOCKS:
        counts = random.multinomial(len(used), [1 / len(used)] * len(used), size=DRAWS) @ used
    else:
        pooled = used.sum(axis=0)
        counts = random.multinomial(pooled.sum(), pooled / pooled.sum(), size=DRAWS)
    drawn = quantile(samples.values, counts, ratio)
    low, high = np.quantile(drawn, [(1 - CONFIDENCE) / 2, (1 + CONFIDENCE) / 2])
    return float(low), float(high)


def warm_up_length(series: Sequence[float]) -> int:
    """How many of the first values belong to the warm-up, at most a fifth of them.

    MSER (White 1997): cut where the standard error of what remains is the smallest. Fewer than ten values have none.
    """
    values = np.array(series)
    if len(values) < FEWEST_BLOCKS:
        return 0
    errors = [
        values[cut:].var() / (len(values) - cut)
        for cut in range(int(len(values) * LONGEST_WARM_UP) + 1)
    ]
    return int(np.argmin(errors))


def warm_up(samples: Mapping[str, Samples]) -> WarmUp:
    """The warm-up of a run whose load does not change: the median of each block shows it."""
    run = together(of_the_load(samples).values())
    length = warm_up_length(quantile(run.values, run.counts, 0.5).tolist())
    if not length:
        return WarmUp(0.0, 0, 0.0)
    end = float(run.starts[length])
    (slow,) = np.nonzero(run.counts[:length].sum(axis=0))
    return WarmUp(end, length, float(run.values[slow[-1]]))


def more_seconds(
    seconds: float, measured: float, low: float, high: float, limit: float
) -> float | None:
    """How much longer a run must be until the interval leaves `limit` on one side; None where it never may.

    An interval becomes narrower with the square root of the number of samples.
    """
    half, distance = (high - low) / 2, abs(measured - limit)
    if distance < half / 10:
        return None
    return seconds * max((half / distance) ** 2 - 1, 0.1)
