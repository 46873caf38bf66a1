"""Real proxies in front of real servers: every pair of a proxy, a way and a server (all of it: make conformance)."""

from collections.abc import Iterator

import pytest

from conformance.bench import Bench, what_lacks
from conformance.matrix import sample
from conformance.run import Cell
from testing.nginx import find_nginx


@pytest.fixture(scope="module")
def bench() -> Iterator[Bench]:
    with Bench() as bench:
        yield bench


@pytest.mark.parametrize("cell", sample(), ids=str)
def test_every_promise_holds_behind_a_real_proxy(bench: Bench, cell: Cell) -> None:
    find_nginx()  # the one proxy that CI must have
    if lacking := what_lacks(cell):
        pytest.skip(lacking)
    outcomes = bench.run(cell)
    assert outcomes
    assert [str(outcome) for outcome in outcomes if outcome.is_bad] == []
