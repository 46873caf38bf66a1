"""How the errors of a database are answered: an outage with 503, a second search at the same time with 429."""

import structlog
from fastapi import FastAPI
from starlette.requests import Request
from starlette.responses import Response

from gatehouse_chassis.database.interface import (
    DatabaseUnavailable,
    InvalidValue,
    SearchUnderWay,
    WritesRefused,
)
from gatehouse_chassis.http.problems import (
    InvalidInput,
    ServiceUnavailable,
    TooManyRequests,
    problem_response,
)

log = structlog.get_logger(__name__)


def add_database_problems(app: FastAPI) -> None:
    """Answers what a statement raises, and logs the cause of an outage."""
    app.add_exception_handler(DatabaseUnavailable, _on_outage)
    app.add_exception_handler(InvalidValue, _on_invalid_value)
    app.add_exception_handler(SearchUnderWay, _on_search_under_way)


def sentence_of(outage: Exception) -> str:
    """What a client is told of an outage of the database; the log has the cause."""
    if isinstance(outage, WritesRefused):
        return "The database takes no writes now; try again."
    return "The database does not answer now; try again."


async def _on_outage(request: Request, error: Exception) -> Response:
    log.error("database_unavailable", exc_info=error)
    return problem_response(request, ServiceUnavailable(sentence_of(error), retry_after=2))


async def _on_invalid_value(request: Request, error: Exception) -> Response:
    # A rule of the service should have refused it and named the field.
    log.warning("invalid_value", cause=str(error))
    return problem_response(request, InvalidInput("The input holds a value that cannot be stored."))


async def _on_search_under_way(request: Request, error: Exception) -> Response:
    return problem_response(request, TooManyRequests(str(error), retry_after=1))
