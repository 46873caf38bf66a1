from collections.abc import Iterator

import pytest
from fastapi.testclient import TestClient
from first_route import app, server

from gatehouse_chassis.testing import TestIssuer

client = TestClient(app)


@pytest.fixture
def issuer() -> Iterator[TestIssuer]:
    issuer = TestIssuer(audience="notes")
    with issuer.trusted_by(server):
        yield issuer


def get_mine(token: str) -> int:
    return client.get("/mine", headers={"Authorization": f"Bearer {token}"}).status_code


def test_a_token_with_the_scope_opens_the_route(issuer: TestIssuer) -> None:
    assert get_mine(issuer.token(scope="notes:read")) == 200


def test_without_a_token_the_answer_says_what_is_needed() -> None:
    answer = client.get("/mine")
    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"].startswith("Bearer")


def test_a_token_without_the_scope_is_not_enough(issuer: TestIssuer) -> None:
    assert get_mine(issuer.token(scope="notes:write")) == 403


def test_a_token_that_somebody_else_signed_is_refused(issuer: TestIssuer) -> None:
    assert get_mine(TestIssuer(audience="notes").token(scope="notes:read")) == 401
