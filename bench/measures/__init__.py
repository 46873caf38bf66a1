"""Each measure in a file of its own; the order is that of the page."""

from bench.measures import checkout, logins, reads, storm, tokens
from bench.session import Measure

MEASURES: tuple[Measure, ...] = (
    reads.ON_SQLITE,
    reads.ON_POSTGRESQL,
    logins.MEASURE,
    tokens.MEASURE,
    storm.MEASURE,
    checkout.MEASURE,
)
