"""Each test of this folder that asks for `each_stack` runs on PostgreSQL, and by `make sweep` on SQLite too."""

import pytest

from testing.stack import Stack


# Browsers, the doctor and `make up` of the other folders have SQLite behind them.
@pytest.fixture(
    params=[
        pytest.param("stack", id="sqlite", marks=pytest.mark.sweep),
        pytest.param("stack_on_postgresql", id="postgresql"),
    ]
)
def each_stack(request: pytest.FixtureRequest) -> Stack:
    running: Stack = request.getfixturevalue(request.param)
    return running
