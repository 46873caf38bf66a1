"""`/auth/authorize`: a person signs in and lets an application act for them (RFC 6749 section 4.1)."""

from fastapi import APIRouter, Depends, Request
from fastapi.responses import HTMLResponse, RedirectResponse
from starlette.responses import Response

from auth_service.dependencies import get_audit_context
from auth_service.oauth.authorization import (
    AnswerTo,
    Authorization,
    AuthorizationRequest,
    Unanswerable,
)
from auth_service.oauth.errors import (
    NO_STORE,
    AccessDenied,
    InvalidGrant,
    InvalidRequest,
    OAuthError,
    TemporarilyUnavailable,
    outages_as_oauth_errors,
)
from auth_service.oauth.forms import read_form, read_parameters
from auth_service.oauth.grants import TokenIssuer
from auth_service.pages.sign_in import SignInPage
from auth_service.passwords.authentication import PasswordAuthentication
from gatehouse_chassis.proxy.redirects import keep_location


class _Ended(Exception):
    """The request has its answer already."""

    def __init__(self, answer: Response) -> None:
        self.answer = answer


def authorize_routes(
    authorization: Authorization,
    page: SignInPage,
    authentication: PasswordAuthentication,
    issuer: TokenIssuer,
) -> APIRouter:
    """The routes: `authorization` judges the request, `authentication` the person, and `issuer` gives the code."""
    # Browsers come here, not clients of the API, so the OpenAPI document leaves it out.
    router = APIRouter(include_in_schema=False, dependencies=[Depends(get_audit_context)])

    @router.get("/authorize", response_class=HTMLResponse)
    async def ask(request: Request) -> Response:
        """Shows the page on which the person signs in."""
        try:
            to, asked = await _read(request, authorization, page)
        except _Ended as end:
            return end.answer
        return page.show(request, to, asked.scope)

    @router.post("/authorize", response_class=HTMLResponse)
    async def sign_in(request: Request) -> Response:
        """Takes the page's form; its query is the request that the page was shown for."""
        try:
            to, asked = await _read(request, authorization, page)
            form = await _read_own_form(request, page, to, asked)
        except _Ended as end:
            return end.answer
        if form.get("answer") == "deny":
            return _redirect(request, to.refusal(AccessDenied("the person said no")))
        username, password = form.get("username", ""), form.get("password", "")
        try:
            with outages_as_oauth_errors():
                user = await authentication.user(username, password)
                code = await issuer.give_code(
                    user, asked.binding(to), asked.scope, asked.resource, to.client
                )
        except (InvalidGrant, TemporarilyUnavailable) as error:
            return _ask_again(request, page, to, asked, username, error)
        except OAuthError as error:
            return _redirect(request, to.refusal(error))
        return _redirect(request, to.address(code=code))

    return router


async def _read(
    request: Request, authorization: Authorization, page: SignInPage
) -> tuple[AnswerTo, AuthorizationRequest]:
    """Where answers go and what is asked for.

    Raises:
        _Ended: the request is refused.
    """
    try:
        with outages_as_oauth_errors():
            parameters = read_parameters(request.scope["query_string"])
            to = await authorization.answer_to(parameters, request.url.netloc)
    except Unanswerable as refusal:
        raise _Ended(page.show_failure(str(refusal))) from None
    except OAuthError as error:
        sentence = f"The request could not be read: {error.description}."
        raise _Ended(page.show_failure(sentence, error.status)) from None
    try:
        return to, authorization.read(parameters, to)
    except OAuthError as error:
        raise _Ended(_redirect(request, to.refusal(error))) from None


async def _read_own_form(
    request: Request, page: SignInPage, to: AnswerTo, asked: AuthorizationRequest
) -> dict[str, str]:
    """What the person has filled in.

    Raises:
        _Ended: it is no form, or not one that was made for this browser.
    """
    try:
        form = await read_form(request)
    except InvalidRequest as error:
        sentence = f"The form could not be read: {error.description}."
        raise _Ended(page.show_failure(sentence)) from None
    if not page.is_own_form(request, form.get("form_token", "")):
        problem = "This form was not made for this browser, or is too old. Please sign in again."
        raise _Ended(page.show(request, to, asked.scope, problem=problem, status=403))
    return form


def _ask_again(
    request: Request,
    page: SignInPage,
    to: AnswerTo,
    asked: AuthorizationRequest,
    username: str,
    error: InvalidGrant | TemporarilyUnavailable,
) -> Response:
    """The page, saying why the person is not signed in yet."""
    problem, headers = "The user name or the password is wrong.", {}
    if isinstance(error, TemporarilyUnavailable):
        headers["Retry-After"] = error.headers.get("Retry-After", "1")
        problem = f"{error.description} You can try again in {headers['Retry-After']} s."
    answer = page.show(
        request, to, asked.scope, problem=problem, username=username, status=error.status
    )
    answer.headers.update(headers)
    return answer


def _redirect(request: Request, address: str) -> Response:
    """303: the browser asks with GET, so that no password is posted on (RFC 9700 section 4.12)."""
    keep_location(request.scope)
    return RedirectResponse(address, 303, {**NO_STORE, "Referrer-Policy": "no-referrer"})
