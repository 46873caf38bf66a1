"""The whole matrix with imitated proxies, in seconds."""

import pytest

from conformance.imitations import DIALECTS, views_of
from conformance.run import Cell, run_cell
from conformance.ways import WAYS, Way


@pytest.mark.parametrize("way", WAYS, ids=lambda way: way.name)
@pytest.mark.parametrize("dialect", DIALECTS)
def test_every_promise_holds_behind_an_imitated_proxy(dialect: str, way: Way) -> None:
    outcomes = run_cell(Cell(dialect, way.name, "in process"), views_of(DIALECTS[dialect], way))
    assert outcomes
    assert [str(outcome) for outcome in outcomes if outcome.is_bad] == []
