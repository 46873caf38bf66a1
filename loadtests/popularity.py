"""Which items are read most: a few of them, as in every catalogue."""

import random
from collections.abc import Sequence
from functools import cache
from itertools import accumulate
from typing import TypeVar

T = TypeVar("T")


def popular_one(ranked: Sequence[T]) -> T:
    """One of `ranked`, the first of which is read most (Zipf's law with an exponent of 1).

    The second is read half as often as the first, the third a third as often: of 20 items the
    first gets 28 % of the reads and the first five 63 %.
    """
    return random.choices(ranked, cum_weights=_cumulated_weights(len(ranked)))[0]


@cache
def _cumulated_weights(length: int) -> list[float]:
    return list(accumulate(1 / rank for rank in range(1, length + 1)))
