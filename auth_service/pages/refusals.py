"""Whatever an API refuses, as a sentence for the person before a page."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from pydantic import ValidationError

from auth_service.oauth.errors import OAuthError, as_oauth_errors
from gatehouse_chassis.http.problems import InvalidInput, Problem

_WRONG = {
    "username": "A user name has 3 to 64 letters, digits or . _ @ + - and begins and ends with a letter or a digit.",
    "email": "This is no e-mail address.",
    "password": "A password has 12 to 256 characters.",
    "new_password": "A password has 12 to 256 characters.",
    "token": "The link is not complete.",
}


class Refused(Exception):
    """It did not work.

    Attributes:
        sentence: why, for a person to read.
        headers: what programs are told about it (`Retry-After`).
    """

    def __init__(
        self, sentence: str, status: int, headers: Mapping[str, str] | None = None
    ) -> None:
        super().__init__(sentence)
        self.sentence = sentence
        self.status = status
        self.headers = headers or {}


@contextmanager
def refusals_for_people() -> Iterator[None]:
    """Problems, errors of a form and outages become `Refused`."""
    try:
        with as_oauth_errors():
            yield
    except ValidationError as error:
        members = dict.fromkeys(str(wrong["loc"][0]) for wrong in error.errors())
        raise Refused(" ".join(_WRONG[member] for member in members), 422) from None
    except InvalidInput as error:
        reasons = "; ".join(wrong["detail"] for wrong in error.errors)
        raise Refused(_sentence(reasons), error.status) from None
    except Problem as error:
        raise Refused(str(error.detail), error.status, error.headers) from None
    except OAuthError as error:
        raise Refused(_sentence(error.description), error.status, error.headers) from None


def _sentence(text: str) -> str:
    return f"{text[:1].upper()}{text[1:].rstrip('.')}."
