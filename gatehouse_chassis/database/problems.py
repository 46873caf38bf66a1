"""How the errors of a database are answered: an outage with 503, a second search at the same time with 429."""

import structlog
from fastapi import FastAPI
from starlette.requests import Request
from starlette.responses import Response

from gatehouse_chassis.database.interface import DatabaseUnavailable, SearchUnderWay
from gatehouse_chassis.http.problems import ServiceUnavailable, TooManyRequests, problem_response

log = structlog.get_logger(__name__)


def add_database_problems(app: FastAPI) -> None:
    """Answers what a statement raises, and logs the cause of an outage."""
    app.add_exception_handler(DatabaseUnavailable, _on_outage)
    app.add_exception_handler(SearchUnderWay, _on_search_under_way)


async def _on_outage(request: Request, error: Exception) -> Response:
    log.error("database_unavailable", exc_info=error)
    return problem_response(
        request, ServiceUnavailable("The database does not answer now; try again.", retry_after=2)
    )


async def _on_search_under_way(request: Request, error: Exception) -> Response:
    return problem_response(request, TooManyRequests(str(error), retry_after=1))
