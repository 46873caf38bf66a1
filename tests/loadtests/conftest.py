from collections.abc import Iterator

import pytest

from tests.loadtests.stub_api import StubApi


@pytest.fixture
def stub() -> Iterator[StubApi]:
    with StubApi().running() as stub:
        yield stub
