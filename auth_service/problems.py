"""The problem document that the API answers each domain error with (RFC 9457)."""

from collections.abc import Callable, Mapping
from typing import Any

from fastapi import FastAPI, Request
from fastapi.responses import Response

from auth_service.errors import InvalidField, TooManyTries, TryLater
from auth_service.passwords.throttling import TooManyFailedSignIns
from auth_service.users.administration import NoSuchUser, OwnAccount
from auth_service.users.sign_up.sign_up import SignUpOff, SpentToken
from auth_service.users.store import LastAdministrator, UsernameTaken
from gatehouse_chassis.http.problems import (
    BadRequest,
    Conflict,
    InvalidInput,
    NotFound,
    Problem,
    ServiceUnavailable,
    TooManyRequests,
    problem_response,
)


class _SpentToken(BadRequest):
    code = "spent_token"


class SignUpRefused(Problem):
    """People may not sign up here (`AUTH_SIGN_UP=off`)."""

    status, code = 403, "sign_up_off"


PROBLEMS: Mapping[type[Exception], Callable[[Any], Problem]] = {
    SignUpOff: lambda error: SignUpRefused(str(error)),
    SpentToken: lambda error: _SpentToken(str(error)),
    NoSuchUser: lambda error: NotFound(str(error)),
    LastAdministrator: lambda error: Conflict(str(error)),
    OwnAccount: lambda error: Conflict(str(error)),
    UsernameTaken: lambda error: Conflict(str(error)),
    InvalidField: lambda error: InvalidInput.of_member(f"#/{error.field}", error.reason),
    TooManyFailedSignIns: lambda error: TooManyRequests(str(error), retry_after=error.retry_after),
    TooManyTries: lambda error: TooManyRequests(str(error), retry_after=error.retry_after),
    TryLater: lambda error: ServiceUnavailable(str(error), retry_after=error.retry_after),
}
"""A subclass is answered as its nearest base class in this table."""


def problem_of(error: Exception) -> Problem:
    """The problem for an exception that `PROBLEMS` knows."""
    kind = next(kind for kind in type(error).__mro__ if kind in PROBLEMS)
    return PROBLEMS[kind](error)


async def _answer(request: Request, error: Exception) -> Response:
    return problem_response(request, problem_of(error))


def add_domain_errors(app: FastAPI) -> None:
    """Makes `app` answer domain errors as `PROBLEMS` says."""
    for kind in PROBLEMS:
        app.add_exception_handler(kind, _answer)
