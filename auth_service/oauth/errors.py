"""The errors of the OAuth endpoints, and the one table that turns what the domains raise into them.

The shape is that of RFC 6749 section 5.2. A domain raises a plain exception with a sentence and knows no status.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import structlog
from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse

from auth_service.clients.authentication import (
    ClientNotAuthenticated,
    ContradictoryCredentials,
    GrantNotAllowed,
)
from auth_service.clients.metadata import InvalidClientMetadata, InvalidRedirectUri
from auth_service.errors import TryLater
from auth_service.oauth.requests import (
    AccessDenied,
    ConsentRequired,
    CrossSitePost,
    InvalidGrant,
    InvalidRequest,
    LoginRequired,
    RegistrationNotSupported,
    RegistrationOff,
    RequestNotSupported,
    RequestUriNotSupported,
    TokenOfAnotherClient,
    UnsupportedGrantType,
    UnsupportedResponseType,
)
from auth_service.oauth.resources import UnknownResource
from auth_service.oauth.scopes import ScopeNotGranted
from auth_service.passwords.authentication import WrongCredentials
from auth_service.passwords.throttling import TooManyFailedSignIns
from gatehouse_chassis.database import DatabaseUnavailable, InvalidValue, WritesRefused

log = structlog.get_logger(__name__)

NO_STORE = {"Cache-Control": "no-store", "Pragma": "no-cache"}
"""RFC 6749 section 5.1: on every answer that holds a token, and harmless on those that refuse one."""


# `temporarily_unavailable` is of RFC 6749 section 4.1.2.1; section 5.2 has no code for it.
ANSWERS: Mapping[type[Exception], tuple[int, str]] = {
    InvalidRequest: (400, "invalid_request"),
    CrossSitePost: (403, "invalid_request"),
    ContradictoryCredentials: (400, "invalid_request"),
    ClientNotAuthenticated: (401, "invalid_client"),
    InvalidGrant: (400, "invalid_grant"),
    WrongCredentials: (400, "invalid_grant"),
    GrantNotAllowed: (400, "unauthorized_client"),
    TokenOfAnotherClient: (400, "unauthorized_client"),
    UnsupportedGrantType: (400, "unsupported_grant_type"),
    UnsupportedResponseType: (400, "unsupported_response_type"),
    RequestNotSupported: (400, "request_not_supported"),
    RequestUriNotSupported: (400, "request_uri_not_supported"),
    RegistrationNotSupported: (400, "registration_not_supported"),
    RegistrationOff: (403, "access_denied"),
    InvalidRedirectUri: (400, "invalid_redirect_uri"),  # RFC 7591 section 3.2.2
    InvalidClientMetadata: (400, "invalid_client_metadata"),
    AccessDenied: (400, "access_denied"),
    LoginRequired: (400, "login_required"),
    ConsentRequired: (400, "consent_required"),
    ScopeNotGranted: (400, "invalid_scope"),
    UnknownResource: (400, "invalid_target"),  # RFC 8707 section 2
    TooManyFailedSignIns: (429, "temporarily_unavailable"),  # RFC 6585 section 4
    TryLater: (503, "temporarily_unavailable"),
    DatabaseUnavailable: (503, "temporarily_unavailable"),
    InvalidValue: (400, "invalid_request"),
}
"""Status and error code of each exception."""

OF_THE_API_TOO = frozenset((TooManyFailedSignIns, TryLater, DatabaseUnavailable, InvalidValue))
"""What the API raises too, and answers with a problem document."""


class OAuthError(Exception):
    """An answer of RFC 6749 section 5.2.

    Attributes:
        error: its code.
        description: a sentence for the developer of the client.
    """

    def __init__(
        self, status: int, error: str, description: str, headers: Mapping[str, str] | None = None
    ) -> None:
        super().__init__(description)
        self.status = status
        self.error = error
        self.description = description
        self.headers = {**NO_STORE, **(headers or {})}

    @classmethod
    def of(cls, error: Exception) -> "OAuthError":
        """What one of the exceptions in `ANSWERS` is answered with."""
        status, code = next(ANSWERS[kind] for kind in type(error).__mro__ if kind in ANSWERS)
        description, headers = str(error), dict[str, str]()
        if isinstance(error, ClientNotAuthenticated):
            headers["WWW-Authenticate"] = 'Basic realm="token"'
        elif isinstance(error, DatabaseUnavailable):
            log.error("database_unavailable", exc_info=error)
            refused = isinstance(error, WritesRefused)
            description = f"the database {'takes no writes' if refused else 'does not answer'} now"
            headers["Retry-After"] = "2"
        elif isinstance(error, InvalidValue):
            description = "a value cannot be stored"
        elif isinstance(error, TryLater):
            headers["Retry-After"] = str(error.retry_after)
        return cls(status, code, description, headers)


@contextmanager
def as_oauth_errors() -> Iterator[None]:
    """Whatever `ANSWERS` knows is raised as `OAuthError`.

    Needed around what may raise one of `OF_THE_API_TOO`; everything else is answered right without it.
    """
    try:
        yield
    except tuple(ANSWERS) as error:
        raise OAuthError.of(error) from None


async def _answer(_request: Request, error: Exception) -> JSONResponse:
    refused = error if isinstance(error, OAuthError) else OAuthError.of(error)
    body = {"error": refused.error, "error_description": refused.description}
    return JSONResponse(body, refused.status, refused.headers)


def add_oauth_errors(app: FastAPI) -> None:
    """Makes `app` answer an `OAuthError`, and what only OAuth endpoints raise, in the RFC's shape."""
    app.add_exception_handler(OAuthError, _answer)
    for kind in ANSWERS:
        if kind not in OF_THE_API_TOO:
            app.add_exception_handler(kind, _answer)
