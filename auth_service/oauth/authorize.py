"""`/auth/authorize`: a person signs in and lets an application act for them (RFC 6749 section 4.1).

Browsers come here, not clients of the API, so the OpenAPI document leaves it out. An error goes to the
application through the redirect where its redirect URI can be trusted, and to the person on a page where it cannot.
"""

from typing import Annotated

from fastapi import APIRouter, Depends, Request
from fastapi.responses import HTMLResponse, RedirectResponse
from starlette.responses import Response

from auth_service.audit.events import Event, audited
from auth_service.dependencies import (
    Authentication,
    AuthorizationRequests,
    CodeGrant,
    Context,
    SignInForm,
)
from auth_service.oauth.authorization import (
    AuthorizationRequest,
    UntrustedRequest,
)
from auth_service.oauth.errors import NO_STORE, OAuthError, as_oauth_errors
from auth_service.oauth.forms import read_form, read_query
from auth_service.oauth.requests import AccessDenied
from auth_service.pages.sign_in import SignInPage
from gatehouse_chassis.proxy.redirects import keep_location

router = APIRouter(include_in_schema=False)

_SIGN_IN_AGAIN = ("invalid_grant", "temporarily_unavailable")
"""What the person can mend on the page; everything else is told to the application."""


async def read_request(
    request: Request, authorization: AuthorizationRequests, page: SignInForm
) -> AuthorizationRequest | Response:
    """What is asked for, or the answer to a request that cannot be granted."""
    try:
        with as_oauth_errors():
            parameters = await read_query(request)
            target = await authorization.redirect_target(parameters, request.url.netloc)
    except UntrustedRequest as refusal:
        return page.show_failure(str(refusal))
    except OAuthError as error:
        sentence = f"The request could not be read: {error.description}."
        return page.show_failure(sentence, error.status)
    try:
        with as_oauth_errors():
            return authorization.read(parameters, target)
    except OAuthError as error:
        return _redirect(request, target.refusal(error.error, error.description))


Asked = Annotated[AuthorizationRequest | Response, Depends(read_request)]


@router.get("/authorize", response_class=HTMLResponse)
async def show_sign_in(request: Request, asked: Asked, page: SignInForm) -> Response:
    """Shows the page on which the person signs in."""
    if isinstance(asked, Response):
        return asked
    return page.show(request, asked.target, asked.wanted.scope)


@router.post(
    "/authorize",
    response_class=HTMLResponse,
    openapi_extra=audited(Event.SIGNED_IN, Event.SIGN_IN_FAILED, Event.SIGN_IN_THROTTLED),
)
async def sign_in(
    request: Request,
    asked: Asked,
    page: SignInForm,
    authentication: Authentication,
    grant: CodeGrant,
    context: Context,
) -> Response:
    """Takes the page's form; its query is the request that the page was shown for."""
    if isinstance(asked, Response):
        return asked
    try:
        with as_oauth_errors():
            form = await read_form(request)
    except OAuthError as error:
        return page.show_failure(f"The form could not be read: {error.description}.")
    target = asked.target
    if not page.is_own_form(request, form.get("form_token", "")):
        problem = "This form was not made for this browser, or is too old. Please sign in again."
        return page.show(request, target, asked.wanted.scope, problem=problem, status=403)
    username, password = form.get("username", ""), form.get("password", "")
    try:
        with as_oauth_errors():
            if form.get("answer") == "deny":
                raise AccessDenied("The resource owner denied the request.")
            user = await authentication.user(username, password, context)
            code = await grant.issue_code(
                user, target.client, asked.binding, asked.wanted, context, nonce=asked.nonce
            )
    except OAuthError as error:
        if error.error in _SIGN_IN_AGAIN:
            return _show_again(request, page, asked, username, error)
        return _redirect(request, target.refusal(error.error, error.description))
    return _redirect(request, target.address(code=code))


def _show_again(
    request: Request,
    page: SignInPage,
    asked: AuthorizationRequest,
    username: str,
    error: OAuthError,
) -> Response:
    """The page, which says why the person is not signed in yet."""
    problem, headers = "The user name or the password is wrong.", {}
    if error.error == "temporarily_unavailable":
        headers["Retry-After"] = error.headers.get("Retry-After", "1")
        problem = f"{error.description} You can try again in {headers['Retry-After']} s."
    answer = page.show(
        request,
        asked.target,
        asked.wanted.scope,
        problem=problem,
        username=username,
        status=error.status,
    )
    answer.headers.update(headers)
    return answer


def _redirect(request: Request, address: str) -> Response:
    """303: the browser asks with GET, so that no password is posted on (RFC 9700 section 4.12)."""
    keep_location(request.scope)
    return RedirectResponse(address, 303, {**NO_STORE, "Referrer-Policy": "no-referrer"})
