"""What the OAuth endpoints say when the database is at fault, or a value is."""

import pytest

from auth_service.oauth.errors import OAuthError
from gatehouse_chassis.database import DatabaseUnavailable, InvalidValue, WritesRefused


@pytest.mark.parametrize(
    ("error", "answer"),
    [
        (
            DatabaseUnavailable("db.internal refuses connections"),
            (503, "temporarily_unavailable", "the database does not answer now", "2"),
        ),
        (
            WritesRefused("db.internal is a replica"),
            (503, "temporarily_unavailable", "the database takes no writes now", "2"),
        ),
        (InvalidValue("DataError"), (400, "invalid_request", "a value cannot be stored", None)),
    ],
)
def test_a_fault_is_told_without_its_cause(
    error: Exception, answer: tuple[int, str, str, str | None]
) -> None:
    told = OAuthError.of(error)
    retry_after = told.headers.get("Retry-After")
    assert (told.status, told.error, told.description, retry_after) == answer
