"""FastAPI's `OAuth2PasswordBearer`, which here also checks the token and answers as RFC 6750 says."""

from collections.abc import Mapping
from typing import Any

from fastapi.security import OAuth2PasswordBearer, SecurityScopes
from starlette.requests import HTTPConnection

from chassis.access_tokens import AccessTokenVerifier, InvalidToken, KeysUnavailable, Principal
from chassis.problems import Problem, ServiceUnavailable, responses


class MissingToken(Problem):
    """The request carries no bearer token."""

    status, code = 401, "missing_token"

    def __init__(self) -> None:
        # RFC 6750 section 3.1: no error code when the request carries no credentials at all.
        super().__init__(
            "This needs an access token: Authorization: Bearer <token>.",
            headers={"WWW-Authenticate": "Bearer"},
        )


class UnusableToken(Problem):
    """The token is not accepted here and now."""

    status, code = 401, "invalid_token"

    def __init__(self, reason: str) -> None:
        super().__init__(
            f"The access token is not accepted: {reason}.",
            headers={
                "WWW-Authenticate": f'Bearer error="invalid_token", error_description="{reason}"'
            },
        )


class InsufficientScope(Problem):
    """The token is good, but not for this."""

    status, code = 403, "insufficient_scope"

    def __init__(self, needed: str) -> None:
        super().__init__(
            f"The access token lacks a scope that this needs: {needed}.",
            headers={"WWW-Authenticate": f'Bearer error="insufficient_scope", scope="{needed}"'},
        )


class Bearer(OAuth2PasswordBearer):
    """The security scheme of a service, used as `Security(bearer, scopes=["items:read"])`.

    The verifier is the application's (`app.state.token_verifier`), so a scheme can be declared beside the routes and
    holds no state.

    Args:
        token_url: the token endpoint relative to the service's docs page (`token`, `../auth/token`), so that it is
            right under every public prefix.
        scopes: what each scope of this service allows, shown in the *Authorize* dialog.
    """

    def __init__(self, token_url: str, scopes: Mapping[str, str]) -> None:
        # One name in every service: Swagger UI keeps a token by the name of its scheme, so one sign-in serves them all.
        super().__init__(
            token_url, scheme_name="OAuth2PasswordBearer", scopes=dict(scopes), auto_error=False
        )

    async def __call__(  # type: ignore[override]  # FastAPI fills the second parameter by its type
        self, request: HTTPConnection, needed: SecurityScopes
    ) -> Principal:
        """Who the request comes from.

        Raises:
            MissingToken: 401, there is no bearer token.
            UnusableToken: 401, the token is not valid here and now.
            InsufficientScope: 403, it is valid but lacks one of the scopes `needed`.
            ServiceUnavailable: 503, the issuer's keys are not known.
        """
        token = await super().__call__(request)
        if not token:
            raise MissingToken
        verifier: AccessTokenVerifier = request.app.state.token_verifier
        try:
            principal = await verifier.verify(token)
        except InvalidToken as error:
            raise UnusableToken(str(error)) from None
        except KeysUnavailable:
            # A 401 would make clients throw a good token away.
            raise ServiceUnavailable(
                "Access tokens cannot be checked now; try again.", retry_after=10
            ) from None
        if not principal.scopes.issuperset(needed.scopes):
            raise InsufficientScope(needed.scope_str)
        return principal


def protected(*others: type[Problem]) -> dict[int | str, dict[str, Any]]:
    """OpenAPI `responses` of a protected route: 401, 403 and those of `others`."""
    return responses(MissingToken, InsufficientScope, *others)
