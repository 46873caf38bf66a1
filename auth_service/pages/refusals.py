"""What a page says when something is refused: a sentence for the person."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import structlog
from pydantic import ValidationError

from auth_service.errors import InvalidField
from auth_service.oauth.requests import InvalidRequest
from auth_service.problems import PROBLEMS, problem_of
from gatehouse_chassis.database import DatabaseUnavailable, InvalidValue
from gatehouse_chassis.database.problems import sentence_of

log = structlog.get_logger(__name__)

_INVALID = {
    "username": "A user name has 3 to 64 letters, digits or . _ @ + - and begins and ends with a letter or a digit.",
    "email": "This is no e-mail address.",
    "display_name": "The name to be shown has at most 100 characters.",
    "password": "A password has 12 to 256 characters.",
    "new_password": "A password has 12 to 256 characters.",
    "token": "The link is not complete.",
}


class Refused(Exception):
    """It did not work.

    Attributes:
        sentence: why, for a person to read.
        headers: what programs need to know (`Retry-After`).
        field: the first one of the form that is wrong, where one is.
    """

    def __init__(
        self,
        sentence: str,
        status: int,
        headers: Mapping[str, str] | None = None,
        *,
        field: str = "",
    ) -> None:
        super().__init__(sentence)
        self.sentence = sentence
        self.status = status
        self.headers = headers or {}
        self.field = field.removeprefix("new_")


@contextmanager
def refusals_for_people() -> Iterator[None]:
    """Domain errors, errors of a form and outages become `Refused`."""
    try:
        yield
    except ValidationError as error:
        fields = dict.fromkeys(str(item["loc"][0]) for item in error.errors())
        sentences = " ".join(_INVALID[field] for field in fields)
        raise Refused(sentences, 422, field=next(iter(fields))) from None
    except InvalidRequest as error:
        raise Refused(_sentence(str(error)), 400) from None
    except InvalidField as error:
        raise Refused(_sentence(error.reason), 422, field=error.field) from None
    except tuple(PROBLEMS) as error:
        problem = problem_of(error)
        raise Refused(problem.detail, problem.status, problem.headers) from None
    except DatabaseUnavailable as error:
        log.error("database_unavailable", exc_info=error)
        raise Refused(sentence_of(error), 503, {"Retry-After": "2"}) from None
    except InvalidValue as error:
        log.warning("invalid_value", cause=str(error))
        raise Refused("Something that you entered cannot be stored.", 422) from None


def _sentence(clause: str) -> str:
    return f"{clause[:1].upper()}{clause[1:].rstrip('.')}."
