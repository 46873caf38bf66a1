"""Each measure in a file of its own; the order is that of the page."""

from bench.measures import (
    burst,
    checkout,
    distinct_tokens,
    equal_times,
    items,
    layers,
    logins,
    reads,
    storm,
    tokens,
    workers,
)
from bench.session import Measure

MEASURES: tuple[Measure, ...] = (
    reads.ON_SQLITE,
    reads.ON_POSTGRESQL,
    logins.MEASURE,
    tokens.MEASURE,
    storm.MEASURE,
    burst.MEASURE,
    checkout.MEASURE,
    equal_times.MEASURE,
    layers.MEASURE,
    workers.MEASURE,
    items.MEASURE,
    distinct_tokens.MEASURE,
)
