from collections.abc import Iterator

import pytest
from fastapi.testclient import TestClient
from with_my_issuer import app, server

from gatehouse_chassis.testing import TestIssuer

NOTES = "https://example.com/notes"
client = TestClient(app)


@pytest.fixture
def issuer() -> Iterator[TestIssuer]:
    issuer = TestIssuer(audience=NOTES, algorithm="RS256")
    with issuer.trusted_by(server):
        yield issuer


def get_mine(token: str) -> int:
    return client.get("/mine", headers={"Authorization": f"Bearer {token}"}).status_code


def test_a_token_of_the_issuer_is_accepted(issuer: TestIssuer) -> None:
    assert get_mine(issuer.token(scope="notes:read")) == 200


@pytest.mark.parametrize(
    "claims",
    [{"iss": "https://other.example"}, {"aud": "https://example.com/shop"}, {"exp": 1}],
    ids=["another issuer", "another service", "expired"],
)
def test_what_is_not_meant_for_it_is_refused(issuer: TestIssuer, claims: dict[str, object]) -> None:
    assert get_mine(issuer.token(scope="notes:read", **claims)) == 401


def test_it_says_whose_tokens_it_takes() -> None:
    document = client.get("/.well-known/oauth-protected-resource/notes").json()
    assert document["resource"] == NOTES
    assert document["authorization_servers"] == [server.issuer]
    assert document["scopes_supported"] == ["notes:read"]
