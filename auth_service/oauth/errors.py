"""The errors of the OAuth endpoints, in the shape of RFC 6749 section 5.2."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import ClassVar

import structlog
from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse

from gatehouse_chassis.database import DatabaseUnavailable
from gatehouse_chassis.http.problems import ServiceUnavailable, TooManyRequests

log = structlog.get_logger(__name__)

NO_STORE = {"Cache-Control": "no-store"}
"""RFC 6749 section 5.1: on every answer that holds a token, and harmless on those that refuse one."""


class OAuthError(Exception):
    """A refusal. `description` is in printable ASCII without quotes or backslashes, as the RFC wants it."""

    error: ClassVar[str]
    status: ClassVar[int] = 400

    def __init__(self, description: str, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(description)
        self.description = description
        self.headers = {**NO_STORE, **(headers or {})}


class InvalidRequest(OAuthError):
    """A parameter is missing, comes twice, or the body is no form."""

    error = "invalid_request"


class InvalidClient(OAuthError):
    """The client is unknown, or its credentials are wrong."""

    error = "invalid_client"
    status = 401

    def __init__(self, description: str) -> None:
        super().__init__(description, {"WWW-Authenticate": 'Basic realm="token"'})


class InvalidGrant(OAuthError):
    """The password or the refresh token is not accepted."""

    error = "invalid_grant"


class UnauthorizedClient(OAuthError):
    """The client may not use this grant, or the token is another client's."""

    error = "unauthorized_client"


class UnsupportedGrantType(OAuthError):
    """There is no such grant here."""

    error = "unsupported_grant_type"


class InvalidScope(OAuthError):
    """More is asked for than may be granted."""

    error = "invalid_scope"


class InvalidTarget(OAuthError):
    """The named resource is none of the services (RFC 8707 section 2)."""

    error = "invalid_target"


class UnsupportedResponseType(OAuthError):
    """An authorization request may ask for a code only."""

    error = "unsupported_response_type"


class AccessDenied(OAuthError):
    """The person said no."""

    error = "access_denied"


class TemporarilyUnavailable(OAuthError):
    """Too much work at once (the code is that of RFC 6749 section 4.1.2.1; section 5.2 has none for it)."""

    error = "temporarily_unavailable"
    status = 503


class TooManyAttempts(TemporarilyUnavailable):
    """Too many sign-ins failed; the next try has to wait (RFC 6585 section 4)."""

    status = 429


@contextmanager
def outages_as_oauth_errors() -> Iterator[None]:
    """What is not there for the moment becomes `TemporarilyUnavailable`."""
    try:
        yield
    except TooManyRequests as error:
        raise TooManyAttempts(error.detail, error.headers) from None
    except ServiceUnavailable as error:
        raise TemporarilyUnavailable(error.detail, error.headers) from None
    except DatabaseUnavailable as error:
        log.error("database_unavailable", exc_info=error)
        raise TemporarilyUnavailable(
            "the database does not answer now", {"Retry-After": "2"}
        ) from None


async def _answer(_request: Request, error: OAuthError) -> JSONResponse:
    body = {"error": error.error, "error_description": error.description}
    return JSONResponse(body, error.status, error.headers)


def add_oauth_errors(app: FastAPI) -> None:
    """Makes `app` answer an `OAuthError` in the RFC's shape."""
    app.add_exception_handler(OAuthError, _answer)  # type: ignore[arg-type]  # the narrower handler is meant
