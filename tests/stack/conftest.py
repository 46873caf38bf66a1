"""Each test of this folder that asks for `each_stack` runs on SQLite and on PostgreSQL."""

import pytest

from testing.stack import Stack


@pytest.fixture(params=["stack", "stack_on_postgresql"], ids=["sqlite", "postgresql"])
def each_stack(request: pytest.FixtureRequest) -> Stack:
    running: Stack = request.getfixturevalue(request.param)
    return running
